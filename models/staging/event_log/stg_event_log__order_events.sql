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
        {{ stream_column('channel') }} as channel,
        {{ stream_column('currency') }} as currency,
        {{ stream_column('reason') }} as reason,
        {{ stream_column('cancelled_by') }} as cancelled_by,
        {{ stream_column('stage') }} as stage,
        {{ stream_column('fulfilled_by') }} as fulfilled_by,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('items') }} as items,
        {{ stream_column('value_cents') }} as value_cents,
        {{ stream_column('route_meters') }} as route_meters,
        {{ stream_column('total_seconds') }} as total_seconds,
        {{ stream_column('late_seconds') }} as late_seconds,

        ---------- booleans
        {{ stream_column('eligible') }} as eligible,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ stream_column('promised_at') }} as promised_at

    from events

)

select * from typed
