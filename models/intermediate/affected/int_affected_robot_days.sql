{{ config(materialized="table", dist="all", sort="affected_date") }}

with

affected_events as (

    select * from {{ ref("int_affected_events") }}

),

robots as (

    select
        robot_id,
        first_event_at,
        1 as all_rows

    from {{ ref("int_robots") }}

    union all

    -- A robot of which no event is left: they were erased, or are copies of what another robot told.
    select
        affected_events.robot_id,
        min(affected_events.event_at) as first_event_at,
        1 as all_rows
    from affected_events
    left join {{ ref("int_robots") }} as known
        on affected_events.robot_id = known.robot_id
    where
        affected_events.is_sign_of_life
        and affected_events.robot_id is not null
        and known.robot_id is null
    group by affected_events.robot_id

),

-- The last interval of every robot ends with the log, so the day on which the log ended before
-- this run is affected for all of them.
log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

affected_robots as (

    select
        robot_id,
        -- A sign of a state may move a change that lies shortly before it.
        {{ dbt.dateadd("minute", -2 * var("silence_timeout_minutes"), "min(event_at)") }} as first_affected_at

    from affected_events

    where
        is_sign_of_life
        or event_name = 'robot.connection_restored'

    group by robot_id

),

-- All states of a robot may change from the day of its earliest affected sign of life on.
stretches as (

    select
        robots.robot_id,
        greatest(
            -- The robot may have been seen earlier before its events were put at another time.
            least(robots.first_event_at, coalesce(affected_robots.first_affected_at, robots.first_event_at)),
            least(
                coalesce(affected_robots.first_affected_at, log_ends.previous_log_end_at, robots.first_event_at),
                coalesce(log_ends.previous_log_end_at, robots.first_event_at),
                log_ends.log_end_at
            )
        ) as started_at,
        log_ends.latest_log_end_at as ended_at

    from robots

    inner join log_ends
        on robots.all_rows = log_ends.all_rows

    left join affected_robots
        on robots.robot_id = affected_robots.robot_id

    {% if should_full_refresh() -%}
    where 1 = 0
    {%- endif %}

),

stretch_days as (

    {{ time_buckets("stretches", "started_at", "ended_at", "day") }}

),

affected_robot_days as (

    select
        robot_id,
        cast(day_at as date) as affected_date

    from stretch_days

)

select * from affected_robot_days
