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
        {{ payload_column('events.document', 'offer_id') }} as offer_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ payload_column('events.document', 'reason') }} as reason,
        {{ payload_column('events.document', 'by_value') }} as by_value,
        {{ payload_column('events.document', 'fallback') }} as fallback,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,
        {{ payload_column('events.document', 'candidates') }} as candidates,
        {{ payload_column('events.document', 'attempt') }} as attempt,
        {{ payload_column('events.document', 'eta_pickup_seconds') }} as eta_pickup_seconds,
        {{ payload_column('events.document', 'battery_pct') }} as battery_pct,
        {{ payload_column('events.document', 'eta_dropoff_seconds') }} as eta_dropoff_seconds,
        {{ payload_column('events.document', 'attempts') }} as attempts,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ payload_column('events.document', 'requested_for_at') }} as requested_for_at

    from events

)

select * from typed
