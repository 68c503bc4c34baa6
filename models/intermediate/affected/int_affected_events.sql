{{ config(materialized="table", dist="even", sort="event_date") }}

with

-- Events that this run read a copy of: which of their copies is the event may have changed.
ranked_anew as (

    select distinct event_id

    from {{ ref("base_event_log__copies") }}

    where processed_run > {{ last_completed_run() }}

),

lines as (

    select *

    from {{ ref("base_event_log__lines") }}

    where processed_run > {{ last_completed_run() }}

    union all

    select *

    from {{ ref("base_event_log__lines") }}

    where
        processed_run <= {{ last_completed_run() }}
        and event_id in (select ranked_anew.event_id from ranked_anew)

),

affected as (

    select
        ----------  ids
        event_id,
        order_id,
        delivery_id,
        robot_id,
        pilot_id,
        session_id,
        error_event_id,

        ----------  text
        event_name,
        line_status,

        ----------  booleans
        is_sign_of_life,

        ----------  timestamps
        event_date,
        event_at,
        received_at

    from lines

    where
        line_status <> 'quarantined'
    {% if should_full_refresh() %}
        and 1 = 0
    {% endif %}

)

select * from affected
