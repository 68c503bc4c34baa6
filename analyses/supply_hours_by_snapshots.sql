-- How far off are supply hours that are counted from snapshots, as many dashboards do, instead of events?
-- One row per UTC day. Every snapshot_minutes (a var, 5; one that divides an hour) each robot that is in
-- a usable state just then counts as usable until the next snapshot.
{% set minutes = checked_var("snapshot_minutes", "1|2|3|4|5|6|10|12|15|20|30|60", "minutes that divide 60") | int %}

with

state_hours as (

    select * from {{ ref("int_robot_state_hours") }}

),

instants as (

    {% for offset in range(0, 60, minutes) %}
        select {{ offset }} as offset_minutes
        {{ "union all" if not loop.last }}
    {% endfor %}

),

snapshots as (

    select
        state_hours.hour_date,
        state_hours.robot_id,
        count(*) * {{ minutes }} * 60000 as snapshot_milliseconds

    from state_hours

    cross join instants

    where
        state_hours.is_usable
        and {{ dbt.dateadd("minute", "instants.offset_minutes", "state_hours.hour_at") }} >= state_hours.started_at
        and {{ dbt.dateadd("minute", "instants.offset_minutes", "state_hours.hour_at") }} < state_hours.ended_at

    group by state_hours.hour_date, state_hours.robot_id

),

measured as (

    select
        hour_date,
        robot_id,
        sum(case when is_usable then duration_milliseconds else 0 end) as usable_milliseconds

    from state_hours

    group by hour_date, robot_id

),

compared as (

    select
        measured.hour_date,
        measured.usable_milliseconds,
        coalesce(snapshots.snapshot_milliseconds, 0) as snapshot_milliseconds,
        abs(coalesce(snapshots.snapshot_milliseconds, 0) - measured.usable_milliseconds) as error_milliseconds

    from measured

    left join snapshots
        on
            measured.hour_date = snapshots.hour_date
            and measured.robot_id = snapshots.robot_id

)

select
    hour_date as supply_date,
    {{ milliseconds_to_hours("sum(usable_milliseconds)") }} as usable_hours,
    {{ milliseconds_to_hours("sum(snapshot_milliseconds)") }} as snapshot_usable_hours,
    {{ milliseconds_to_hours("sum(snapshot_milliseconds - usable_milliseconds)") }} as difference_hours,
    -- Errors of one robot cancel those of another in the fleet's sum, not here.
    {{ milliseconds_to_hours("sum(error_milliseconds)") }} as robot_error_hours

from compared

group by hour_date

order by hour_date asc
