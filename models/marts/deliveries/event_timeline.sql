{{ rebuilt_by(["day", "robot_day"], date=utc_date("event_at"), at="event_at") }}
{{ config(dist="event_id", sort="event_at") }}

with

events as (

    select
        *,
        date_trunc('hour', event_at) as hour_at,
        coalesce({{ registry_metrics()["takeovers"]["condition"] }}, false) as is_takeover
    from {{ ref("stg_event_log__events") }}

    where {{ affected(["day", "robot_day"], date="event_date") }}

),

state_hours as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where {{ affected(["day", "robot_day"], id=false, date="hour_date") }}

),

timeline as (

    select
        ----------  ids
        events.event_id,
        events.order_id,
        events.delivery_id,
        events.robot_id,
        events.merchant_id,
        events.pilot_id,
        events.emitter_id,
        events.trace_id,

        ----------  text
        events.market,
        events.stream,
        events.event_name,
        events.severity,
        cast(events.summary as varchar(1024)) as summary,
        cast(state_hours.state as varchar(32)) as robot_state,
        events.error_code,
        case when events.error_code is not null then events.component end as component,
        events.service,
        events.service_version,
        cast(events.time_source as varchar(16)) as time_source,

        ----------  numerics
        events.event_version,
        events.seq,
        events.clock_offset_seconds,
        events.event_at_uncertainty_ms,

        ----------  booleans
        events.is_error,
        coalesce(events.is_failure, false) as is_failure,
        events.is_takeover,
        events.has_derived_event_id,

        ----------  timestamps
        {{ utc_timestamptz("events.event_at") }} as event_at,
        {{ utc_timestamptz("events.occurred_at") }} as occurred_at,
        {{ utc_timestamptz("events.received_at") }} as received_at,
        {{ utc_timestamptz("events.loaded_at") }} as loaded_at

    from events

    left join state_hours
        on
            events.robot_id = state_hours.robot_id
            and events.hour_at = state_hours.hour_at
            and events.event_at >= state_hours.started_at
            and events.event_at < state_hours.ended_at

)

select * from timeline

{{ in_sort_order() }}
