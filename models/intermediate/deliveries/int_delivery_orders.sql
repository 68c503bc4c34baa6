{{ rebuilt_by("delivery") }}
{{ config(dist="delivery_id", sort="delivery_id") }}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        delivery_id is not null
        and {{ affected("delivery", date="event_date") }}

),

named as (

    select distinct
        delivery_id,
        order_id

    from events

    where order_id is not null

),

-- Of several orders each has the lines that name it, and those that name none.
delivery_orders as (

    select
        ----------  ids
        named.delivery_id,
        named.order_id,

        ----------  numerics
        count(*) over (partition by named.delivery_id) as order_count,

        ----------  timestamps
        {% for step in registry_funnel_steps() if step.step != "order_created" %}
            min(case when events.funnel_step = '{{ step.step }}' then events.event_at end) as {{ step.column }},
        {% endfor %}
        min(events.event_at) as first_event_at

    from named

    inner join events
        on
            named.delivery_id = events.delivery_id
            and named.order_id = coalesce(events.order_id, named.order_id)

    group by named.delivery_id, named.order_id

)

select * from delivery_orders
