{{
    config(
        materialized="incremental",
        incremental_predicates=["event_id in (" ~ "{{ ids_of_new_lines() }}" ~ ")"],
        dist="event_id",
        sort="event_id",
    )
}}

-- depends_on: {{ ref("base_event_log__emitters") }}

{% set known = ["event_id", "event_name", "emitter_id", "seq", "occurred_at", "received_at"] %}
{% set envelope = registry_envelope() | map(attribute="column") | reject("in", known) | list %}

with

lines as (

    select
        event_id,
        {% for id in registry_ids() %}
            {{ id.name }},
        {% endfor %}
        event_name,
        quarantine_reason,
        emitter_id,
        seq,
        occurred_at,
        received_at,
        source_file,
        loaded_at,
        has_derived_event_id,
        copy_token,
        {% for column in envelope %}
            {{ column }},
        {% endfor %}
        uncorrected_date

    from {{ ref("base_event_log__typed_lines") }}

    where
        event_id is not null
        -- An event_id of staging may be one of ours, where a test plays lines of production again.
        and not is_other_environment
    {% if is_incremental() %}
        and event_id in ({{ ids_of_new_lines() }})
    {% endif %}

),

-- An event whose line has no event_id has another name on a line that has one: emitter and seq are the same.
named as (

    select
        emitter_id,
        seq,
        min(case when not has_derived_event_id then event_id end) as named_event_id

    from lines

    where
        quarantine_reason is null
        and emitter_id is not null
        and seq is not null

    group by emitter_id, seq

    having max(case when has_derived_event_id then 1 else 0 end) = 1

),

identified as (

    select
        lines.*,
        case when lines.has_derived_event_id then coalesce(named.named_event_id, lines.event_id) else lines.event_id end
            as identity_id

    from lines

    left join named
        on
            lines.emitter_id = named.emitter_id
            and lines.seq = named.seq

),

repeated as (

    select identity_id

    from identified

    group by identity_id

    having count(*) > 1

),

copies as (

    select
        ----------  ids
        identified.event_id,
        identified.identity_id,

        ----------  numerics
        identified.copy_token,
        -- The copy that was loaded first is the event, whatever arrives later: a night never takes back
        -- what an earlier night has published.
        case
            when identified.quarantine_reason is null
                then row_number() over (
                    partition by identified.identity_id, identified.quarantine_reason
                    order by
                        identified.loaded_at,
                        identified.received_at,
                        identified.source_file,
                        identified.occurred_at,
                        identified.emitter_id,
                        identified.seq,
                        identified.event_id,
                        identified.event_name,
                        {% for id in registry_ids() %}
                            identified.{{ id.name }},
                        {% endfor %}
                        -- Of a payload its message tells; only copies that say the same are left to chance.
                        {% for column in envelope %}
                            identified.{{ column }},
                        {% endfor %}
                        identified.copy_token
                )
        end as copy_number,
        cast({{ this_run() }} as bigint) as processed_run,

        ----------  timestamps
        identified.uncorrected_date

    from identified

    inner join repeated
        on identified.identity_id = repeated.identity_id

)

select * from copies
