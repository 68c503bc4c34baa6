-- sqlfluff:exclude_rules:ST02
{#- That rule stops at a case of many events. -#}
{{
    config(
        materialized="incremental",
        incremental_predicates=["{{ lines_to_read_again() }}"],
        dist="event_id",
        sort="uncorrected_at",
    )
}}

{#- Which of a line's clocks may be right, as conditions on its columns. -#}
{% set credible = {
    "received_at": "received_at >= " ~ earliest_credible() ~ " and received_at <= "
        ~ dbt.dateadd("second", var("clock_ahead_tolerance_seconds"), "loaded_at"),
    "occurred_at": "occurred_at >= " ~ earliest_credible() ~ " and occurred_at <= "
        ~ dbt.dateadd("second", var("clock_ahead_tolerance_seconds"), "arrived_at"),
} %}

{#- Each reason that the registry wants found in events, as a condition on `checked`. -#}
{% set reason_applies = {
    "too_large": json_size("payload") ~ " > 65535",
    "missing_event_id": "event_id is null and not lacks_event_id",
    "unknown_event": "registered_name is null or event_version > registered_version",
    "bad_timestamp": "occurred_at is null",
    "missing_required": "missing_field is not null",
    "bad_type": "mistyped_field is not null",
    "bad_value": "misvalued_field is not null",
    "refused_at_source": "not is_valid_at_source",
} %}

with

event_lines as (

    select
        payload,
        source_file,
        loaded_at

    from {{ source("event_log", "event_lines") }}

    {% if is_incremental() -%}
    where
        loaded_at > '{{ run_window_start() }}'
        and loaded_at <= '{{ run_window_end() }}'
    {%- endif %}

    {% if is_incremental() and var("replay_quarantine") -%}
    union all

    select
        payload,
        source_file,
        loaded_at

    from {{ this }}

    where {{ lines_to_read_again() }}
    {%- endif %}

),

event_registry as (

    select * from {{ ref("event_registry") }}

),

documents as (

    select
        payload,
        {{ json_document("payload", envelope_keys()) }} as document,
        source_file,
        loaded_at

    from event_lines

),

opened as (

    select
        {% for object in envelope_objects() %}
            {{ json_envelope_object("documents", object) }} as {{ object.name }}_document,
        {% endfor %}
        documents.*

    from documents

),

texts as (

    select
        ----------  ids of the registry, whatever they say
        {% for id in registry_ids() %}
            {{ json_text('opened.document."' ~ id.name ~ '"', id.width) }} as {{ id.name }}_text,
        {% endfor %}
        ----------  envelope of the registry
        {% for key in registry_envelope() %}
            {{ json_envelope_value("opened", key) }} as {{ key.column }}{{ "_text" if key.type == "id" }},
        {% endfor %}
        ----------  the line itself
        {{ json_payload("opened.document") }} as data,
        opened.*

    from opened

),

typed as (

    select
        {% for id in registry_ids() %}
            case when {{ is_id(id.name ~ "_text", id.prefix) }} then {{ id.name }}_text end as {{ id.name }},
        {% endfor %}
        {% for key in registry_envelope() if key.type == "id" %}
            case when {{ has_blunt_ends(key.column ~ "_text") }} then {{ key.column }}_text end as {{ key.column }},
        {% endfor %}
        {% for key in registry_envelope() if key.column == "event_id" %}
            {{ envelope_path("texts", key) }} is null as lacks_event_id,
        {% endfor %}
        texts.*

    from texts

),

joined as (

    select
        typed.*,
        event_registry.stream,
        event_registry.brief,
        event_registry.severity,
        event_registry.funnel_step,
        event_registry.ends_delivery,
        event_registry.is_sign_of_life,
        event_registry.event_name as registered_name,
        event_registry.event_version as registered_version

    from typed

    left join event_registry
        on typed.event_name = event_registry.event_name

),

-- Each line's payload with the fields of its own stream alone; a heartbeat, as nearly all lines are,
-- with its own fields alone.
payloads as (

    select
        {% for group in payload_groups() %}
            {{ json_document("data", group.fields, when=group.condition) }} as {{ group.name }}_payload,
        {% endfor %}
        joined.*

    from joined

),

checked as (

    select
        *,

        -- The event happened before this. A receiver's clock is believed only up to the load: one date far in
        -- the future would become the end of the log, to which each robot's last state lasts.
        case when {{ credible.received_at }} then received_at else loaded_at end as arrived_at,
        {{ missing_required_field("payloads") }} as missing_field,
        {{ mistyped_field("payloads") }} as mistyped_field,
        {{ misvalued_field("payloads") }} as misvalued_field

    from payloads

),

judged as (

    select
        *,

        -- The loggers refuse two things more, which nothing reads: a null, and a field that the event does not have.
        case
            {% for reason in registry_quarantine_reasons() if reason.found_in == "event" %}
                when {{ reason_applies[reason.name] }} then '{{ reason.name }}'
            {% endfor %}
        end as quarantine_reason,

        case
            when event_id is null and not lacks_event_id then 'event_id'
            when registered_name is null then event_name
            when event_version > registered_version then 'evt.version'
            when occurred_at is null then 'occurred_at'
            else coalesce(missing_field, mistyped_field, misvalued_field)
        end as quarantine_detail,

        case
            when occurred_at is null or ({{ credible.occurred_at }}) then 'occurred_at'
            when {{ credible.received_at }} then 'received_at'
            else 'loaded_at'
        end as uncorrected_source

    from checked

),

identified as (

    select
        *,
        case when uncorrected_source = 'occurred_at' then occurred_at else arrived_at end as uncorrected_at,
        lacks_event_id and quarantine_reason is null as has_derived_event_id

    from judged

),

final as (

    select
        ----------  ids
        cast(case when has_derived_event_id then {{ derived_event_id() }} else event_id end as varchar(64)) as event_id,
        {% for id in registry_ids() %}
            {{ id.name }},
        {% endfor %}
        {% for key in registry_envelope() if key.type == "id" and key.column != "event_id" %}
            {{ key.column }},
        {% endfor %}

        ----------  text
        event_name,
        stream,
        brief,
        severity,
        funnel_step,
        ends_delivery,
        {% for key in registry_envelope() if key.type == "string" and key.column != "event_name" %}
            {{ key.column }},
        {% endfor %}
        uncorrected_source,
        quarantine_reason,
        quarantine_detail,
        source_file,

        ----------  fields that models of all streams read
        {% for field in shared_fields() %}
            {{ shared_payload_column("identified", field) }} as {{ field.column }},
        {% endfor %}

        ----------  numerics
        {% for key in registry_envelope() if key.type == "int" %}
            {{ key.column }},
        {% endfor %}
        cast({{ this_run() }} as bigint) as processed_run,
        -- Distinguishes copies of a line that are equal in everything else.
        random() as copy_token,

        ----------  booleans
        {% for key in registry_envelope() if key.type == "bool" %}
            {{ key.column }},
        {% endfor %}
        is_sign_of_life,
        has_derived_event_id,
        {{ is_of_other_environment("env") }} as is_other_environment,

        ----------  timestamps
        -- Never NULL, because "or is null" would keep both engines from skipping the blocks of other days.
        cast(coalesce(uncorrected_at, arrived_at) as date) as uncorrected_date,
        uncorrected_at,
        arrived_at,
        {% for key in registry_envelope() if key.type == "timestamp" %}
            {{ key.column }},
        {% endfor %}
        loaded_at,

        ----------  the payload; the whole line where it can be read nowhere else and is needed again
        data,
        case when quarantine_reason is not null then payload end as payload

    from identified

)

select * from final
