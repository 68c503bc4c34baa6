{{ rebuilt_by("event") }}
{{ config(dist="robot_id", sort=["robot_id", "event_at"]) }}

with

robot_events as (

    select * from {{ ref("stg_event_log__robot_events") }}

),

failure_events as (

    select
        ----------  ids
        event_id,
        robot_id,
        error_event_id,

        ----------  text
        event_name,
        market,
        component,
        error_code,
        {{ robot_software_version() }} as software_version,
        hardware_version,
        emitter_id,

        ----------  numerics
        seq,

        ----------  timestamps
        event_at

    from robot_events

    where
        robot_id is not null
        and (event_name = 'robot.error_cleared' or (event_name = 'robot.error' and is_failure))
        and {{ affected("event", date="event_date") }}

)

select * from failure_events
