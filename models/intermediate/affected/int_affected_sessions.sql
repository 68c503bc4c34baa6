{{ config(materialized="table", dist="delivery_id", sort="delivery_id") }}

{% set days = days_of_key("day") %}

with

affected_events as (

    select * from {{ ref("int_affected_events") }}

),

milestones as (

    select
        *,
        1 as all_rows,
        {{ dbt.dateadd("hour", var("unknown_after_hours"), "last_event_at") }} as silent_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "requested_at") }} as capped_at

    from {{ ref("int_delivery_milestones") }}

),

assignment_windows as (

    select * from {{ ref("int_assignment_windows") }}

),

orders as (

    select * from {{ ref("int_orders") }}

),

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

log_ends as (

    select
        1 as all_rows,
        least(
            log_end_at,
            coalesce(previous_log_end_at, log_end_at)
        ) as earlier_log_end_at

    from {{ ref("int_affected_log_ends") }}

),

matches as (

    select * from {{ ref("int_event_delivery_matches") }}

),

affected_ids as (

    select delivery_id
    from affected_events
    where delivery_id is not null

    union all

    -- An order.created may name another delivery, or none, and still belong to the session.
    select delivery_orders.delivery_id
    from delivery_orders
    where delivery_orders.order_id in (select affected_events.order_id from affected_events)

    union all

    -- A delivery without an end may be called unknown now that the log goes on.
    select milestones.delivery_id
    from milestones
    inner join log_ends
        on milestones.all_rows = log_ends.all_rows
    where
        milestones.outcome is null
        and milestones.silent_at >= log_ends.earlier_log_end_at

    union all

    select delivery_id
    from matches
    where {{ on_days("event_date", days) }}

    union all

    select delivery_id
    from matches
    where {{ affected_rows("robot_day", date="event_date") }}

    union all

    -- A match that this run removed was in a window that still covers its day.
    select delivery_id
    from assignment_windows
    where {{ overlaps_days("assigned_at", "released_at", days) }}

    union all

    select delivery_id
    from milestones
    where
        merchant_id is not null
        and {{ overlaps_days("requested_at", "capped_at", days) }}

),

affected as (

    select distinct delivery_id from affected_ids

),

windowed as (

    select
        delivery_id,
        min(assigned_at) as first_assigned_at,
        max(released_at) as last_released_at

    from assignment_windows

    where delivery_id in (select affected.delivery_id from affected)

    group by delivery_id

),

ordered as (

    select
        delivery_orders.delivery_id,
        min(orders.first_event_at) as first_event_at,
        max(orders.last_event_at) as last_event_at

    from delivery_orders

    inner join orders
        on delivery_orders.order_id = orders.order_id

    where delivery_orders.delivery_id in (select affected.delivery_id from affected)

    group by delivery_orders.delivery_id

),

affected_sessions as (

    select
        ----------  ids
        affected.delivery_id,

        ----------  timestamps
        least(
            milestones.first_event_at, ordered.first_event_at, windowed.first_assigned_at
        ) as first_event_at,
        greatest(
            milestones.last_event_at,
            ordered.last_event_at,
            windowed.last_released_at,
            case when milestones.merchant_id is not null then milestones.capped_at end
        ) as last_event_at

    from affected

    -- The session of a delivery that no event names any more has to be deleted.
    left join milestones
        on affected.delivery_id = milestones.delivery_id

    left join ordered
        on affected.delivery_id = ordered.delivery_id

    left join windowed
        on affected.delivery_id = windowed.delivery_id

    {% if should_full_refresh() -%}
    where 1 = 0
    {%- endif %}

)

select * from affected_sessions
