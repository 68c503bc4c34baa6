{{ rebuilt_by("supply_day", id=false, date="local_date", around=1) }}
{{ config(dist="all", sort="local_date") }}

with

robot_hours as (

    select *

    from {{ ref("robot_hours_daily") }}

    where {{ affected("supply_day", id=false, date="local_date", around=1) }}

),

summed as (

    select
        local_date,
        market,
        state_class,
        reason,
        max(reason_class) as reason_class,
        count(distinct robot_id) as robot_count,
        sum(duration_seconds) as down_seconds

    from robot_hours

    where state_class in ('unplanned_down', 'planned_down')

    group by
        local_date,
        market,
        state_class,
        reason

),

shared as (

    select
        *,
        sum(down_seconds) over (partition by local_date, market, state_class) as class_down_seconds

    from summed

),

daily as (

    select
        ----------  ids
        local_date,
        cast(market as varchar(64)) as market,

        ----------  text
        cast(state_class as varchar(32)) as state_class,
        cast(reason as varchar(64)) as reason,
        cast(reason_class as varchar(32)) as reason_class,

        ----------  numerics
        cast(robot_count as integer) as robot_count,
        {{ seconds_to_hours("down_seconds") }} as downtime_hours,
        {{ ratio("down_seconds", "class_down_seconds") }} as share_of_downtime_ratio

    from shared

)

select * from daily
