-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('merchant')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'merchant'

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
        {{ stream_column('reason') }} as reason,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('prep_estimate_seconds') }} as prep_estimate_seconds,
        {{ stream_column('prep_seconds') }} as prep_seconds,

        ---------- booleans
        {{ stream_column('available') }} as available,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
