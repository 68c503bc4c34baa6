{{ config(dist="robot_id", sort=["hour_at", "robot_id"]) }}

with

intervals as (

    select * from {{ ref("int_robot_state_intervals") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

spans as (

    select * from {{ ref("int_hour_spans") }}

),

robots as (

    select
        robot_id,
        min(started_at) as first_at,
        max(ended_at) as last_at

    from intervals

    group by robot_id

),

-- What was not observed in a robot's first and last hour is said to be so: the states of a robot
-- then fill each of its hours, with no exception at the edges.
edges as (

    select
        robot_id,
        date_trunc('hour', first_at) as started_at,
        first_at as ended_at
    from robots

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
        started_at,
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

measured as (

    select
        *,
        date_trunc('hour', started_at) as first_hour_at,
        {{ dbt.datediff("started_at", "ended_at", "hour") }} as span_hours

    from unioned

    where ended_at > started_at

),

in_blocks as (

    select
        measured.*,
        blocks.hour_offset * 256 as block_offset,
        case
            when blocks.hour_offset < blocks.span_hours then 255
            else mod(measured.span_hours, 256)
        end as block_span_hours

    from measured

    inner join spans as blocks
        on cast(floor(measured.span_hours / 256.0) as integer) = blocks.span_hours

),

in_hours as (

    select
        in_blocks.*,
        {{ dbt.dateadd("hour", "in_blocks.block_offset + hours.hour_offset", "in_blocks.first_hour_at") }} as hour_at

    from in_blocks

    inner join spans as hours
        on in_blocks.block_span_hours = hours.span_hours

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
        clipped.hour_at,
        clipped.piece_started_at as started_at,
        clipped.piece_ended_at as ended_at

    from clipped

    left join robot_states
        on clipped.state = robot_states.state

    where clipped.piece_ended_at > clipped.piece_started_at

)

select * from pieces
