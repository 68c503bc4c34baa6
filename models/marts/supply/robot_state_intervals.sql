{{ config(materialized="view") }}

with

intervals as (

    select * from {{ ref("int_robot_state_intervals") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

timed as (

    select
        ----------  ids
        intervals.state_event_id,
        intervals.robot_id,

        ----------  text
        intervals.market,
        cast(intervals.state as varchar(32)) as state,
        cast(coalesce(robot_states.state_class, 'unknown') as varchar(32)) as state_class,
        cast(intervals.reason as varchar(64)) as reason,
        cast(intervals.basis as varchar(16)) as basis,
        intervals.software_version,
        intervals.hardware_version,

        ----------  numerics
        {{ seconds_between("intervals.started_at", "intervals.ended_at") }} as duration_seconds,

        ----------  booleans
        intervals.has_lost_transition,
        intervals.is_illegal_transition,

        ----------  dates
        intervals.ended_date,

        ----------  timestamps
        {{ utc_timestamptz("intervals.started_at") }} as started_at,
        {{ utc_timestamptz("intervals.ended_at") }} as ended_at

    from intervals

    left join robot_states
        on intervals.state = robot_states.state

)

select * from timed
