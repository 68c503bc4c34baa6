{{ rebuilt_by("session", at="event_at") }}
{{ config(dist="delivery_id", sort="event_at") }}

with

matches as (

    select *

    from {{ ref("int_event_delivery_matches") }}

    where {{ affected("session", date="event_date") }}

),

event_timeline as (

    select *

    from {{ ref("event_timeline") }}

    where {{ affected("session", id=false, at="event_at") }}

),

-- Events are put in order by the few columns that this takes, before the others are joined: sorting
-- whole rows costs several times as much.
ordered as (

    select
        event_id,
        delivery_id as session_delivery_id,
        match_method,
        match_basis,
        is_ambiguous,
        row_number() over (
            partition by delivery_id
            order by event_at, emitter_id, seq, event_id
        ) as sequence_number,
        row_number() over (
            partition by delivery_id, event_name
            order by event_at, emitter_id, seq, event_id
        ) as event_name_number,
        min(event_at) over (partition by delivery_id) as started_at,
        lag(event_at) over (
            partition by delivery_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_event_at

    from matches

),

joined as (

    select
        event_timeline.*,
        ordered.session_delivery_id,
        ordered.match_method,
        ordered.match_basis,
        ordered.is_ambiguous,
        ordered.sequence_number,
        ordered.event_name_number,
        {{ utc_timestamptz("ordered.started_at") }} as started_at,
        {{ utc_timestamptz("ordered.previous_event_at") }} as previous_event_at

    from ordered

    inner join event_timeline
        on ordered.event_id = event_timeline.event_id

),

session_events as (

    select
        ----------  ids
        session_delivery_id as delivery_id,
        event_id,
        robot_id,
        order_id,
        merchant_id,
        pilot_id,
        trace_id,

        ----------  text
        stream,
        event_name,
        summary,
        severity,
        cast(match_method as varchar(16)) as match_method,
        cast(match_basis as varchar(16)) as match_basis,
        robot_state,
        error_code,
        component,
        service,
        service_version,
        time_source,

        ----------  numerics
        cast(sequence_number as integer) as sequence_number,
        {{ seconds_between("started_at", "event_at") }} as seconds_since_start,
        {{ seconds_between("previous_event_at", "event_at") }} as seconds_since_previous_event,
        event_version,
        clock_offset_seconds,
        event_at_uncertainty_ms,

        ----------  booleans
        is_ambiguous,
        is_error,
        is_failure,
        is_takeover,
        event_name = 'robot.error' and event_name_number = 1 as is_first_error,
        has_derived_event_id,

        ----------  timestamps
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from joined

)

select * from session_events

{{ in_sort_order() }}
