{{ rebuilt_by("receipt_day", date="received_date") }}
{{ config(dist="robot_id", sort="received_date") }}

with

-- Only lines that the robot logged itself, because a service that names the robot has another clock.
-- They have the robot as host in emitter_id, service/host/boot.
robot_events as (

    select
        *,
        cast(received_at as date) as received_date,
        {{ milliseconds_between("occurred_at", "received_at") }} as receipt_milliseconds

    from {{ ref("base_event_log__events") }}

    where
        -- A receiver whose own clock was wrong tells nothing of the robot's.
        received_at = arrived_at
        and robot_id = {{ emitter_part("emitter_id", 2) }}
        and {{ affected_span("receipt_day", "received_at", "received_at") }}

),

clock_skew as (

    select
        ----------  ids
        robot_id,

        ----------  numerics
        count(*) as event_count,
        cast(sum(case when time_source <> 'occurred_at' then 1 else 0 end) as bigint) as corrected_event_count,
        {{ milliseconds_to_seconds("min(receipt_milliseconds)") }} as occurred_to_received_min_seconds,
        {{ ratio("sum(receipt_milliseconds)", "count(receipt_milliseconds) * 1000") }}
            as occurred_to_received_avg_seconds,
        {{ milliseconds_to_seconds("max(receipt_milliseconds)") }} as occurred_to_received_max_seconds,
        {{ milliseconds_to_seconds("-min(receipt_milliseconds)") }} as clock_ahead_estimate_seconds,

        ----------  timestamps
        received_date

    from robot_events

    group by robot_id, received_date

)

select * from clock_skew
