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

-- An end that names its delivery is among that delivery's own events.
ranked as (

    select
        *,
        row_number() over (
            partition by order_id
            order by case when event_name = 'order.created' then 0 else 1 end, event_at, emitter_id, seq, event_id
        ) as creation_order,
        case
            when delivery_id is not null then null
            when event_name = 'order.completed' and fulfilled_by = 'robot' then 'completed'
            when event_name = 'order.cancelled' then 'cancelled'
        end as told_outcome

    from events

),

ended as (

    select
        *,
        row_number() over (
            partition by order_id
            order by
                case told_outcome when 'completed' then 0 when 'cancelled' then 1 else 2 end,
                event_at,
                emitter_id,
                seq,
                event_id
        ) as end_order

    from ranked

),

orders as (

    select
        ----------  ids
        order_id,
        max(case when end_order = 1 and told_outcome is not null then event_id end) as outcome_event_id,

        ----------  text
        max(case when creation_order = 1 and event_name = 'order.created' then market end) as market,
        max(case when end_order = 1 then told_outcome end) as outcome,
        max(case when end_order = 1 and told_outcome is not null then event_name end) as outcome_event_name,
        max(case when end_order = 1 and told_outcome is not null then reason end) as outcome_reason,
        max(case when end_order = 1 and told_outcome is not null then cancelled_by end) as cancelled_by,

        ----------  timestamps
        max(case when creation_order = 1 and event_name = 'order.created' then event_at end) as created_at,
        max(case when end_order = 1 and told_outcome is not null then event_at end) as outcome_at,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from ended

    group by order_id

)

select * from orders
