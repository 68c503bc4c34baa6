{{ config(materialized="view") }}

with

assignments as (

    select
        *,
        lead(assigned_at) over (
            partition by robot_id
            order by assigned_at, delivery_id, assignment_id
        ) as next_assigned_at

    from {{ ref("int_assignments") }}

),

deliveries as (

    select * from {{ ref("int_deliveries") }}

),

state_changes as (

    select * from {{ ref("int_robot_state_changes") }}

),

joined as (

    select
        assignments.*,
        deliveries.last_event_at,
        case
            when assignments.reassigned_at is null then deliveries.ended_at
            else assignments.attempt_ended_at
        end as ended_at,
        assignments.reassigned_at is null and deliveries.is_returning as is_returning,
        assignments.reassigned_at is null and coalesce(deliveries.outcome_basis, '') = 'inferred' as is_end_inferred,
        {{ dbt.dateadd("hour", var("max_session_hours"), "assignments.assigned_at") }} as capped_at

    from assignments

    inner join deliveries
        on assignments.delivery_id = deliveries.delivery_id

),

-- A robot that is back at the merchant, free or at work elsewhere has brought the goods back.
drives_back as (

    select
        joined.assignment_id,
        min(state_changes.event_at) as back_at

    from joined

    inner join state_changes
        on
            joined.robot_id = state_changes.robot_id
            and joined.ended_at < state_changes.event_at
            and joined.capped_at > state_changes.event_at

    where
        joined.is_returning
        and state_changes.to_state not in (
            'returning', 'in_transit', 'at_customer', 'blocked', 'fault', 'non_contactable'
        )

    group by joined.assignment_id

),

bounded as (

    select
        joined.*,
        case
            when joined.is_returning then drives_back.back_at
            when joined.ended_at is not null
                then greatest(
                    joined.ended_at,
                    least(
                        {{ dbt.dateadd("minute", var("session_tail_minutes"), "joined.ended_at") }},
                        coalesce(
                            joined.next_assigned_at,
                            {{ dbt.dateadd("minute", var("session_tail_minutes"), "joined.ended_at") }}
                        )
                    )
                )
        end as tail_ended_at,
        -- A robot with another job is done with one of which nothing more is heard.
        case
            when joined.is_returning and joined.next_assigned_at > joined.ended_at then joined.next_assigned_at
            when joined.ended_at is null and joined.next_assigned_at > joined.last_event_at then joined.next_assigned_at
        end as left_at,
        case
            when joined.ended_at is null
                then {{ dbt.dateadd("hour", var("unknown_after_hours"), "joined.last_event_at") }}
        end as silent_at

    from joined

    left join drives_back
        on joined.assignment_id = drives_back.assignment_id

),

released as (

    select
        *,
        least(
            capped_at,
            coalesce(unassigned_at, capped_at),
            coalesce(reassigned_at, capped_at),
            coalesce(tail_ended_at, capped_at),
            coalesce(left_at, capped_at),
            coalesce(silent_at, capped_at)
        ) as first_release_at

    from bounded

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
            when first_release_at = tail_ended_at and is_returning then 'returned'
            when first_release_at = tail_ended_at then 'ended'
            when first_release_at = left_at then 'next_assignment'
            when first_release_at = silent_at then 'silent'
            else 'max_session_hours'
        end as release_reason,
        case
            when basis = 'inferred' then 'inferred'
            when first_release_at = unassigned_at or first_release_at = reassigned_at then 'reported'
            when first_release_at = tail_ended_at and not is_returning and not is_end_inferred then 'reported'
            else 'inferred'
        end as basis,

        ----------  timestamps
        assigned_at,
        -- An assignment that a wrong clock puts after its delivery's end has an empty window.
        greatest(first_release_at, assigned_at) as released_at

    from released

)

select * from windows
