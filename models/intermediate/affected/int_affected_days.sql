{{ config(materialized="table", dist="all", sort="affected_date") }}

with

affected_events as (

    select * from {{ ref("int_affected_events") }}

),

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where {{ affected_rows("delivery", date="event_date") }}

),

log_ends as (

    select
        *,
        least(log_end_at, coalesce(previous_log_end_at, log_end_at)) as earlier_log_end_at

    from {{ ref("int_affected_log_ends") }}

),

milestones as (

    select
        *,
        1 as all_rows,
        {{ dbt.dateadd("hour", var("unknown_after_hours"), "last_event_at") }} as silent_at

    from {{ ref("int_delivery_milestones") }}

),

silent_deliveries as (

    select milestones.*

    from milestones

    inner join log_ends
        on milestones.all_rows = log_ends.all_rows

    where
        milestones.outcome is null
        and milestones.silent_at >= log_ends.earlier_log_end_at
        and milestones.silent_at <= log_ends.latest_log_end_at
    {% if should_full_refresh() %}
        and 1 = 0
    {% endif %}

),

-- All days that a window of an affected delivery or pilot session may have covered before this run: it
-- starts with an event that names it and lasts max_session_hours at most. Events that name only an
-- order are matched through the delivery's order, so they move when that changes.
stretches as (

    select
        event_at as started_at,
        -- A change of state may end the way back of a delivery, whose window then ends earlier than before.
        case
            when event_name = 'robot.state_changed'
                then {{ dbt.dateadd("hour", var("max_session_hours"), "event_at") }}
            else event_at
        end as ended_at
    from affected_events

    union all

    select
        first_event_at as started_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as ended_at
    from {{ ref("int_delivery_milestones") }}
    where {{ affected_rows("delivery") }}

    union all

    select
        first_event_at as started_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as ended_at
    from {{ ref("int_pilot_sessions") }}
    where {{ affected_rows("pilot_session") }}

    union all

    -- A delivery without an end of which nothing was heard for long: its robot's next job ends it now.
    select
        first_event_at as started_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as ended_at
    from silent_deliveries

    union all

    {% if has_erased_lines() %}
    {% for key in ["delivery_id", "session_id"] %}
    -- A window that no line begins any more.
    select
        min(event_at) as started_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "max(event_at)") }} as ended_at
    from {{ erased_lines() }}
    where
        {{ key }} is not null
        and line_status in ('accepted', 'duplicate')
        and {{ is_erased_anew() }}
    group by {{ key }}

    union all

    {% endfor %}
    {% endif %}
    -- What became of an order may end its delivery.
    select
        first_event_at as started_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as ended_at
    from {{ ref("int_orders") }}
    where
        order_id in (select events.order_id from events)
        or order_id in (select affected_events.order_id from affected_events)

),

stretch_days as (

    {{ time_buckets("stretches", "started_at", "ended_at", "day") }}

),

affected_days as (

    select distinct cast(day_at as date) as affected_date

    from stretch_days

)

select * from affected_days
