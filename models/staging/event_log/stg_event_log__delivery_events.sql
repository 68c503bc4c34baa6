-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select * from {{ ref('base_event_log__events') }}

),

filtered as (

    select

        ---------- ids
        event_id,
        order_id,
        delivery_id,
        robot_id,
        merchant_id,
        market,
        emitter_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        autonomy_mode,
        loaded_by,
        software_version,
        reason,
        channel,
        method,
        disposition,
        cancelled_by,
        stage,

        ---------- numerics
        seq,
        distance_meters,
        travel_seconds,
        eta_error_seconds,
        wait_seconds,
        attempt,
        total_seconds,
        assists,

        ---------- booleans
        delivered_ok,
        success,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

    where stream = 'delivery'

)

select * from filtered
