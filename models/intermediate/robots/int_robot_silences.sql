{{ rebuilt_by("robot_day", date="ended_date") }}
{{ config(dist="robot_id", sort="ended_date") }}

{% set is_silent = "ended.ended_at > " ~ dbt.dateadd("minute", var("silence_timeout_minutes"), "ended.last_sign_at") %}

with

events as (

    select * from {{ ref("stg_event_log__events") }}

),

log_end as (

    select max(event_at) as last_event_at from events

),

signs_of_life as (

    select
        robot_id,
        event_at,
        emitter_id,
        seq,
        event_id,
        case when event_name = 'robot.state_changed' then 1 else 0 end as is_state_change

    from events

    where
        robot_id is not null
        and is_sign_of_life
        and {{ affected("robot_day", date="event_date") }}

),

sign_times as (

    select
        robot_id,
        event_at,
        count(*) as sign_count,
        sum(is_state_change) as state_change_count

    from signs_of_life

    group by robot_id, event_at

    {% if is_incremental() %}

    union all

    -- The last sign before a robot's first affected day, where a silence spans that midnight. Where none
    -- does, the next sign came in time, and the time of the last one makes no difference.
    select
        silences.robot_id,
        silences.last_sign_at as event_at,
        1 as sign_count,
        0 as state_change_count
    from {{ this }} as silences
    inner join (
        select
            robot_id,
            cast(min(affected_date) as timestamp) as cut_at
        from {{ ref("int_affected_robot_days") }}
        group by robot_id
    ) as cuts
        on silences.robot_id = cuts.robot_id
    where
        silences.last_sign_at < cuts.cut_at
        and silences.ended_date >= cast(cuts.cut_at as date)

    {% endif %}

),

-- Signs at the same time, some of them state changes and some not, in their order.
ordered_signs as (

    select
        signs_of_life.robot_id,
        signs_of_life.event_at,
        signs_of_life.is_state_change,
        row_number() over (
            partition by signs_of_life.robot_id, signs_of_life.event_at
            order by signs_of_life.emitter_id, signs_of_life.seq, signs_of_life.event_id
        ) as place

    from signs_of_life

    inner join sign_times
        on
            signs_of_life.robot_id = sign_times.robot_id
            and signs_of_life.event_at = sign_times.event_at

    where
        sign_times.state_change_count > 0
        and sign_times.state_change_count < sign_times.sign_count

),

spaced as (

    select
        robot_id,
        event_at as last_sign_at,
        lead(event_at) over (partition by robot_id order by event_at) as next_sign_at,
        lead(sign_count) over (partition by robot_id order by event_at) as next_sign_count,
        lead(state_change_count) over (partition by robot_id order by event_at) as next_state_change_count

    from sign_times

),

ended as (

    select
        *,
        coalesce(next_sign_at, (select log_end.last_event_at from log_end)) as ended_at

    from spaced

),

silences as (

    select
        ----------  ids
        ended.robot_id,

        ----------  booleans
        coalesce(
            ended.next_state_change_count = ended.next_sign_count
            or ordered_signs.is_state_change = 1,
            false
        ) as is_ended_by_state_change,
        {{ is_silent }} as is_silence,

        ----------  timestamps
        cast(ended.ended_at as date) as ended_date,
        ended.last_sign_at,
        ended.next_sign_at,
        ended.ended_at

    from ended

    left join ordered_signs
        on
            ended.robot_id = ordered_signs.robot_id
            and ended.next_sign_at = ordered_signs.event_at
            and ordered_signs.place = 1

    -- A robot's last sign too, because a later run may find that a silence starts with it.
    where
        ended.next_sign_at is null
        or {{ is_silent }}

)

select * from silences
