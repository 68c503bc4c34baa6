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
        {{ stream_column('help_id') }} as help_id,
        {{ stream_column('session_id') }} as session_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ stream_column('cause') }} as cause,
        {{ stream_column('priority') }} as priority,
        {{ stream_column('from_mode') }} as from_mode,
        {{ stream_column('to_mode') }} as to_mode,
        {{ stream_column('software_version') }} as software_version,
        {{ stream_column('outcome') }} as outcome,
        {{ stream_column('status_value') }} as status_value,
        {{ stream_column('site') }} as site,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('queue_seconds') }} as queue_seconds,
        {{ stream_column('latency_milliseconds') }} as latency_milliseconds,
        {{ stream_column('duration_seconds') }} as duration_seconds,
        {{ stream_column('remote_seconds') }} as remote_seconds,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at

    from events

)

select * from typed
