{{ rebuilt_by("robot_day", date=utc_date("hour_at"), at="hour_at") }}
{{ config(dist="robot_id", sort=["hour_at", "robot_id"]) }}

with

state_hours as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where {{ affected("robot_day", date="hour_date") }}

),

downtime_reasons as (

    select * from {{ ref("downtime_reasons") }}

),

summed as (

    select
        robot_id,
        hour_at,
        state,
        reason,
        state_class,
        max(market) as market,
        sum(duration_milliseconds) as milliseconds,
        sum(case when is_usable then duration_milliseconds else 0 end) as usable_milliseconds,
        sum(case when is_usable and is_ready then duration_milliseconds else 0 end) as ready_milliseconds,
        sum(case when is_usable and not is_ready then duration_milliseconds else 0 end) as busy_milliseconds

    from state_hours

    group by robot_id, hour_at, state, reason, state_class

),

supply_hours as (

    select
        ----------  ids
        summed.robot_id,

        ----------  text
        -- A state change may lack the market, and unobserved time has none: the robot's market of the
        -- day counts then, so that all sums by market put an hour into the same one.
        cast(
            coalesce(
                summed.market,
                max(summed.market) over (partition by summed.robot_id, cast(summed.hour_at as date)),
                'unknown'
            ) as varchar(64)
        ) as market,
        cast(summed.state as varchar(32)) as state,
        cast(summed.state_class as varchar(32)) as state_class,
        cast(summed.reason as varchar(64)) as reason,
        cast(downtime_reasons.reason_class as varchar(32)) as reason_class,

        ----------  numerics
        {{ milliseconds_to_seconds("summed.milliseconds") }} as duration_seconds,
        {{ milliseconds_to_seconds("summed.usable_milliseconds") }} as usable_seconds,
        {{ milliseconds_to_seconds("summed.ready_milliseconds") }} as ready_seconds,
        {{ milliseconds_to_seconds("summed.busy_milliseconds") }} as busy_seconds,

        ----------  timestamps
        {{ utc_timestamptz("summed.hour_at") }} as hour_at

    from summed

    left join downtime_reasons
        on summed.reason = downtime_reasons.reason

)

select * from supply_hours

{{ in_sort_order() }}
