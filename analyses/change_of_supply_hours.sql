-- Why did usable supply hours change from one day to another?
-- One row per robot and reason, the largest loss first; usable_seconds_change adds up exactly to the
-- change of supply_hours_daily. Days are those of each market. Vars: change_from and change_to, days as
-- 2026-11-02; without them the last two days of the log.
with

robot_hours as (

    select * from {{ ref("robot_hours_daily") }}

),

last_day as (

    select max(local_date) as last_date from {{ ref("supply_hours_daily") }}

),

compared as (

    select
        {{ day_var("change_from", "cast(" ~ dbt.dateadd("day", -1, "last_date") ~ " as date)") }} as from_date,
        {{ day_var("change_to", "last_date") }} as to_date

    from last_day

),

-- Every second of a robot is usable or lost to a reason, so the usable time is the time the log covers
-- less the time lost. Where a state has no reason, the state itself counts as the reason.
lost as (

    select
        robot_hours.robot_id,
        robot_hours.market,
        robot_hours.local_date,
        robot_hours.state_class,
        case when robot_hours.reason = 'none' then robot_hours.state else robot_hours.reason end as reason,
        robot_hours.usable_seconds - robot_hours.duration_seconds as usable_seconds

    from robot_hours

    where robot_hours.usable_seconds < robot_hours.duration_seconds

),

-- A robot that joined or left the fleet between the days: all of its hours are the change.
covered as (

    select
        robot_id,
        market,
        local_date,
        'in_log' as state_class,
        'in_log' as reason,
        duration_seconds as usable_seconds

    from robot_hours

),

unioned as (

    select * from lost

    union all

    select * from covered

),

compared_days as (

    select
        from_date as local_date,
        1 as is_from,
        0 as is_to
    from compared

    union all

    select
        to_date as local_date,
        0 as is_from,
        1 as is_to
    from compared

),

summed as (

    select
        unioned.robot_id,
        unioned.state_class,
        unioned.reason,
        max(unioned.market) as market,
        sum(unioned.usable_seconds * compared_days.is_from) as from_seconds,
        sum(unioned.usable_seconds * compared_days.is_to) as to_seconds

    from unioned

    inner join compared_days
        on unioned.local_date = compared_days.local_date

    group by unioned.robot_id, unioned.state_class, unioned.reason

)

select
    robot_id,
    market,
    state_class,
    reason,
    {{ seconds_to_hours("abs(from_seconds)") }} as from_hours,
    {{ seconds_to_hours("abs(to_seconds)") }} as to_hours,
    to_seconds - from_seconds as usable_seconds_change,
    {{ seconds_to_hours("to_seconds - from_seconds") }} as usable_hours_change

from summed

where to_seconds <> from_seconds

order by usable_seconds_change asc, robot_id asc, reason asc
