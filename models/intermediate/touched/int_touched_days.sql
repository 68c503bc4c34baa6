{{ config(materialized="table", dist="all", sort="touched_date") }}

{% set touched_events = ref("int_touched_events") %}
{% set events = ref("stg_event_log__events") %}
{% set milestones = ref("int_delivery_milestones") %}
{% set pilot_sessions = ref("int_pilot_sessions") %}
{% set orders = ref("int_orders") %}

-- Wherever a touched delivery's or pilot session's window may have lain before this run: a window
-- begins with an event that names it and lasts max_session_hours at most.
{% set touched_deliveries %}
    select
        cast(first_named_at as date) as first_date,
        cast({{ dbt.dateadd("hour", var("max_session_hours"), "last_named_at") }} as date) as last_date
    from {{ milestones }}
    where delivery_id in (select delivery_id from {{ touched_events }})
{% endset %}

{% set touched_pilot_sessions %}
    select
        cast(first_named_at as date) as first_date,
        cast({{ dbt.dateadd("hour", var("max_session_hours"), "last_named_at") }} as date) as last_date
    from {{ pilot_sessions }}
    where session_id in (select session_id from {{ touched_events }})
{% endset %}

-- Events that name an order alone follow the delivery's order, so they move when that changes.
{% set touched_orders %}
    select
        cast(first_named_at as date) as first_date,
        cast(last_named_at as date) as last_date
    from {{ orders }}
    where order_id in (
        select order_id
        from {{ events }}
        where
            delivery_id in (select delivery_id from {{ touched_events }})
            and {{ on_days("event_date", days_of(touched_deliveries)) }}
    )
{% endset %}

{% set days = days_of(
    "select event_date as first_date, event_date as last_date from " ~ touched_events
    ~ " union all " ~ touched_deliveries
    ~ " union all " ~ touched_pilot_sessions
    ~ " union all " ~ touched_orders
) %}

with

days as (

    {% for day in days or [none] -%}
        select cast({{ "'" ~ day ~ "'" if day else "null" }} as date) as touched_date
        {{ "union all" if not loop.last }}
    {% endfor %}

),

touched_days as (

    select touched_date

    from days

    where touched_date is not null

)

select * from touched_days
