-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('release')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'release'

),

typed as (

    select

        ---------- ids
        events.event_id,
        events.market,
        events.emitter_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ payload_column('events.document', 'component') }} as component,
        {{ payload_column('events.document', 'version') }} as version,
        {{ payload_column('events.document', 'previous_version') }} as previous_version,
        {{ payload_column('events.document', 'kind') }} as kind,
        {{ payload_column('events.document', 'scope') }} as scope,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
