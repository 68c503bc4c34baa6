{{
    config(
        incremental_predicates=["event_id in (select event_id from {{ ref('int_affected_events') }})"],
        dist="robot_id",
        sort=["robot_id", "event_at"],
    )
}}

{% set affected_events = ref("int_affected_events") %}

with

robot_events as (

    select * from {{ ref("stg_event_log__robot_events") }}

),

failure_events as (

    select
        ----------  ids
        event_id,
        robot_id,
        error_event_id,

        ----------  text
        event_name,
        market,
        component,
        error_code,
        {{ robot_software_version() }} as software_version,
        hardware_version,
        emitter_id,

        ----------  numerics
        seq,

        ----------  timestamps
        event_at

    from robot_events

    where
        robot_id is not null
        and (event_name = 'robot.error_cleared' or (event_name = 'robot.error' and is_failure))
    {% if is_incremental() %}
        and event_id in (select event_id from {{ affected_events }})
        and {{ on_days("event_date", days_of(
            "select event_date as first_date, event_date as last_date from " ~ affected_events
        )) }}
    {% endif %}

)

select * from failure_events
