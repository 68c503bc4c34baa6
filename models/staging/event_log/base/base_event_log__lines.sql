{% set with_shared_fields = "event_name in ('" ~ events_with(shared_fields()) | join("', '") ~ "')" %}

with

typed_lines as (

    select * from {{ ref("base_event_log__typed_lines") }}

),

corrected_lines as (

    select * from {{ ref("base_event_log__corrected_lines") }}

),

duplicates as (

    select *

    from {{ ref("base_event_log__copies") }}

    where copy_number > 1

),

-- Each kind of line has its own date, by which the blocks of other days are skipped.
timed_lines as (

    select
        {% for column in typed_line_columns() %}
            typed_lines.{{ column }},
        {% endfor %}
        typed_lines.uncorrected_source as time_source,
        false as is_corrected,
        {{ believed_offset_seconds("typed_lines") }} as clock_offset_seconds,
        {{ believed_uncertainty_ms("typed_lines") }} as event_at_uncertainty_ms,
        typed_lines.processed_run as changed_run,
        typed_lines.uncorrected_date as event_date,
        typed_lines.uncorrected_at as event_at
    from typed_lines
    left join corrected_lines
        on
            typed_lines.event_id = corrected_lines.event_id
            and typed_lines.copy_token = corrected_lines.copy_token
    where corrected_lines.event_id is null

    union all

    select
        {% for column in typed_line_columns() %}
            {{ column }},
        {% endfor %}
        time_source,
        is_corrected,
        clock_offset_seconds,
        event_at_uncertainty_ms,
        greatest(processed_run, changed_run) as changed_run,
        event_date,
        event_at
    from corrected_lines

),

lines as (

    select
        timed_lines.*,
        case
            when timed_lines.quarantine_reason is not null then 'quarantined'
            when duplicates.event_id is not null then 'duplicate'
            else 'accepted'
        end as line_status

    from timed_lines

    left join duplicates
        on
            timed_lines.event_id = duplicates.event_id
            and timed_lines.copy_token = duplicates.copy_token

),

-- Fields that models of all streams read, from the payloads of the events that have them.
payloads as (

    select
        *,
        {{ json_document("data", shared_fields(), when=with_shared_fields) }} as shared_payload

    from lines

),

final as (

    select
        {% for field in shared_fields() %}
            {{ payload_column("payloads.shared_payload", field.column) }} as {{ field.column }},
        {% endfor %}
        payloads.*

    from payloads

)

select * from final
