{{ config(materialized="view") }}

with

pieces as (

    select * from {{ ref("int_robot_state_hours") }}

),

silences as (

    select *

    from {{ ref("int_robot_silences") }}

    where is_silence

),

state_changes as (

    select
        robot_id,
        basis,
        has_lost_transition,
        event_at,
        earliest_at,
        latest_at,
        lag(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_event_at

    from {{ ref("int_robot_state_changes") }}

),

emitter_gaps as (

    select * from {{ ref("emitter_gaps") }}

),

-- Time in which a robot may have been in another state than the log says: nothing was heard, lines are
-- missing, a change of state was lost, or the time of one is not known to the millisecond.
doubts as (

    select
        robot_id,
        last_sign_at as started_at,
        ended_at
    from silences

    union all

    select
        robot_id,
        previous_event_at as started_at,
        event_at as ended_at
    from state_changes
    where
        basis = 'reported'
        and has_lost_transition
        and previous_event_at is not null

    union all

    select
        robot_id,
        event_before_at at time zone 'UTC' as started_at,
        event_after_at at time zone 'UTC' as ended_at
    from emitter_gaps
    where
        robot_id is not null
        and event_before_at is not null

    union all

    select
        robot_id,
        started_at,
        ended_at
    from pieces
    where state = 'unobserved'

    union all

    select
        robot_id,
        earliest_at as started_at,
        latest_at as ended_at
    from state_changes

),

preceded as (

    select
        *,
        max(ended_at) over (
            partition by robot_id
            order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at

    from doubts

    where ended_at > started_at

),

numbered as (

    select
        *,
        sum(case when previous_ended_at >= started_at then 0 else 1 end) over (
            partition by robot_id
            order by started_at, ended_at
            rows between unbounded preceding and current row
        ) as doubt_number

    from preceded

),

merged as (

    select
        robot_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at

    from numbered

    group by robot_id, doubt_number

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
