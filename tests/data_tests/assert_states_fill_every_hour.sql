-- The states of a robot fill each hour from its first to its last exactly: no second is missing, none
-- counts twice. First and last come from its intervals, so that the test also fails when time_buckets()
-- drops an interval at the edges, as it does with those of more than 65,536 hours.
with

filled_hours as (

    select
        robot_id,
        hour_at,
        sum(duration_seconds) as duration_seconds
    from {{ ref("supply_hours") }}
    group by robot_id, hour_at

),

-- A robot has no hours in which it was retired all the time.
in_fleet as (

    select
        robot_id,
        started_at,
        date_trunc('hour', {{ utc_timestamp("started_at") }}) as first_hour_at,
        date_trunc('hour', {{ dbt.dateadd("millisecond", -1, utc_timestamp("ended_at")) }}) as last_hour_at
    from {{ ref("robot_state_intervals") }}
    where
        state_class <> 'out_of_fleet'
        and ended_at > started_at

),

-- A robot of which one moment alone is known has the hour of it, all unobserved.
moments as (

    select robot_id

    from {{ ref("robot_state_intervals") }}

    group by robot_id

    having
        max(ended_at) = min(started_at)
        and min(started_at) > date_trunc('hour', min(started_at))

),

preceded as (

    select
        *,
        max(last_hour_at) over (
            partition by robot_id
            order by started_at
            rows between unbounded preceding and 1 preceding
        ) as previous_last_hour_at
    from in_fleet

),

compared as (

    select
        robot_id,
        {{ dbt.datediff(
            "greatest(first_hour_at, " ~ dbt.dateadd("hour", 1, "previous_last_hour_at") ~ ")", "last_hour_at", "hour"
        ) }} + 1 as hour_count,
        0 as filled_hour_count,
        0 as wrong_hour_count,
        0 as duration_seconds
    from preceded

    union all

    select
        robot_id,
        1 as hour_count,
        0 as filled_hour_count,
        0 as wrong_hour_count,
        0 as duration_seconds
    from moments

    union all

    select
        robot_id,
        0 as hour_count,
        1 as filled_hour_count,
        case when duration_seconds = 3600 then 0 else 1 end as wrong_hour_count,
        duration_seconds
    from filled_hours

)

select
    robot_id,
    sum(hour_count) as hour_count,
    sum(filled_hour_count) as filled_hour_count,
    sum(wrong_hour_count) as wrong_hour_count,
    sum(duration_seconds) as duration_seconds

from compared

group by robot_id

having
    sum(hour_count) <> sum(filled_hour_count)
    or sum(wrong_hour_count) > 0
    or sum(duration_seconds) <> 3600 * sum(hour_count)
