-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('telemetry')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'telemetry'

),

typed as (

    select

        ---------- ids
        events.event_id,
        events.order_id,
        events.delivery_id,
        events.robot_id,
        events.merchant_id,
        events.pilot_id,
        events.market,
        events.emitter_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ stream_column('rejected_name') }} as rejected_name,
        {{ stream_column('reasons') }} as reasons,
        {{ stream_column('sample_hash') }} as sample_hash,
        {{ stream_column('last_emitter_id') }} as last_emitter_id,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('last_seq') }} as last_seq,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
