{{ rebuilt_by("event", id=false, date="release_date") }}
{{ config(dist="robot_id", sort="release_date") }}

with

events as (

    select
        *,
        case
            when service = '{{ var("robot_service") }}' then service_version
            else software_version
        end as robot_version

    from {{ ref("stg_event_log__events") }}

    where
        event_name <> 'robot.heartbeat'
        and robot_id is not null
        and {{ affected("event", id=false, date="event_date") }}

),

release_robot_days as (

    select
        ----------  ids
        robot_id,

        ----------  text
        robot_version as software_version,

        ----------  numerics
        {{ metric_count("events", "service = '" ~ var("robot_service") ~ "'") }} as event_count,
        {{ metric_count("errors", "service = '" ~ var("robot_service") ~ "'") }} as error_count,
        {{ metric_count("robot_errors", "service = '" ~ var("robot_service") ~ "'") }} as robot_error_count,
        {{ metric_count("takeovers") }} as takeover_count,
        {{ metric_count("pickups") }} as pickup_count,
        {{ metric_count("failed_pickups") }} as failed_pickup_count,

        ----------  timestamps
        event_date as release_date

    from events

    where robot_version is not null

    group by robot_id, robot_version, event_date

)

select * from release_robot_days
