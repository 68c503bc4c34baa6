{{ rebuilt_by("delivery") }}
{{ config(dist="robot_id", sort="assigned_at") }}

with

dispatch_events as (

    select *

    from {{ ref("stg_event_log__dispatch_events") }}

    where
        event_name in ('dispatch.assigned', 'dispatch.unassigned')
        and delivery_id is not null
        and robot_id is not null
        and {{ affected("delivery", date="event_date") }}

),

milestones as (

    select * from {{ ref("int_delivery_milestones") }}

),

-- Only events of the same delivery: a window that depended on other deliveries could not be rebuilt
-- for one delivery by itself.
followed as (

    select
        *,
        min(case when event_name = 'dispatch.unassigned' then event_at end) over (
            partition by delivery_id, robot_id
            order by event_at, emitter_id, seq, event_id
            rows between 1 following and unbounded following
        ) as unassigned_at,
        min(case when event_name = 'dispatch.assigned' then event_at end) over (
            partition by delivery_id
            order by event_at, emitter_id, seq, event_id
            rows between 1 following and unbounded following
        ) as reassigned_at

    from dispatch_events

),

assigned as (

    select
        followed.event_id as assignment_id,
        followed.delivery_id,
        followed.robot_id,
        followed.event_at as assigned_at,
        followed.unassigned_at,
        followed.reassigned_at,
        {{ dbt.dateadd("minute", var("session_tail_minutes"), "milestones.ended_at") }} as tail_ended_at,
        {{ dbt.dateadd("hour", var("max_session_hours"), "followed.event_at") }} as capped_at

    from followed

    inner join milestones
        on followed.delivery_id = milestones.delivery_id

    where followed.event_name = 'dispatch.assigned'

),

released as (

    select
        *,
        least(
            coalesce(unassigned_at, capped_at),
            coalesce(reassigned_at, capped_at),
            coalesce(tail_ended_at, capped_at),
            capped_at
        ) as first_release_at

    from assigned

),

windows as (

    select
        ----------  ids
        assignment_id,
        delivery_id,
        robot_id,

        ----------  text
        case
            when first_release_at = unassigned_at then 'unassigned'
            when first_release_at = reassigned_at then 'reassigned'
            when first_release_at = tail_ended_at then 'ended'
            else 'max_session_hours'
        end as release_reason,

        ----------  timestamps
        assigned_at,
        -- An assignment that a wrong clock puts after its delivery's end has an empty window.
        greatest(first_release_at, assigned_at) as released_at

    from released

)

select * from windows
