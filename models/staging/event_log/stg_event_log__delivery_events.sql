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
        {{ payload_column('events.document', 'autonomy_mode') }} as autonomy_mode,
        {{ payload_column('events.document', 'loaded_by') }} as loaded_by,
        {{ payload_column('events.document', 'software_version') }} as software_version,
        {{ payload_column('events.document', 'reason') }} as reason,
        {{ payload_column('events.document', 'channel') }} as channel,
        {{ payload_column('events.document', 'method') }} as method,
        {{ payload_column('events.document', 'disposition') }} as disposition,
        {{ payload_column('events.document', 'cancelled_by') }} as cancelled_by,
        {{ payload_column('events.document', 'stage') }} as stage,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,
        {{ payload_column('events.document', 'distance_meters') }} as distance_meters,
        {{ payload_column('events.document', 'travel_seconds') }} as travel_seconds,
        {{ payload_column('events.document', 'eta_error_seconds') }} as eta_error_seconds,
        {{ payload_column('events.document', 'wait_seconds') }} as wait_seconds,
        {{ payload_column('events.document', 'attempt') }} as attempt,
        {{ payload_column('events.document', 'total_seconds') }} as total_seconds,
        {{ payload_column('events.document', 'assists') }} as assists,

        ---------- booleans
        {{ payload_column('events.document', 'delivered_ok') }} as delivered_ok,
        {{ payload_column('events.document', 'success') }} as success,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
