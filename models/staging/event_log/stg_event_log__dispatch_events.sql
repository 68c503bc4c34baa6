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
        offer_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        reason,
        by_value,
        fallback,

        ---------- numerics
        seq,
        candidates,
        attempt,
        eta_pickup_seconds,
        battery_pct,
        eta_dropoff_seconds,
        attempts,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at,
        requested_for_at

    from events

    where stream = 'dispatch'

)

select * from filtered
