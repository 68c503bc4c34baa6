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
        pilot_id,
        market,
        emitter_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        rejected_name,
        reasons,
        sample_hash,
        last_emitter_id,

        ---------- numerics
        seq,
        last_seq,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

    where stream = 'telemetry'

)

select * from filtered
