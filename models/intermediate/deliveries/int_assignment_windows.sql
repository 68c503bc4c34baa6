{{ config(materialized="view") }}

with

deliveries as (

    select * from {{ ref("int_deliveries") }}

),

state_changes as (

    select *

    from {{ ref("int_robot_state_changes") }}

    where basis = 'reported'

),

-- A robot changes to assigned because it was assigned: where its clock says shortly before, the clocks differ.
answered as (

    select
        assignments.assignment_id,
        min(state_changes.event_at) as answered_at

    from {{ ref("int_assignments") }} as assignments

    inner join state_changes
        on
            assignments.robot_id = state_changes.robot_id
            and assignments.assigned_at > state_changes.event_at
            and assignments.assigned_at <= {{ dbt.dateadd(
                "second", var("clock_offset_threshold_seconds"), "state_changes.event_at"
            ) }}

    where state_changes.to_state in {{ states_marked("to_merchant") }}

    group by assignments.assignment_id

),

started as (

    select
        assignments.assignment_id,
        assignments.delivery_id,
        assignments.robot_id,
        assignments.basis,
        assignments.assignment_number,
        assignments.unassigned_at,
        assignments.reassigned_at as given_anew_at,
        assignments.attempt_ended_at,
        assignments.assigned_at as given_at,
        coalesce(answered.answered_at, assignments.assigned_at) as assigned_at

    from {{ ref("int_assignments") }} as assignments

    left join answered
        on assignments.assignment_id = answered.assignment_id

),

begun as (

    select
        delivery_id,
        robot_id,
        given_at,
        lead(min(assigned_at)) over (partition by delivery_id, robot_id order by given_at) as begun_anew_at

    from started

    group by delivery_id, robot_id, given_at

),

assignments as (

    select
        started.*,
        1 as all_rows,
        -- Given to the same robot anew: what it logs as the second window begins is in the first no more.
        case
            when begun.begun_anew_at < started.given_anew_at then begun.begun_anew_at
            else started.given_anew_at
        end as reassigned_at,
        lead(started.assigned_at) over (
            partition by started.robot_id
            order by started.assigned_at, started.delivery_id, started.assignment_id
        ) as next_assigned_at

    from started

    inner join begun
        on
            started.delivery_id = begun.delivery_id
            and started.robot_id = begun.robot_id
            and started.given_at = begun.given_at

),

log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

joined as (

    select
        assignments.*,
        deliveries.last_event_at,
        deliveries.outcome,
        deliveries.outcome = 'failed'
        and deliveries.pickup_completed_at is not null
        and not deliveries.is_returning
        and assignments.reassigned_at is null as is_discarding,
        log_ends.log_end_at,
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

    -- Always true, because a cross join is a nested loop on Redshift.
    inner join log_ends
        on assignments.all_rows = log_ends.all_rows

),

-- A robot that is back at the merchant, free or at work elsewhere has brought the goods back.
drives_back as (

    select
        joined.assignment_id,
        min(
            case
                when
                    joined.ended_at < state_changes.event_at
                    and state_changes.to_state not in {{ states_marked("carrying") }}
                    then state_changes.event_at
            end
        ) as back_at,
        min(
            case
                when
                    joined.ended_at < state_changes.event_at
                    and state_changes.to_state in {{ states_marked("way_back") }}
                    then state_changes.event_at
            end
        ) as turned_at,
        max(
            case
                when
                    joined.ended_at >= state_changes.event_at
                    and state_changes.to_state in {{ states_marked("stopped") }}
                    then state_changes.event_at
            end
        ) as stopped_at,
        max(
            case
                when
                    joined.ended_at >= state_changes.event_at
                    and state_changes.to_state not in {{ states_marked("stopped") }}
                    then state_changes.event_at
            end
        ) as drove_at

    from joined

    inner join state_changes
        on
            joined.robot_id = state_changes.robot_id
            and joined.assigned_at <= state_changes.event_at
            and joined.capped_at > state_changes.event_at

    where joined.is_returning

    group by joined.assignment_id

),

-- A robot that discards the goods of one delivery has come to an end with all that it has aboard.
discards as (

    select
        joined.assignment_id,
        min(aboard.ended_at) as discarded_at

    from joined

    inner join joined as aboard
        on
            joined.robot_id = aboard.robot_id
            and joined.ended_at >= aboard.assigned_at
            and joined.ended_at < aboard.ended_at
            and joined.capped_at > aboard.ended_at

    where
        joined.is_returning
        and aboard.is_discarding

    group by joined.assignment_id

),

-- Goods of a cancelled delivery stay with a robot that drives on, with another delivery or back. One that had
-- stopped brings them back only if it turns back.
turned as (

    select
        joined.*,
        drives_back.back_at,
        discards.discarded_at,
        joined.is_returning
        and (
            joined.outcome <> 'cancelled'
            or coalesce(drives_back.stopped_at <= drives_back.drove_at, drives_back.drove_at is not null)
            or coalesce(drives_back.turned_at < coalesce(drives_back.back_at, joined.capped_at), false)
        ) as is_driving_back,
        {{ dbt.dateadd("hour", var("unknown_after_hours"), "joined.last_event_at") }} as silent_at

    from joined

    left join drives_back
        on joined.assignment_id = drives_back.assignment_id

    left join discards
        on joined.assignment_id = discards.assignment_id

),

bounded as (

    select
        *,
        case
            when is_driving_back
                then least(back_at, discarded_at)
            when ended_at is not null
                then greatest(
                    ended_at,
                    least({{ dbt.dateadd("minute", var("session_tail_minutes"), "ended_at") }}, next_assigned_at)
                )
        end as tail_ended_at,
        -- A robot with another job is done with one of which nothing more is heard; while that may still
        -- come, it may have both.
        case
            when is_driving_back and next_assigned_at > ended_at then next_assigned_at
            when ended_at is null and silent_at < log_end_at and next_assigned_at > last_event_at then next_assigned_at
        end as left_at,
        case when ended_at is null then silent_at end as silence_ended_at

    from turned

),

released as (

    select
        *,
        least(capped_at, unassigned_at, reassigned_at, tail_ended_at, left_at, silence_ended_at) as first_release_at

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
            when first_release_at = tail_ended_at and is_driving_back and tail_ended_at = discarded_at then 'discarded'
            when first_release_at = tail_ended_at and is_driving_back then 'returned'
            when first_release_at = tail_ended_at then 'ended'
            when first_release_at = left_at then 'next_assignment'
            when first_release_at = silence_ended_at then 'silent'
            else 'max_session_hours'
        end as release_reason,
        case
            when basis = 'inferred' then 'inferred'
            when first_release_at = unassigned_at or first_release_at = reassigned_at then 'reported'
            when first_release_at = tail_ended_at and not is_driving_back and not is_end_inferred then 'reported'
            else 'inferred'
        end as basis,

        ----------  numerics
        assignment_number,

        ----------  timestamps
        assigned_at,
        -- An assignment that a wrong clock puts after its delivery's end has an empty window.
        greatest(first_release_at, assigned_at) as released_at

    from released

)

select * from windows
