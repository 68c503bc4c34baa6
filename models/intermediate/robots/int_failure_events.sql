{{ rebuilt_by("robot_day", date="event_date") }}
{{ config(dist="robot_id", sort=["robot_id", "event_at"]) }}

with

robot_events as (

    select
        *,
        {{ robot_software_version() }} as agent_version,
        date_trunc('hour', event_at) as hour_at

    from {{ ref("stg_event_log__robot_events") }}

    where
        robot_id is not null
        and (
            event_name = 'robot.error_cleared'
            or (event_name = 'robot.error' and is_failure)
            or (event_name = 'robot.safety_event' and kind in {{ words_meaning("kind", "accident") }})
        )
        and {{ affected("robot_day", date="event_date") }}

),

state_hours as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where {{ affected("robot_day", date="hour_date") }}

),

failure_events as (

    select
        ----------  ids
        robot_events.event_id,
        robot_events.robot_id,
        robot_events.error_event_id,

        ----------  text
        robot_events.event_name,
        coalesce(robot_events.market, state_hours.market) as market,
        robot_events.component,
        case
            when robot_events.event_name = 'robot.safety_event' then robot_events.kind
            else robot_events.error_code
        end as error_code,
        case
            when state_hours.state_class not in ('unobserved', 'out_of_fleet') then state_hours.state
        end as robot_state,
        -- What the line does not tell is as it was last told.
        coalesce(robot_events.agent_version, state_hours.software_version) as software_version,
        coalesce(robot_events.hardware_version, state_hours.hardware_version) as hardware_version,
        robot_events.emitter_id,

        ----------  numerics
        robot_events.seq,

        ----------  timestamps
        robot_events.event_date,
        robot_events.event_at

    from robot_events

    left join state_hours
        on
            robot_events.robot_id = state_hours.robot_id
            and robot_events.hour_at = state_hours.hour_at
            and robot_events.event_at >= state_hours.started_at
            and robot_events.event_at < state_hours.ended_at

)

select * from failure_events
