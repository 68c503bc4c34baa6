-- Why did usable supply hours change from one UTC day to another?
-- One row per robot and reason, the largest loss first; usable_seconds_change adds up exactly to the
-- change of supply_hours_daily. Vars: change_from and change_to, days as 2026-11-02; without them the
-- last two days of the log.
with

supply_hours as (

    select
        *,
        cast(hour_at at time zone 'UTC' as date) as supply_date

    from {{ ref("supply_hours") }}

),

last_day as (

    select max(supply_date) as last_date from {{ ref("supply_hours_daily") }}

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
        supply_hours.robot_id,
        supply_hours.market,
        supply_hours.supply_date,
        supply_hours.state_class,
        case when supply_hours.reason = 'none' then supply_hours.state else supply_hours.reason end as reason,
        supply_hours.usable_seconds - supply_hours.duration_seconds as usable_seconds

    from supply_hours

    where supply_hours.usable_seconds < supply_hours.duration_seconds

),

-- A robot that joined or left the fleet between the days: all of its hours are the change.
covered as (

    select
        robot_id,
        market,
        supply_date,
        'in_log' as state_class,
        'in_log' as reason,
        duration_seconds as usable_seconds

    from supply_hours

),

unioned as (

    select * from lost

    union all

    select * from covered

),

compared_days as (

    select
        from_date as supply_date,
        1 as is_from,
        0 as is_to
    from compared

    union all

    select
        to_date as supply_date,
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
        on unioned.supply_date = compared_days.supply_date

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
