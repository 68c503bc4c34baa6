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
        merchant_id,
        market,
        emitter_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        reason,

        ---------- numerics
        seq,
        prep_estimate_seconds,
        prep_seconds,

        ---------- booleans
        available,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

    where stream = 'merchant'

)

select * from filtered
