-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('delivery')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'delivery'

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

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ stream_column('autonomy_mode') }} as autonomy_mode,
        {{ stream_column('loaded_by') }} as loaded_by,
        {{ stream_column('software_version') }} as software_version,
        {{ stream_column('reason') }} as reason,
        {{ stream_column('channel') }} as channel,
        {{ stream_column('method') }} as method,
        {{ stream_column('disposition') }} as disposition,
        {{ stream_column('cancelled_by') }} as cancelled_by,
        {{ stream_column('stage') }} as stage,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('distance_meters') }} as distance_meters,
        {{ stream_column('travel_seconds') }} as travel_seconds,
        {{ stream_column('eta_error_seconds') }} as eta_error_seconds,
        {{ stream_column('wait_seconds') }} as wait_seconds,
        {{ stream_column('attempt') }} as attempt,
        {{ stream_column('total_seconds') }} as total_seconds,
        {{ stream_column('assists') }} as assists,

        ---------- booleans
        {{ stream_column('delivered_ok') }} as delivered_ok,
        {{ stream_column('success') }} as success,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
