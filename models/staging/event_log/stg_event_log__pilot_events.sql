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
        help_id,
        session_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        cause,
        priority,
        from_mode,
        to_mode,
        software_version,
        outcome,
        status_value,
        site,

        ---------- numerics
        seq,
        queue_seconds,
        latency_milliseconds,
        duration_seconds,
        remote_seconds,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

    where stream = 'pilot'

)

select * from filtered
