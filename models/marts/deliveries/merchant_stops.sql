{{ config(materialized="view") }}

with

session_events as (

    select * from {{ ref("delivery_session_events") }}

),

delivery_sessions as (

    select * from {{ ref("delivery_sessions") }}

),

event_registry as (

    select * from {{ ref("event_registry") }}

),

arrivals as (

    select
        session_events.delivery_id,
        session_events.robot_id,
        min(session_events.event_at) as arrived_at

    from session_events

    inner join event_registry
        on session_events.event_name = event_registry.event_name

    where
        session_events.robot_id is not null
        and event_registry.funnel_step = 'pickup_arrived'

    group by session_events.delivery_id, session_events.robot_id

),

-- It leaves with the goods, when it is taken off the delivery, or when that ends, whoever says so.
departures as (

    select
        arrivals.delivery_id,
        arrivals.robot_id,
        arrivals.arrived_at,
        min(
            case
                when
                    event_registry.ends_delivery is not null
                    or (
                        session_events.robot_id = arrivals.robot_id
                        and (
                            event_registry.funnel_step = 'pickup_completed'
                            or session_events.event_name = 'dispatch.unassigned'
                        )
                    )
                    then session_events.event_at
            end
        ) as told_left_at,
        max(case when session_events.robot_id = arrivals.robot_id then session_events.event_at end) as last_event_at

    from arrivals

    inner join session_events
        on
            arrivals.delivery_id = session_events.delivery_id
            and arrivals.arrived_at <= session_events.event_at

    inner join event_registry
        on session_events.event_name = event_registry.event_name

    group by arrivals.delivery_id, arrivals.robot_id, arrivals.arrived_at

),

stops as (

    select
        ----------  ids
        delivery_sessions.merchant_id,
        departures.robot_id,
        departures.delivery_id,

        ----------  text
        delivery_sessions.market,

        ----------  booleans
        departures.told_left_at is not null as is_departure_told,

        ----------  timestamps
        departures.arrived_at,
        coalesce(departures.told_left_at, departures.last_event_at) as left_at

    from departures

    inner join delivery_sessions
        on departures.delivery_id = delivery_sessions.delivery_id

)

select * from stops
