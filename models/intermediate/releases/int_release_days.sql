{{ rebuilt_by("event", id=false, date="release_date") }}
{{ config(dist="all", sort="release_date") }}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        -- Most lines are heartbeats, and nothing here counts them: operating hours come from states.
        event_name <> 'robot.heartbeat'
        and {{ affected("event", id=false, date="event_date") }}

),

-- An event counts for the version that logged it. What a service logs about a robot counts for the
-- robot's software too, but not as an error that the robot itself logged.
attributed as (

    select
        *,
        coalesce(service, 'unknown') as release_service,
        coalesce(service_version, 'unknown') as release_version,
        true as is_logger
    from events

    union all

    select
        *,
        '{{ var("robot_service") }}' as release_service,
        software_version as release_version,
        false as is_logger
    from events
    where
        software_version is not null
        and coalesce(service, 'unknown') <> '{{ var("robot_service") }}'

),

release_days as (

    select
        ----------  text
        release_service as service,
        release_version as version,

        ----------  numerics
        {{ metric_count("events", "is_logger") }} as event_count,
        {{ metric_count("errors", "is_logger") }} as error_count,
        {{ metric_count("robot_errors", "is_logger") }} as robot_error_count,
        {{ metric_count("takeovers") }} as takeover_count,
        {{ metric_count("pickups") }} as pickup_count,
        {{ metric_count("failed_pickups") }} as failed_pickup_count,
        {{ metric_count("attempted_deliveries") }} as delivery_count,
        {{ metric_count("failed_deliveries") }} as failed_delivery_count,

        ----------  timestamps
        event_date as release_date,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from attributed

    group by release_service, release_version, event_date

)

select * from release_days
