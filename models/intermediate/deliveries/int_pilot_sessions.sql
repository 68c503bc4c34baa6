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

-- An id that is used again, the next day say, begins another session. What a clock that is off puts
-- before the first start is of that one.
numbered as (

    select
        *,
        greatest(
            sum(case when event_name = 'pilot.session_started' then 1 else 0 end) over (
                partition by session_id, pilot_id
                order by event_at, emitter_id, seq, event_id
                rows between unbounded preceding and current row
            ),
            1
        ) as session_number

    from pilot_events

),

started as (

    select
        session_id,
        pilot_id,
        session_number,
        min(robot_id) as robot_id,
        min(case when event_name = 'pilot.session_started' then event_at end) as started_at,
        min(case when event_name = 'pilot.session_ended' then event_at end) as reported_end_at,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from numbered

    group by session_id, pilot_id, session_number

),

capped as (

    select
        *,
        {{ dbt.dateadd("hour", var("max_session_hours"), "started_at") }} as capped_at,
        -- Where the line of the end was lost, only what names the session belongs to it for sure.
        coalesce(reported_end_at, last_event_at) as last_known_at

    from started

),

sessions as (

    select
        ----------  ids
        session_id,
        pilot_id,
        robot_id,

        ----------  text
        case when reported_end_at is null then 'inferred' else 'reported' end as basis,

        ----------  numerics
        cast(session_number as integer) as session_number,

        ----------  timestamps
        started_at,
        case
            when started_at is not null
                then greatest(least(last_known_at, capped_at), started_at)
        end as ended_at,
        first_event_at,
        last_event_at

    from capped

)

select * from sessions
