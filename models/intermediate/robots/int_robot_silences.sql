{{ rebuilt_by("robot_day", date="ended_date") }}
{{ config(dist="robot_id", sort="ended_date") }}

{% set is_silent = "ended.ended_at > " ~ dbt.dateadd("minute", var("silence_timeout_minutes"), "ended.last_sign_at") %}

with

events as (

    select * from {{ ref("stg_event_log__events") }}

),

log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

{% if is_incremental() %}

carried as (

    {{ carried_over("last_sign_at") }}

),

{% endif %}

signs_of_life as (

    select
        robot_id,
        emitter_id,
        seq,
        event_id,
        event_at

    from events

    where
        robot_id is not null
        and is_sign_of_life
        and {{ affected("robot_day", date="event_date") }}

    {% if is_incremental() %}
    union all

    -- Where no silence spans the midnight the next sign came in time, and the time of the last one makes no
    -- difference.
    select
        robot_id,
        last_emitter_id as emitter_id,
        last_seq as seq,
        cast(null as varchar(64)) as event_id,
        last_sign_at as event_at
    from carried
    {% endif %}

),

spaced as (

    select
        robot_id,
        emitter_id as last_emitter_id,
        seq as last_seq,
        event_at as last_sign_at,
        lead(emitter_id) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_emitter_id,
        lead(seq) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_seq,
        lead(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_sign_at

    from signs_of_life

),

ended as (

    select
        *,
        coalesce(next_sign_at, (select log_ends.log_end_at from log_ends)) as ended_at

    from spaced

),

silences as (

    select
        ----------  ids
        ended.robot_id,

        ----------  text
        ended.last_emitter_id,

        ----------  numerics
        ended.last_seq,

        ----------  booleans
        {{ is_silent }} as is_silence,
        -- The numbers of the lines tell that the robot went on to log as often as it must. Of two signs of which
        -- there is a row at all, more time lies between.
        coalesce(
            ended.next_emitter_id = ended.last_emitter_id
            and cast(ended.next_seq - ended.last_seq as double precision) * {{ 60000 * var("silence_timeout_minutes") }}
            >= {{ milliseconds_between("ended.last_sign_at", "ended.ended_at") }},
            false
        ) as is_lost_span,

        ----------  timestamps
        cast(ended.ended_at as date) as ended_date,
        ended.last_sign_at,
        ended.next_sign_at,
        ended.ended_at

    from ended

    -- A robot's last sign too, because a later run may find that a silence starts with it.
    where
        ended.next_sign_at is null
        or {{ is_silent }}

)

select * from silences
