{{ rebuilt_by("failing_robot") }}
{{ config(dist="robot_id", sort=["robot_id", "started_at"]) }}

with

-- All failures of a robot, because a clearance may end an error of long ago, and they are few.
failure_events as (

    select *

    from {{ ref("int_failure_events") }}

    where {{ affected("failing_robot") }}

),

failures as (

    select *

    from failure_events

    where event_name = 'robot.error'

),

clearances as (

    select *

    from failure_events

    where event_name = 'robot.error_cleared'

),

named_clearances as (

    select
        robot_id,
        error_event_id,
        min(event_at) as cleared_at

    from clearances

    where error_event_id is not null

    group by robot_id, error_event_id

),

errors_and_clearances as (

    select
        event_id,
        robot_id,
        error_code,
        event_at,
        emitter_id,
        seq,
        cast(null as timestamp) as clearance_at
    from failures

    union all

    select
        event_id,
        robot_id,
        error_code,
        event_at,
        emitter_id,
        seq,
        event_at as clearance_at
    from clearances

),

followed as (

    select
        event_id,
        min(clearance_at) over (
            partition by robot_id, error_code
            order by event_at, emitter_id, seq, event_id
            rows between current row and unbounded following
        ) as next_clearance_at

    from errors_and_clearances

),

-- An error lasts until it is cleared by name. One that is not lasts until its error code is next
-- cleared on that robot, but no longer than the quiet time: a lost clearance must not join two
-- failures that are hours apart.
lasting as (

    select
        failures.event_id,
        failures.robot_id,
        failures.component,
        failures.error_code,
        failures.market,
        failures.hardware_version,
        failures.software_version,
        failures.event_at as started_at,
        named_clearances.cleared_at is not null as is_cleared,
        greatest(
            failures.event_at,
            coalesce(
                named_clearances.cleared_at,
                least(
                    coalesce(
                        followed.next_clearance_at,
                        {{ dbt.dateadd("minute", var("episode_quiet_minutes"), "failures.event_at") }}
                    ),
                    {{ dbt.dateadd("minute", var("episode_quiet_minutes"), "failures.event_at") }}
                )
            )
        ) as ended_at

    from failures

    inner join followed
        on failures.event_id = followed.event_id

    -- A clearance counts only for errors of its own robot.
    left join named_clearances
        on
            failures.robot_id = named_clearances.robot_id
            and failures.event_id = named_clearances.error_event_id

),

preceded as (

    select
        *,
        max(ended_at) over (
            partition by robot_id, component
            order by started_at, event_id
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at

    from lasting

),

numbered as (

    select
        *,
        sum(case when previous_ended_at > started_at then 0 else 1 end) over (
            partition by robot_id, component
            order by started_at, event_id
            rows between unbounded preceding and current row
        ) as episode_number

    from preceded

),

ordered as (

    select
        *,
        row_number() over (
            partition by robot_id, component, episode_number
            order by started_at, event_id
        ) as error_number

    from numbered

),

episodes as (

    select
        ----------  ids
        max(case when error_number = 1 then event_id end) as first_error_event_id,
        robot_id,

        ----------  text
        component,
        max(case when error_number = 1 then error_code end) as first_error_code,
        max(case when error_number = 1 then market end) as market,
        max(case when error_number = 1 then hardware_version end) as hardware_version,
        max(case when error_number = 1 then software_version end) as software_version,

        ----------  numerics
        count(*) as error_count,

        ----------  booleans
        max(case when is_cleared then 1 else 0 end) = 1 as is_cleared,

        ----------  timestamps
        min(started_at) as started_at,
        max(ended_at) as ended_at

    from ordered

    group by robot_id, component, episode_number

)

select * from episodes
