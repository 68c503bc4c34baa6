{{ config(dist="pilot_id", sort=["pilot_id", "started_at"]) }}

with

pilot_events as (

    select *

    from {{ ref("stg_event_log__pilot_events") }}

    where session_id is not null

),

started as (

    select
        session_id,
        pilot_id,
        min(robot_id) as robot_id,
        min(case when event_name = 'pilot.session_started' then event_at end) as started_at,
        min(case when event_name = 'pilot.session_ended' then event_at end) as reported_end_at

    from pilot_events

    group by session_id, pilot_id

),

capped as (

    select
        *,
        {{ dbt.dateadd("hour", var("max_session_hours"), "started_at") }} as capped_at

    from started

    where
        started_at is not null
        and pilot_id is not null
        and robot_id is not null

),

sessions as (

    select
        ----------  ids
        session_id,
        pilot_id,
        robot_id,

        ----------  timestamps
        started_at,
        greatest(least(coalesce(reported_end_at, capped_at), capped_at), started_at) as ended_at

    from capped

)

select * from sessions
