{{ config(materialized="view") }}

with

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

final as (

    select
        ----------  ids
        delivery_id,
        order_id,

        ----------  numerics
        cast(order_count as integer) as order_count,

        ----------  timestamps
        {% for step in registry_funnel_steps() if step.step != "order_created" %}
            {{ utc_timestamptz(step.column) }} as {{ step.column }},
        {% endfor %}
        {{ utc_timestamptz("first_event_at") }} as first_event_at

    from delivery_orders

)

select * from final
