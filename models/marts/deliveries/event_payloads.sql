{{ config(materialized="view") }}

with

events as (

    select * from {{ ref("base_event_log__events") }}

),

payloads as (

    select
        ----------  ids
        event_id,
        delivery_id,
        robot_id,
        trace_id,
        span_id,

        ----------  text
        event_name,
        cast({{ json_line("data") }} as varchar(65535)) as data,

        ----------  numerics
        cast(event_version as integer) as event_version,

        ----------  dates
        event_date,

        ----------  timestamps
        {{ utc_timestamptz("event_at") }} as event_at

    from events

)

select * from payloads
