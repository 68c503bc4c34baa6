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
        channel,
        currency,
        reason,
        cancelled_by,
        stage,
        fulfilled_by,

        ---------- numerics
        seq,
        items,
        value_cents,
        route_meters,
        total_seconds,
        late_seconds,

        ---------- booleans
        eligible,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at,
        promised_at

    from events

    where stream = 'order'

)

select * from filtered
