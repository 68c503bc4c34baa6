{{ rebuilt_by("order") }}
{{ config(dist="order_id", sort="first_event_at") }}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        order_id is not null
        and {{ affected("order", date="event_date") }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by order_id
            order by case when event_name = 'order.created' then 0 else 1 end, event_at, emitter_id, seq, event_id
        ) as creation_order

    from events

),

orders as (

    select
        ----------  ids
        order_id,

        ----------  text
        max(case when creation_order = 1 and event_name = 'order.created' then market end) as market,

        ----------  timestamps
        max(case when creation_order = 1 and event_name = 'order.created' then event_at end) as created_at,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from ranked

    group by order_id

)

select * from orders
