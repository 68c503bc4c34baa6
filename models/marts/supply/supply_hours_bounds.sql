{{ config(materialized="view") }}

with

pieces as (

    select * from {{ ref("int_robot_state_hours") }}

),

-- Each stretch once: of two that are alike either may come first, in one window and not in the next.
doubts as (

    select distinct
        robot_id,
        started_at,
        ended_at

    from {{ ref("int_affected_doubts") }}

    where not is_gone

),

merged as (

    {{ merged_spans("doubts") }}

),

doubt_hours as (

    {{ time_buckets("merged", "started_at", "ended_at") }}

),

doubted_pieces as (

    select
        pieces.robot_id,
        pieces.hour_at,
        pieces.is_usable,
        {{ milliseconds_between(
            "greatest(pieces.started_at, doubt_hours.started_at)",
            "least(pieces.ended_at, doubt_hours.ended_at)",
        ) }} as doubted_milliseconds

    from pieces

    inner join doubt_hours
        on
            pieces.robot_id = doubt_hours.robot_id
            and pieces.hour_at = doubt_hours.hour_at
            and pieces.started_at < doubt_hours.ended_at
            and pieces.ended_at > doubt_hours.started_at

),

doubted as (

    select
        robot_id,
        hour_at,
        sum(case when is_usable then doubted_milliseconds else 0 end) as usable_milliseconds,
        sum(case when is_usable then 0 else doubted_milliseconds end) as other_milliseconds

    from doubted_pieces

    group by robot_id, hour_at

),

summed as (

    select
        robot_id,
        hour_at,
        max(market) as market,
        sum(case when is_usable then duration_milliseconds else 0 end) as usable_milliseconds

    from pieces

    group by robot_id, hour_at

),

bounds as (

    select
        ----------  ids
        summed.robot_id,

        ----------  text
        cast(coalesce(summed.market, 'unknown') as varchar(64)) as market,

        ----------  numerics
        {{ milliseconds_to_seconds("summed.usable_milliseconds") }} as usable_seconds,
        {{ milliseconds_to_seconds("summed.usable_milliseconds - coalesce(doubted.usable_milliseconds, 0)") }}
            as usable_seconds_low,
        {{ milliseconds_to_seconds("summed.usable_milliseconds + coalesce(doubted.other_milliseconds, 0)") }}
            as usable_seconds_high,

        ----------  timestamps
        {{ utc_timestamptz("summed.hour_at") }} as hour_at

    from summed

    left join doubted
        on
            summed.robot_id = doubted.robot_id
            and summed.hour_at = doubted.hour_at

)

select * from bounds
