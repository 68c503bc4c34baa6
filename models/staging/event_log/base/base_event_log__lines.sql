with

typed_lines as (

    select * from {{ ref("base_event_log__typed_lines") }}

),

corrected_lines as (

    select * from {{ ref("base_event_log__corrected_lines") }}

),

-- Apart from the rows themselves: what is named twice may be read whole before anything is left out.
corrected_ids as (

    select
        event_id,
        copy_token

    from {{ ref("base_event_log__corrected_lines") }}

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
    left join corrected_ids
        on
            typed_lines.event_id = corrected_ids.event_id
            and typed_lines.copy_token = corrected_ids.copy_token
    where corrected_ids.event_id is null

    union all

    select
        {% for column in typed_line_columns() %}
            {{ column }},
        {% endfor %}
        time_source,
        is_corrected,
        clock_offset_seconds,
        event_at_uncertainty_ms,
        changed_run,
        event_date,
        event_at
    from corrected_lines

),

lines as (

    select
        timed_lines.*,
        -- The environment first: what a test sends wrong is nothing to look into in production.
        case
            when timed_lines.is_other_environment then 'other_environment'
            when timed_lines.quarantine_reason is not null then 'quarantined'
            when duplicates.event_id is not null then 'duplicate'
            else 'accepted'
        end as line_status

    from timed_lines

    left join duplicates
        on
            timed_lines.event_id = duplicates.event_id
            and timed_lines.copy_token = duplicates.copy_token

)

select * from lines
