{{ rebuilt_by("session") }}
{{ config(dist="delivery_id", sort="delivery_id") }}

with

milestones as (

    select *

    from {{ ref("int_deliveries") }}

    where {{ affected("session") }}

),

session_events as (

    select *

    from {{ ref("delivery_session_events") }}

    where {{ affected("session", at="event_at") }}

),

state_changes as (

    select
        state_event_id,
        is_illegal_transition,
        has_lost_transition

    from {{ ref("int_robot_state_intervals") }}

    where
        basis = 'reported'
        and {{ affected("session", id=false, date="cast(reported_at as date)") }}

),

flagged_events as (

    select
        session_events.*,
        state_changes.is_illegal_transition,
        state_changes.has_lost_transition,
        {{ utc_timestamptz("milestones.dropoff_arrived_at") }} as dropoff_arrived_at,
        session_events.event_id = milestones.outcome_event_id as is_outcome

    from session_events

    inner join milestones
        on session_events.delivery_id = milestones.delivery_id

    left join state_changes
        on session_events.event_id = state_changes.state_event_id

),

measured_events as (

    select
        *,
        case
            when event_name = 'robot.error'
                then {{ milliseconds_between("event_at", "dropoff_arrived_at") }}
        end as milliseconds_to_arrival

    from flagged_events

),

aggregated as (

    select
        delivery_id,
        min(event_at) as started_at,
        max(event_at) as last_event_at,
        max(loaded_at) as last_loaded_at,
        count(*) as event_count,
        sum(case when is_error then 1 else 0 end) as error_count,
        sum(case when is_takeover then 1 else 0 end) as takeover_count,
        sum(case when is_illegal_transition then 1 else 0 end) as illegal_transition_count,
        sum(case when has_lost_transition then 1 else 0 end) as lost_transition_count,
        count(distinct loaded_at) as session_revision,
        max(case when is_first_error then error_code end) as first_error_code,
        max(case when is_first_error then event_at end) as first_error_at,
        min(case when milliseconds_to_arrival >= 0 then milliseconds_to_arrival end) as milliseconds_before_arrival,
        max(case when milliseconds_to_arrival < 0 then milliseconds_to_arrival end) as milliseconds_after_arrival,
        max(case when is_outcome then sequence_number end) as outcome_number,
        max(case when is_outcome then robot_state end) as outcome_robot_state

    from measured_events

    group by delivery_id

),

evidence as (

    select
        ----------  ids
        delivery_id,

        ----------  text
        outcome_robot_state,
        first_error_code,

        ----------  numerics
        event_count,
        error_count,
        takeover_count,
        illegal_transition_count,
        lost_transition_count,
        session_revision,
        outcome_number,

        -- The nearest error on either side of the arrival; positive when it came before.
        case
            when
                milliseconds_after_arrival is null
                or milliseconds_before_arrival <= -milliseconds_after_arrival
                then milliseconds_before_arrival
            else milliseconds_after_arrival
        end as milliseconds_from_error_to_arrival,

        ----------  timestamps
        started_at,
        first_error_at,
        last_event_at,
        last_loaded_at

    from aggregated

)

select * from evidence
