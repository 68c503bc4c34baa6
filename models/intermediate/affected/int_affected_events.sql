{{ config(materialized="table", dist="even", sort="event_date") }}

with

lines as (

    select * from {{ ref("base_event_log__lines") }}

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
        -- Duplicates and earlier copies too: which of them is the event may have changed.
        line_status <> 'quarantined'
        {% if should_full_refresh() %}
            and 1 = 0
        {% else %}
            and (
                processed_run > {{ last_completed_run() }}
                or event_id in (
                    select copies.event_id
                    from {{ ref("base_event_log__copies") }} as copies
                    where copies.processed_run > {{ last_completed_run() }}
                )
            )
        {% endif %}

)

select * from affected
