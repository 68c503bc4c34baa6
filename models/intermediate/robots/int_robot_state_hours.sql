{{ rebuilt_by("robot_day", date="hour_date") }}
{{ config(dist="robot_id", sort=["hour_at", "robot_id"]) }}

with

{% if is_incremental() %}

cuts as (

    {{ robot_cuts() }}

),

{% endif %}

intervals as (

    select
        intervals.*,
        {{ "cuts.cut_at" if is_incremental() else "cast(null as timestamp)" }} as cut_at

    from {{ ref("int_robot_state_intervals") }} as intervals

    {% if is_incremental() %}
        inner join cuts
            on intervals.robot_id = cuts.robot_id

        where intervals.ended_at >= cuts.cut_at
    {% endif %}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

versions as (

    select *

    from {{ ref("int_robot_versions") }}

    where {{ affected("robot_day", date="version_date") }}

),

robots as (

    select
        robot_id,
        min(started_at) as first_at,
        max(ended_at) as last_at,
        min(cut_at) as cut_at

    from intervals

    group by robot_id

),

-- The rest of a robot's first and last hour becomes unobserved, so that its states fill each of its
-- hours, the first and last included.
edges as (

    select
        robot_id,
        date_trunc('hour', first_at) as started_at,
        first_at as ended_at
    from robots
    -- The first hour of a robot that was known before the cut has been written by an earlier run.
    where cut_at is null or first_at >= cut_at

    union all

    select
        robot_id,
        last_at as started_at,
        {{ dbt.dateadd("hour", 1, "date_trunc('hour', last_at)") }} as ended_at
    from robots
    where last_at > date_trunc('hour', last_at)

),

unioned as (

    select
        robot_id,
        market,
        state,
        reason,
        is_dispatchable,
        greatest(started_at, cut_at) as started_at,
        ended_at
    from intervals

    union all

    select
        robot_id,
        cast(null as varchar(64)) as market,
        'unobserved' as state,
        'none' as reason,
        cast(null as boolean) as is_dispatchable,
        started_at,
        ended_at
    from edges

),

in_hours as (

    {{ time_buckets("unioned", "started_at", "ended_at") }}

),

-- Cut at the hours, and where the robot got another version.
clipped as (

    select
        in_hours.*,
        versions.software_version,
        versions.hardware_version,
        greatest(in_hours.started_at, in_hours.hour_at, versions.started_at) as piece_started_at,
        least(in_hours.ended_at, {{ dbt.dateadd("hour", 1, "in_hours.hour_at") }}, versions.ended_at) as piece_ended_at

    from in_hours

    left join versions
        on
            in_hours.robot_id = versions.robot_id
            and cast(in_hours.hour_at as date) = versions.version_date
            and in_hours.started_at < versions.ended_at
            and in_hours.ended_at > versions.started_at
            and in_hours.state <> 'unobserved'

),

classed as (

    select
        ----------  ids
        clipped.robot_id,
        clipped.market,

        ----------  text
        clipped.state,
        clipped.reason,
        coalesce(robot_states.state_class, 'unknown') as state_class,
        clipped.software_version,
        clipped.hardware_version,

        ----------  numerics
        {{ milliseconds_between("clipped.piece_started_at", "clipped.piece_ended_at") }} as duration_milliseconds,

        ----------  booleans
        coalesce(
            robot_states.usable = 'always'
            or (robot_states.usable = 'when_dispatchable' and clipped.is_dispatchable),
            false
        ) as is_usable,
        coalesce(robot_states.activity = 'ready', false) as is_ready,
        coalesce(robot_states.is_operating, false) as is_operating,

        ----------  timestamps
        cast(clipped.hour_at as date) as hour_date,
        clipped.hour_at,
        clipped.piece_started_at as started_at,
        clipped.piece_ended_at as ended_at

    from clipped

    left join robot_states
        on clipped.state = robot_states.state

    where clipped.piece_ended_at > clipped.piece_started_at

),

in_fleet as (

    select
        *,
        max(case when state_class = 'out_of_fleet' then 1 else 0 end) over (
            partition by robot_id, hour_at
        ) as is_retired,
        max(case when state_class in ('out_of_fleet', 'unobserved') then 0 else 1 end) over (
            partition by robot_id, hour_at
        ) as is_in_fleet

    from classed

),

-- A retired robot leaves the fleet with the end of the hour.
pieces as (

    select
        robot_id,
        market,
        state,
        reason,
        state_class,
        software_version,
        hardware_version,
        duration_milliseconds,
        is_usable,
        is_ready,
        is_operating,
        hour_date,
        hour_at,
        started_at,
        ended_at

    from in_fleet

    where
        is_in_fleet = 1
        or is_retired = 0

)

select * from pieces

{{ in_sort_order() }}
