{{ rebuilt_by("day", date="event_date") }}
{{ config(dist="event_id", sort="event_at") }}

{% set matched = [
    "event_id", "matched_delivery_id", "robot_id", "event_name", "match_method", "match_basis", "emitter_id", "seq",
    "event_date", "event_at",
] %}

with

events as (

    select
        *,
        date_trunc('hour', event_at) as hour_at,

        -- Only the strongest id that an event carries counts: one that names a delivery is never
        -- matched by time as well.
        case
            when delivery_id is not null then 'delivery_id'
            when order_id is not null then 'order_id'
            when robot_id is not null then 'robot_window'
            when pilot_id is not null then 'pilot_session'
            when merchant_id is not null then 'merchant_window'
        end as match_method

    from {{ ref("stg_event_log__events") }}

    where {{ affected("day", date="event_date") }}

),

milestones as (

    select * from {{ ref("int_deliveries") }}

),

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

assignment_windows as (

    select *

    from {{ ref("int_assignment_windows") }}

    where {{ affected_span("day", "assigned_at", "released_at") }}

),

pilot_sessions as (

    select *

    from {{ ref("int_pilot_sessions") }}

    where
        started_at is not null
        and robot_id is not null
        and {{ affected_span("day", "started_at", "ended_at") }}

),

capped_milestones as (

    select
        *,
        {{ dbt.dateadd("hour", var("unknown_after_hours"), "last_event_at") }} as silent_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "requested_at") }} as capped_at
    from milestones

),

merchant_windows as (

    select
        delivery_id,
        merchant_id,
        requested_at,
        least(
            coalesce(pickup_completed_at, ended_at, silent_at),
            capped_at
        ) as collected_at

    from capped_milestones

    where
        requested_at is not null
        and merchant_id is not null
        and {{ affected_span("day", "requested_at", "capped_at") }}

),

assignment_window_hours as (

    {{ time_buckets("assignment_windows", "assigned_at", "released_at") }}

),

pilot_session_hours as (

    {{ time_buckets("pilot_sessions", "started_at", "ended_at") }}

),

merchant_window_hours as (

    {{ time_buckets("merchant_windows", "requested_at", "collected_at") }}

),

matched_by_delivery_id as (

    select
        *,
        delivery_id as matched_delivery_id,
        'reported' as match_basis

    from events

    where match_method = 'delivery_id'

),

matched_by_order_id as (

    select
        events.*,
        delivery_orders.delivery_id as matched_delivery_id,
        'reported' as match_basis

    from events

    inner join delivery_orders
        on events.order_id = delivery_orders.order_id

    where events.match_method = 'order_id'

),

matched_by_robot_window as (

    select
        events.*,
        assignment_window_hours.delivery_id as matched_delivery_id,
        assignment_window_hours.basis as match_basis

    from events

    inner join assignment_window_hours
        on
            events.robot_id = assignment_window_hours.robot_id
            and events.hour_at = assignment_window_hours.hour_at
            and events.event_at >= assignment_window_hours.assigned_at
            and events.event_at < assignment_window_hours.released_at

    where events.match_method = 'robot_window'

),

matched_by_pilot_session as (

    select
        events.*,
        assignment_window_hours.delivery_id as matched_delivery_id,
        case
            when pilot_session_hours.basis = 'reported' then assignment_window_hours.basis
            else 'inferred'
        end as match_basis

    from events

    inner join pilot_session_hours
        on
            events.pilot_id = pilot_session_hours.pilot_id
            and events.hour_at = pilot_session_hours.hour_at
            and events.event_at >= pilot_session_hours.started_at
            and events.event_at < pilot_session_hours.ended_at

    inner join assignment_window_hours
        on
            pilot_session_hours.robot_id = assignment_window_hours.robot_id
            and events.hour_at = assignment_window_hours.hour_at
            and events.event_at >= assignment_window_hours.assigned_at
            and events.event_at < assignment_window_hours.released_at

    where events.match_method = 'pilot_session'

),

-- A pilot may have two sessions at the same time that lead to one delivery: the surer one counts.
matched_once_by_pilot_session as (

    select
        event_id,
        matched_delivery_id,
        robot_id,
        event_name,
        match_method,
        max(match_basis) as match_basis,
        emitter_id,
        seq,
        event_date,
        event_at

    from matched_by_pilot_session

    group by event_id, matched_delivery_id, robot_id, event_name, match_method, emitter_id, seq, event_date, event_at

),

matched_by_merchant_window as (

    select
        events.*,
        merchant_window_hours.delivery_id as matched_delivery_id,
        'reported' as match_basis

    from events

    inner join merchant_window_hours
        on
            events.merchant_id = merchant_window_hours.merchant_id
            and events.hour_at = merchant_window_hours.hour_at
            and events.event_at >= merchant_window_hours.requested_at
            and events.event_at < merchant_window_hours.collected_at

    where events.match_method = 'merchant_window'

),

unioned as (

    select {{ matched | join(", ") }} from matched_by_delivery_id

    union all

    select {{ matched | join(", ") }} from matched_by_order_id

    union all

    select {{ matched | join(", ") }} from matched_by_robot_window

    union all

    select {{ matched | join(", ") }} from matched_once_by_pilot_session

    union all

    select {{ matched | join(", ") }} from matched_by_merchant_window

),

matches as (

    select
        ----------  ids
        event_id,
        matched_delivery_id as delivery_id,
        robot_id,

        ----------  text
        event_name,
        match_method,
        match_basis,
        emitter_id,

        ----------  numerics
        seq,

        ----------  booleans
        count(*) over (partition by event_id) > 1 as is_ambiguous,

        ----------  timestamps
        event_date,
        event_at

    from unioned

)

select * from matches

{{ in_sort_order() }}
