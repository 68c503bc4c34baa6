-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('pilot')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'pilot'

),

typed as (

    select

        ---------- ids
        events.event_id,
        events.delivery_id,
        events.robot_id,
        events.pilot_id,
        events.market,
        events.emitter_id,
        {{ payload_column('events.document', 'help_id') }} as help_id,
        {{ payload_column('events.document', 'session_id') }} as session_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ payload_column('events.document', 'cause') }} as cause,
        {{ payload_column('events.document', 'priority') }} as priority,
        {{ payload_column('events.document', 'from_mode') }} as from_mode,
        {{ payload_column('events.document', 'to_mode') }} as to_mode,
        {{ payload_column('events.document', 'software_version') }} as software_version,
        {{ payload_column('events.document', 'outcome') }} as outcome,
        {{ payload_column('events.document', 'status_value') }} as status_value,
        {{ payload_column('events.document', 'site') }} as site,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,
        {{ payload_column('events.document', 'queue_seconds') }} as queue_seconds,
        {{ payload_column('events.document', 'latency_milliseconds') }} as latency_milliseconds,
        {{ payload_column('events.document', 'duration_seconds') }} as duration_seconds,
        {{ payload_column('events.document', 'remote_seconds') }} as remote_seconds,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
