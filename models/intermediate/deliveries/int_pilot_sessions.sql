{{ rebuilt_by("pilot_session") }}
{{ config(dist="pilot_id", sort="started_at") }}

with

pilot_events as (

    select *

    from {{ ref("stg_event_log__pilot_events") }}

    where
        session_id is not null
        and {{ affected("pilot_session", date="event_date") }}

),

started as (

    select
        session_id,
        pilot_id,
        min(robot_id) as robot_id,
        min(case when event_name = 'pilot.session_started' then event_at end) as started_at,
        min(case when event_name = 'pilot.session_ended' then event_at end) as reported_end_at,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from pilot_events

    group by session_id, pilot_id

),

capped as (

    select
        *,
        {{ dbt.dateadd("hour", var("max_session_hours"), "started_at") }} as capped_at

    from started

),

sessions as (

    select
        ----------  ids
        session_id,
        pilot_id,
        robot_id,

        ----------  timestamps
        started_at,
        case
            when started_at is not null
                then greatest(least(coalesce(reported_end_at, capped_at), capped_at), started_at)
        end as ended_at,
        first_event_at,
        last_event_at

    from capped

)

select * from sessions
