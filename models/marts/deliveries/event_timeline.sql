{{ config(dist="robot_id", sort=["robot_id", "event_at"]) }}

with

events as (

    select
        *,
        date_trunc('hour', event_at) as hour_at
    from {{ ref("stg_event_log__events") }}

),

state_hours as (

    select * from {{ ref("int_robot_state_hours") }}

),

error_codes as (

    select
        event_id,
        error_code,
        component,
        is_failure
    from {{ ref("stg_event_log__robot_events") }}
    where error_code is not null

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
        error_codes.error_code,
        error_codes.component,
        events.service,
        events.service_version,
        cast(events.time_source as varchar(16)) as time_source,

        ----------  numerics
        events.seq,

        ----------  booleans
        events.is_error,
        coalesce(error_codes.is_failure, false) as is_failure,

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

    left join error_codes
        on events.event_id = error_codes.event_id

)

select * from timeline
