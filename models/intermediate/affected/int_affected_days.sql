{{ config(materialized="table", dist="all", sort="affected_date") }}

{% set affected_events = ref("int_affected_events") %}
{% set events = ref("stg_event_log__events") %}
{% set milestones = ref("int_delivery_milestones") %}
{% set pilot_sessions = ref("int_pilot_sessions") %}
{% set orders = ref("int_orders") %}

-- Wherever a affected delivery's or pilot session's window may have lain before this run: a window
-- begins with an event that names it and lasts max_session_hours at most.
{% set affected_deliveries %}
    select
        cast(first_event_at as date) as first_date,
        cast({{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as date) as last_date
    from {{ milestones }}
    where delivery_id in (select delivery_id from {{ affected_events }})
{% endset %}

{% set affected_pilot_sessions %}
    select
        cast(first_event_at as date) as first_date,
        cast({{ dbt.dateadd("hour", var("max_session_hours"), "last_event_at") }} as date) as last_date
    from {{ pilot_sessions }}
    where session_id in (select session_id from {{ affected_events }})
{% endset %}

-- Events that name an order alone follow the delivery's order, so they move when that changes.
{% set affected_orders %}
    select
        cast(first_event_at as date) as first_date,
        cast(last_event_at as date) as last_date
    from {{ orders }}
    where order_id in (
        select order_id
        from {{ events }}
        where
            delivery_id in (select delivery_id from {{ affected_events }})
            and {{ on_days("event_date", days_of(affected_deliveries)) }}
    )
{% endset %}

{% set days = days_of(
    "select event_date as first_date, event_date as last_date from " ~ affected_events
    ~ " union all " ~ affected_deliveries
    ~ " union all " ~ affected_pilot_sessions
    ~ " union all " ~ affected_orders
) %}

with

days as (

    {% for day in days or [none] -%}
        select cast({{ "'" ~ day ~ "'" if day else "null" }} as date) as affected_date
        {{ "union all" if not loop.last }}
    {% endfor %}

),

affected_days as (

    select affected_date

    from days

    where affected_date is not null

)

select * from affected_days
