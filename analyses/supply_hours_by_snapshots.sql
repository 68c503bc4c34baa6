-- How far off are supply hours that are counted from snapshots, as many dashboards do, instead of events?
-- One row per UTC day. Every snapshot_minutes (a var, 5; one that divides an hour) each robot that is in
-- a usable state at that moment counts as usable until the next snapshot.
{% set minutes = checked_var("snapshot_minutes", "1|2|3|4|5|6|10|12|15|20|30|60", "minutes that divide 60") | int %}

with

state_hours as (

    select * from {{ ref("int_robot_state_hours") }}

),

-- Snapshots of an hour are taken at its whole multiples of snapshot_minutes; how many lie within
-- [started_at, ended_at) is the difference of how many came before each.
counted as (

    select
        *,
        ceil({{ ratio(milliseconds_between("hour_at", "ended_at"), minutes * 60000) }})
        - ceil({{ ratio(milliseconds_between("hour_at", "started_at"), minutes * 60000) }}) as snapshot_count

    from state_hours

),

measured as (

    select
        hour_date,
        robot_id,
        sum(case when is_usable then duration_milliseconds else 0 end) as usable_milliseconds,
        sum(case when is_usable then snapshot_count * {{ minutes }} * 60000 else 0 end) as snapshot_milliseconds

    from counted

    group by hour_date, robot_id

),

compared as (

    select
        *,
        abs(snapshot_milliseconds - usable_milliseconds) as error_milliseconds

    from measured

)

select
    hour_date as utc_date,
    {{ milliseconds_to_hours("sum(usable_milliseconds)") }} as usable_hours,
    {{ milliseconds_to_hours("sum(snapshot_milliseconds)") }} as snapshot_usable_hours,
    {{ milliseconds_to_hours("sum(snapshot_milliseconds - usable_milliseconds)") }} as difference_hours,
    -- In a sum over the fleet the errors of robots would cancel each other out.
    {{ milliseconds_to_hours("sum(error_milliseconds)") }} as robot_error_hours

from compared

group by hour_date

order by hour_date asc
