{{ rebuilt_by("delivery") }}
{{ config(dist="robot_id", sort="assigned_at") }}

{% set of_robot = "partition by delivery_id, robot_id, is_dispatch order by event_at, emitter_id, seq, event_id" %}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        delivery_id is not null
        and {{ affected("delivery", date="event_date") }}

),

-- Lines that tell who had the delivery; an offer alone does not.
named as (

    select
        *,
        event_name in ('dispatch.assigned', 'dispatch.unassigned') as is_dispatch

    from events

    where
        robot_id is not null
        and (
            event_name in ('dispatch.assigned', 'dispatch.unassigned')
            or stream in ('delivery', 'robot', 'pilot')
        )

),

robot_events as (

    select
        *,
        lag(event_name) over ({{ of_robot }}) as previous_name,
        lag(event_at) over ({{ of_robot }}) as previous_at,
        lag(event_name, 2) over ({{ of_robot }}) as name_before_previous,
        lead(event_name) over ({{ of_robot }}) as next_name,
        lead(event_at) over ({{ of_robot }}) as next_at,
        sum(case when event_name = 'dispatch.assigned' then 1 else 0 end) over (
            partition by delivery_id, robot_id
        ) as assigned_count,
        row_number() over (
            partition by delivery_id, robot_id
            order by event_at, emitter_id, seq, event_id
        ) as place

    from named

),

offers as (

    select
        robot_events.delivery_id,
        robot_events.robot_id,
        max(events.event_at) as offered_at

    from robot_events

    inner join events
        on
            robot_events.delivery_id = events.delivery_id
            and robot_events.robot_id = events.robot_id
            and robot_events.event_at >= events.event_at

    where
        robot_events.place = 1
        and robot_events.assigned_count = 0
        and events.event_name = 'dispatch.offer_sent'

    group by robot_events.delivery_id, robot_events.robot_id

),

unassignments as (

    select
        delivery_id,
        robot_id,
        min(event_at) as unassigned_at

    from named

    where event_name = 'dispatch.unassigned'

    group by delivery_id, robot_id

),

assigned as (

    select
        event_id as assignment_id,
        delivery_id,
        robot_id,
        'reported' as basis,
        emitter_id,
        seq,
        event_at as assigned_at,
        case
            when next_name = 'dispatch.unassigned' then next_at
            -- Two clocks of dispatch that do not quite agree: nothing else could have been taken back.
            when
                previous_name = 'dispatch.unassigned'
                and coalesce(name_before_previous, '') <> 'dispatch.assigned'
                and previous_at >= {{ dbt.dateadd("second", "-" ~ var("clock_ahead_tolerance_seconds"), "event_at") }}
                then event_at
        end as unassigned_at

    from robot_events

    where event_name = 'dispatch.assigned'

    union all

    -- The line of the assignment was lost.
    select
        robot_events.event_id as assignment_id,
        robot_events.delivery_id,
        robot_events.robot_id,
        'inferred' as basis,
        robot_events.emitter_id,
        robot_events.seq,
        coalesce(offers.offered_at, robot_events.event_at) as assigned_at,
        unassignments.unassigned_at

    from robot_events

    left join offers
        on
            robot_events.delivery_id = offers.delivery_id
            and robot_events.robot_id = offers.robot_id

    left join unassignments
        on
            robot_events.delivery_id = unassignments.delivery_id
            and robot_events.robot_id = unassignments.robot_id

    where
        robot_events.place = 1
        and robot_events.assigned_count = 0

),

followed as (

    select
        *,
        row_number() over (
            partition by delivery_id
            order by assigned_at, emitter_id, seq, assignment_id
        ) as assignment_number,
        lead(assigned_at) over (
            partition by delivery_id
            order by assigned_at, emitter_id, seq, assignment_id
        ) as reassigned_at

    from assigned

),

-- Goods that were handed over end an attempt, whatever else is said of it.
endings as (

    select
        delivery_id,
        event_at as ended_at,
        ends_delivery = 'completed' as is_handed_over

    from events

    where
        event_name = 'delivery.return_completed'
        or (
            ends_delivery is not null
            and not coalesce(disposition in {{ words_meaning("disposition", "tried_again") }}, false)
        )

),

assignments as (

    select
        ----------  ids
        followed.assignment_id,
        followed.delivery_id,
        followed.robot_id,

        ----------  text
        followed.basis,

        ----------  numerics
        followed.assignment_number,

        ----------  timestamps
        followed.assigned_at,
        followed.unassigned_at,
        followed.reassigned_at,
        coalesce(
            max(case when endings.is_handed_over then endings.ended_at end),
            max(endings.ended_at)
        ) as attempt_ended_at

    from followed

    left join endings
        on
            followed.delivery_id = endings.delivery_id
            and followed.assigned_at <= endings.ended_at
            and (followed.reassigned_at is null or followed.reassigned_at > endings.ended_at)

    group by
        followed.assignment_id,
        followed.delivery_id,
        followed.robot_id,
        followed.basis,
        followed.assignment_number,
        followed.assigned_at,
        followed.unassigned_at,
        followed.reassigned_at

)

select * from assignments
