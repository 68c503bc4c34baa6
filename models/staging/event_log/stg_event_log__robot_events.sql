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
        {{ payload_column('events.document', 'error_event_id') }} as error_event_id,
        {{ payload_column('events.document', 'ticket_id') }} as ticket_id,

        ---------- text
        events.event_name,
        events.service,
        events.env,
        events.service_version,
        {{ payload_column('events.document', 'from_state') }} as from_state,
        {{ payload_column('events.document', 'to_state') }} as to_state,
        {{ payload_column('events.document', 'reason') }} as reason,
        {{ payload_column('events.document', 'hardware_version') }} as hardware_version,
        {{ payload_column('events.document', 'state') }} as state,
        {{ payload_column('events.document', 'error_code') }} as error_code,
        {{ payload_column('events.document', 'component') }} as component,
        {{ payload_column('events.document', 'severity_value') }} as severity_value,
        {{ payload_column('events.document', 'detail') }} as detail,
        {{ payload_column('events.document', 'resolution') }} as resolution,
        {{ payload_column('events.document', 'last_emitter_id') }} as last_emitter_id,
        {{ payload_column('events.document', 'cause') }} as cause,
        {{ payload_column('events.document', 'autonomy_mode') }} as autonomy_mode,
        {{ payload_column('events.document', 'to_value') }} as to_value,
        {{ payload_column('events.document', 'actor') }} as actor,
        {{ payload_column('events.document', 'kind') }} as kind,
        {{ payload_column('events.document', 'work_type') }} as work_type,
        {{ payload_column('events.document', 'location') }} as location,
        {{ payload_column('events.document', 'components') }} as components,
        {{ payload_column('events.document', 'from_version') }} as from_version,
        {{ payload_column('events.document', 'to_version') }} as to_version,
        {{ payload_column('events.document', 'result') }} as result,

        ---------- numerics
        events.seq,
        events.event_at_uncertainty_ms,
        {{ payload_column('events.document', 'battery_pct') }} as battery_pct,
        {{ payload_column('events.document', 'lat') }} as lat,
        {{ payload_column('events.document', 'lon') }} as lon,
        {{ payload_column('events.document', 'state_seq') }} as state_seq,
        {{ payload_column('events.document', 'signal_dbm') }} as signal_dbm,
        {{ payload_column('events.document', 'last_seq') }} as last_seq,
        {{ payload_column('events.document', 'down_seconds') }} as down_seconds,
        {{ payload_column('events.document', 'gap_seconds') }} as gap_seconds,
        {{ payload_column('events.document', 'first_seq') }} as first_seq,
        {{ payload_column('events.document', 'stuck_seconds') }} as stuck_seconds,
        {{ payload_column('events.document', 'speed_meters_per_second') }} as speed_meters_per_second,
        {{ payload_column('events.document', 'duration_seconds') }} as duration_seconds,

        ---------- booleans
        {{ payload_column('events.document', 'dispatchable') }} as dispatchable,
        {{ payload_column('events.document', 'is_failure') }} as is_failure,
        {{ payload_column('events.document', 'recoverable') }} as recoverable,

        ---------- timestamps
        events.event_date,
        events.event_at,
        events.occurred_at,
        events.received_at,
        events.loaded_at,
        {{ payload_column('events.document', 'last_seen_at') }} as last_seen_at

    from events

)

select * from typed
