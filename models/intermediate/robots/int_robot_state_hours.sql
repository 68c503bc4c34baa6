{{ rebuilt_by("robot_day", date="hour_date") }}
{{ config(dist="robot_id", sort=["hour_at", "robot_id"]) }}

with

{% if is_incremental() %}

cuts as (

    select
        robot_id,
        cast(min(affected_date) as timestamp) as cut_at

    from {{ ref("int_affected_robot_days") }}

    group by robot_id

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
        software_version,
        hardware_version,
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
        cast(null as varchar(128)) as software_version,
        cast(null as varchar(128)) as hardware_version,
        cast(null as boolean) as is_dispatchable,
        started_at,
        ended_at
    from edges

),

lasting as (

    select *

    from unioned

    where ended_at > started_at

),

in_hours as (

    {{ time_buckets("lasting", "started_at", "ended_at") }}

),

clipped as (

    select
        *,
        greatest(started_at, hour_at) as piece_started_at,
        least(ended_at, {{ dbt.dateadd("hour", 1, "hour_at") }}) as piece_ended_at

    from in_hours

),

pieces as (

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

)

select * from pieces

{{ in_sort_order() }}
