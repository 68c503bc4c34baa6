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
