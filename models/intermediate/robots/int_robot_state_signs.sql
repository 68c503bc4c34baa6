{{ rebuilt_by("robot_day", date="event_date") }}
{{ config(dist="robot_id", sort="event_date") }}

with

robot_events as (

    select
        event_id,
        robot_id,
        market,
        event_name,
        from_state,
        case when event_name = 'robot.state_changed' then to_state else state end as state,
        case when event_name = 'robot.state_changed' then reason end as reason,
        dispatchable as is_dispatchable,
        {{ robot_software_version() }} as software_version,
        hardware_version,
        emitter_id,
        seq,
        event_at_uncertainty_ms,
        event_date,
        event_at

    from {{ ref("stg_event_log__events") }}

    where
        event_name in ('robot.state_changed', 'robot.heartbeat', 'robot.error')
        and robot_id is not null
        and {{ affected("robot_day", date="event_date") }}

),

-- By day, so that a day's rows follow from the events of that day alone.
compared as (

    select
        *,
        lag(event_id) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as previous_event_id,
        lead(event_id) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as next_event_id,
        lag(state) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as previous_state,
        lag(is_dispatchable) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as was_dispatchable,
        lag(software_version) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as previous_software_version,
        lag(hardware_version) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
        ) as previous_hardware_version,
        max(case when state is not null then event_at end) over (
            partition by robot_id, event_date
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and 1 preceding
        ) as previous_state_at

    from robot_events

),

-- Most events are heartbeats that repeat what the one before them said. The first and last of a day stay
-- for the days next to it.
signs as (

    select
        ----------  ids
        event_id,
        robot_id,
        market,

        ----------  text
        event_name,
        from_state,
        state,
        reason,
        software_version,
        hardware_version,
        emitter_id,

        ----------  numerics
        seq,
        event_at_uncertainty_ms,

        ----------  booleans
        is_dispatchable,

        ----------  timestamps
        event_date,
        event_at,
        previous_state_at

    from compared

    where
        event_name = 'robot.state_changed'
        or previous_event_id is null
        or next_event_id is null
        or (state is not null and coalesce(state <> previous_state, true))
        or (is_dispatchable is not null and coalesce(is_dispatchable <> was_dispatchable, true))
        or (software_version is not null and coalesce(software_version <> previous_software_version, true))
        or (hardware_version is not null and coalesce(hardware_version <> previous_hardware_version, true))

)

select * from signs
