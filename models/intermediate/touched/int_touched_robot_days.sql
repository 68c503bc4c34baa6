{{ config(materialized="table", dist="all", sort="touched_date") }}

with

lines as (

    select * from {{ ref("base_event_log__lines") }}

),

touched_events as (

    select * from {{ ref("int_touched_events") }}

),

robots as (

    select
        *,
        1 as all_robots

    from {{ ref("int_robots") }}

),

-- The last interval of every robot ends with the log, so the day on which the log ended before
-- this run is touched for all of them.
log_ends as (

    select
        1 as all_robots,
        max(event_at) as log_end_at,
        max(case when processed_run <= {{ last_completed_run() }} then event_at end) as previous_log_end_at

    from lines

    where line_status = 'accepted'

),

touched_robots as (

    select
        robot_id,
        min(event_at) as first_touched_at

    from touched_events

    where is_sign_of_life

    group by robot_id

),

-- From the day of a robot's earliest touched sign of life on, its states may all be different.
stretches as (

    select
        robots.robot_id,
        greatest(
            robots.first_seen_at,
            least(
                coalesce(touched_robots.first_touched_at, log_ends.previous_log_end_at, robots.first_seen_at),
                coalesce(log_ends.previous_log_end_at, robots.first_seen_at),
                log_ends.log_end_at
            )
        ) as started_at,
        greatest(coalesce(log_ends.previous_log_end_at, log_ends.log_end_at), log_ends.log_end_at) as ended_at

    from robots

    inner join log_ends
        on robots.all_robots = log_ends.all_robots

    left join touched_robots
        on robots.robot_id = touched_robots.robot_id

    {% if should_full_refresh() -%}
    where 1 = 0
    {%- endif %}

),

stretch_days as (

    {{ time_buckets("stretches", "started_at", "ended_at", "day") }}

),

touched_robot_days as (

    select
        robot_id,
        cast(day_at as date) as touched_date

    from stretch_days

)

select * from touched_robot_days
