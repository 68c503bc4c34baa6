{{ config(materialized="table", dist="all", sort="log_end_at") }}

with

lines as (

    select
        event_at,
        changed_run

    from {{ ref("base_event_log__lines") }}

    where
        line_status = 'accepted'
    {% if first_day_of_log_end() %}
        and event_date >= date '{{ first_day_of_log_end() }}'
    {% endif %}

),

affected_events as (

    select * from {{ ref("int_affected_events") }}

),

known_times as (

    select
        event_at,
        changed_run,
        false as is_outdated

    from lines

    union all

    select
        event_at,
        null as changed_run,
        is_outdated

    from affected_events

    where
        line_status = 'accepted'
        and is_outdated

),

log_ends as (

    select
        ----------  ids
        -- What a row of another model is joined by, because a cross join is a nested loop on Redshift.
        1 as all_rows,

        ----------  timestamps
        max(case when not is_outdated then event_at end) as log_end_at,
        max(event_at) as latest_log_end_at,
        -- Lines that have not moved: the log ended with one of them, or after.
        max(case when not is_outdated and changed_run <= {{ last_completed_run() }} then event_at end)
            as previous_log_end_at

    from known_times

)

select * from log_ends
