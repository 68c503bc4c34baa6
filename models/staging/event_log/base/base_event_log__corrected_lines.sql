{{
    config(
        materialized="incremental",
        incremental_predicates=["event_id in ({{ ids_of_corrected_times() }})"],
        dist="event_id",
        sort="event_at",
    )
}}

with

typed_lines as (

    select *

    from {{ ref("base_event_log__typed_lines") }}

    where
        {{ of_checked_emitters() }}
        and {{ on_days_of_checked_emitters("uncorrected_date") }}

),

corrected_times as (

    select *

    from {{ ref("base_event_log__corrected_times") }}

    {% if is_incremental() %}
        where processed_run > {{ last_completed_run() }}
    {% endif %}

),

corrected_lines as (

    select
        {% for column in typed_line_columns() %}
            typed_lines.{{ column }},
        {% endfor %}
        case when corrected_times.is_corrected then corrected_times.time_source else typed_lines.uncorrected_source end
            as time_source,
        corrected_times.is_corrected,
        case
            when corrected_times.is_corrected then corrected_times.clock_offset_seconds
            else {{ believed_offset_seconds("typed_lines") }}
        end as clock_offset_seconds,
        case
            when corrected_times.is_corrected then corrected_times.event_at_uncertainty_ms
            else {{ believed_uncertainty_ms("typed_lines") }}
        end as event_at_uncertainty_ms,
        greatest(typed_lines.processed_run, corrected_times.processed_run) as changed_run,
        cast(corrected_times.event_at as date) as event_date,
        corrected_times.event_at

    from corrected_times

    inner join typed_lines
        on
            corrected_times.event_id = typed_lines.event_id
            and corrected_times.copy_token = typed_lines.copy_token

)

select * from corrected_lines

{{ in_sort_order() }}
