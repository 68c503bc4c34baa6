{{ config(materialized="view") }}

with

milestones as (

    select * from {{ ref("int_delivery_milestones") }}

),

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

orders as (

    select *

    from {{ ref("int_orders") }}

    where outcome is not null

),

-- What became of an order is told of its last delivery: those before it were given up.
last_deliveries as (

    select
        delivery_id,
        order_id,
        order_count,
        row_number() over (
            partition by order_id
            order by first_event_at desc, delivery_id desc
        ) as delivery_order

    from delivery_orders

),

told_by_orders as (

    select
        last_deliveries.delivery_id,
        last_deliveries.order_count,
        orders.*,
        count(*) over (partition by last_deliveries.delivery_id) as told_count,
        row_number() over (
            partition by last_deliveries.delivery_id
            order by
                case when orders.outcome = 'completed' then 0 else 1 end asc,
                case when orders.outcome = 'completed' then orders.outcome_at end asc,
                orders.outcome_at desc,
                orders.order_id asc
        ) as place

    from last_deliveries

    inner join orders
        on last_deliveries.order_id = orders.order_id

    where last_deliveries.delivery_order = 1

),

-- A delivery of several orders is cancelled when all of them are.
order_outcomes as (

    select *

    from told_by_orders

    where
        place = 1
        and (outcome = 'completed' or told_count = order_count)

),

deliveries as (

    select
        ----------  ids
        milestones.delivery_id,
        milestones.order_id,
        milestones.merchant_id,
        case
            when milestones.outcome is null then order_outcomes.outcome_event_id
            else milestones.outcome_event_id
        end as outcome_event_id,
        milestones.outcome_robot_id,

        ----------  text
        milestones.market,
        coalesce(milestones.outcome, order_outcomes.outcome, 'open') as outcome,
        case
            when milestones.outcome is null then order_outcomes.outcome_event_name
            else milestones.outcome_event_name
        end as outcome_event_name,
        case
            when milestones.outcome is null then order_outcomes.outcome_reason
            else milestones.outcome_reason
        end as outcome_reason,
        case
            when milestones.outcome is null then order_outcomes.cancelled_by
            else milestones.cancelled_by
        end as cancelled_by,
        case
            when milestones.outcome is not null then milestones.outcome_basis
            when order_outcomes.outcome is not null then 'inferred'
        end as outcome_basis,

        ----------  booleans
        milestones.is_returning
        or (
            milestones.outcome is null
            and coalesce(order_outcomes.outcome = 'cancelled', false)
            and milestones.pickup_completed_at is not null
        ) as is_returning,

        ----------  timestamps
        milestones.first_event_at,
        milestones.last_event_at,
        milestones.requested_at,
        {% for step in registry_funnel_steps() if step.step != "order_created" %}
            milestones.{{ step.column }},
        {% endfor %}
        milestones.pickup_wait_began_at,
        milestones.dropoff_wait_began_at,
        coalesce(milestones.outcome_at, order_outcomes.outcome_at) as outcome_at,
        coalesce(milestones.ended_at, order_outcomes.outcome_at) as ended_at

    from milestones

    left join order_outcomes
        on milestones.delivery_id = order_outcomes.delivery_id

)

select * from deliveries
