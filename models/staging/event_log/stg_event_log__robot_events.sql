-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select
        *,
        {{ json_document('data', fields_of_stream('robot')) }} as document

    from {{ ref('base_event_log__events') }}

    where stream = 'robot'

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
        {{ stream_column('error_event_id') }} as error_event_id,
        {{ stream_column('ticket_id') }} as ticket_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ stream_column('from_state') }} as from_state,
        {{ stream_column('to_state') }} as to_state,
        {{ stream_column('reason') }} as reason,
        {{ stream_column('hardware_version') }} as hardware_version,
        {{ stream_column('state') }} as state,
        {{ stream_column('error_code') }} as error_code,
        {{ stream_column('component') }} as component,
        {{ stream_column('severity_value') }} as severity_value,
        {{ stream_column('detail') }} as detail,
        {{ stream_column('resolution') }} as resolution,
        {{ stream_column('last_emitter_id') }} as last_emitter_id,
        {{ stream_column('cause') }} as cause,
        {{ stream_column('autonomy_mode') }} as autonomy_mode,
        {{ stream_column('to_value') }} as to_value,
        {{ stream_column('actor') }} as actor,
        {{ stream_column('kind') }} as kind,
        {{ stream_column('work_type') }} as work_type,
        {{ stream_column('location') }} as location,
        {{ stream_column('components') }} as components,
        {{ stream_column('from_version') }} as from_version,
        {{ stream_column('to_version') }} as to_version,
        {{ stream_column('result') }} as result,

        ---------- numerics
        events.event_version,
        events.seq,
        events.event_at_uncertainty_ms,
        {{ stream_column('battery_pct') }} as battery_pct,
        {{ stream_column('lat') }} as lat,
        {{ stream_column('lon') }} as lon,
        {{ stream_column('state_seq') }} as state_seq,
        {{ stream_column('signal_dbm') }} as signal_dbm,
        {{ stream_column('last_seq') }} as last_seq,
        {{ stream_column('down_seconds') }} as down_seconds,
        {{ stream_column('gap_seconds') }} as gap_seconds,
        {{ stream_column('first_seq') }} as first_seq,
        {{ stream_column('stuck_seconds') }} as stuck_seconds,
        {{ stream_column('speed_meters_per_second') }} as speed_meters_per_second,
        {{ stream_column('duration_seconds') }} as duration_seconds,

        ---------- booleans
        {{ stream_column('dispatchable') }} as dispatchable,
        {{ stream_column('is_failure') }} as is_failure,
        {{ stream_column('recoverable') }} as recoverable,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ stream_column('last_seen_at') }} as last_seen_at

    from events

)

select * from typed
