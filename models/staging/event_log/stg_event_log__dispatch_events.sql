-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('dispatch')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'dispatch'

),

typed as (

    select

        ---------- ids
        events.event_id,
        events.order_id,
        events.delivery_id,
        events.robot_id,
        events.merchant_id,
        events.market,
        events.emitter_id,
        {{ stream_column('offer_id') }} as offer_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ stream_column('reason') }} as reason,
        {{ stream_column('by_value') }} as by_value,
        {{ stream_column('fallback') }} as fallback,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('candidates') }} as candidates,
        {{ stream_column('attempt') }} as attempt,
        {{ stream_column('eta_pickup_seconds') }} as eta_pickup_seconds,
        {{ stream_column('battery_pct') }} as battery_pct,
        {{ stream_column('eta_dropoff_seconds') }} as eta_dropoff_seconds,
        {{ stream_column('attempts') }} as attempts,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ stream_column('requested_for_at') }} as requested_for_at

    from events

)

select * from typed
