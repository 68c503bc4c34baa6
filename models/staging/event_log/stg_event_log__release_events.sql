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
        {{ stream_column('component') }} as component,
        {{ stream_column('version') }} as version,
        {{ stream_column('previous_version') }} as previous_version,
        {{ stream_column('kind') }} as kind,
        {{ stream_column('scope') }} as scope,

        ---------- numerics
        events.event_version,
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
