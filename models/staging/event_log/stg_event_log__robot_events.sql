-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select * from {{ ref('base_event_log__events') }}

),

filtered as (

    select

        ---------- ids
        event_id,
        delivery_id,
        robot_id,
        pilot_id,
        market,
        emitter_id,
        error_event_id,
        ticket_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        from_state,
        to_state,
        reason,
        hardware_version,
        state,
        error_code,
        component,
        severity_value,
        detail,
        resolution,
        last_emitter_id,
        cause,
        autonomy_mode,
        to_value,
        actor,
        kind,
        work_type,
        location,
        components,
        from_version,
        to_version,
        result,

        ---------- numerics
        seq,
        battery_pct,
        lat,
        lon,
        state_seq,
        signal_dbm,
        last_seq,
        down_seconds,
        gap_seconds,
        first_seq,
        stuck_seconds,
        speed_meters_per_second,
        duration_seconds,

        ---------- booleans
        dispatchable,
        is_failure,
        recoverable,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at,
        last_seen_at

    from events

    where stream = 'robot'

)

select * from filtered
