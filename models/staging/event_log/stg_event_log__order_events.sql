-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('order')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'order'

),

typed as (

    select

        ---------- ids
        events.event_id,
        events.order_id,
        events.delivery_id,
        events.merchant_id,
        events.market,
        events.emitter_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ payload_column('events.document', 'channel') }} as channel,
        {{ payload_column('events.document', 'currency') }} as currency,
        {{ payload_column('events.document', 'reason') }} as reason,
        {{ payload_column('events.document', 'cancelled_by') }} as cancelled_by,
        {{ payload_column('events.document', 'stage') }} as stage,
        {{ payload_column('events.document', 'fulfilled_by') }} as fulfilled_by,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,
        {{ payload_column('events.document', 'items') }} as items,
        {{ payload_column('events.document', 'value_cents') }} as value_cents,
        {{ payload_column('events.document', 'route_meters') }} as route_meters,
        {{ payload_column('events.document', 'total_seconds') }} as total_seconds,
        {{ payload_column('events.document', 'late_seconds') }} as late_seconds,

        ---------- booleans
        {{ payload_column('events.document', 'eligible') }} as eligible,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ payload_column('events.document', 'promised_at') }} as promised_at

    from events

)

select * from typed
