{{ config(materialized="table", dist="all", sort="order_date") }}

{% set after_order = registry_funnel_steps() | rejectattr("step", "equalto", "order_created") | list %}
{% set legs = [
    "order_to_dispatch_seconds", "dispatch_to_pickup_seconds", "pickup_to_dropoff_seconds", "order_to_dropoff_seconds",
] %}

with

orders_created as (

    select
        order_id,
        market,
        created_at as order_created_at

    from {{ ref("int_orders") }}

    where created_at is not null

),

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

-- A delivery of several orders brings each of them as far as the lines tell that name it or no order.
delivery_sessions as (

    select
        {% for step in after_order %}
            case
                when delivery_orders.order_count > 1 then {{ utc_timestamptz("delivery_orders." ~ step.column) }}
                else sessions.{{ step.column }}
            end as {{ step.column }},
        {% endfor %}
        sessions.market,
        case when delivery_orders.order_count > 1 then null else sessions.outcome end as outcome,
        sessions.started_at,
        -- The legs are those of the first order.
        case
            when coalesce(delivery_orders.order_id, sessions.order_id, '') = coalesce(sessions.order_id, '')
                then sessions.negative_leg_count
            else 0
        end as negative_leg_count,
        coalesce(delivery_orders.order_id, sessions.order_id) as order_id,
        case when delivery_orders.order_count > 1 then null else sessions.order_created_at end as order_created_at,
        {% for leg in legs %}
            case when delivery_orders.order_count > 1 then null else sessions.{{ leg }} end as {{ leg }},
        {% endfor %}
        sessions.delivery_id

    from {{ ref("delivery_sessions") }} as sessions

    left join delivery_orders
        on sessions.delivery_id = delivery_orders.delivery_id

),

-- A delivery whose order.created line was lost counts as an order that entered the funnel with the
-- session's first event. An order cannot skip a step, so a later step shows that it reached the earlier
-- ones: otherwise a lost line would leave it in a ratio's numerator and not in its denominator.
unioned as (

    select
        order_id as order_key,
        market,
        order_created_at as created_at,
        order_created_at as entered_at,
        0 as is_dispatched,
        0 as is_picked_up,
        0 as is_dropped_off,
        0 as negative_leg_count,
        cast(null as decimal(18, 3)) as order_to_dispatch_seconds,
        cast(null as decimal(18, 3)) as dispatch_to_pickup_seconds,
        cast(null as decimal(18, 3)) as pickup_to_dropoff_seconds,
        cast(null as decimal(18, 3)) as order_to_dropoff_seconds
    from orders_created

    union all

    select
        coalesce(order_id, delivery_id) as order_key,
        market,
        order_created_at at time zone 'UTC' as created_at,
        coalesce(order_created_at, started_at) at time zone 'UTC' as entered_at,
        case
            when
                coalesce(
                    dispatched_at, pickup_arrived_at, pickup_completed_at, dropoff_arrived_at, dropoff_completed_at
                ) is not null
                or outcome = 'completed'
                then 1
            else 0
        end as is_dispatched,
        case
            when
                coalesce(pickup_completed_at, dropoff_arrived_at, dropoff_completed_at) is not null
                or outcome = 'completed'
                then 1
            else 0
        end as is_picked_up,
        case when dropoff_completed_at is not null or outcome = 'completed' then 1 else 0 end as is_dropped_off,
        negative_leg_count,
        order_to_dispatch_seconds,
        dispatch_to_pickup_seconds,
        pickup_to_dropoff_seconds,
        order_to_dropoff_seconds
    from delivery_sessions

),

orders as (

    select
        order_key,
        coalesce(min(market), 'unknown') as market,
        cast(coalesce(min(created_at), min(entered_at)) as date) as order_date,
        sum(negative_leg_count) as negative_leg_count,
        max(is_dispatched) as is_dispatched,
        max(is_picked_up) as is_picked_up,
        max(is_dropped_off) as is_dropped_off,
        min(order_to_dispatch_seconds) as order_to_dispatch_seconds,
        min(dispatch_to_pickup_seconds) as dispatch_to_pickup_seconds,
        min(pickup_to_dropoff_seconds) as pickup_to_dropoff_seconds,
        min(order_to_dropoff_seconds) as order_to_dropoff_seconds

    from unioned

    group by order_key

),

counted as (

    select
        order_date,
        market,
        count(*) as order_count,
        sum(negative_leg_count) as negative_leg_count,
        sum(is_dispatched) as dispatched_count,
        sum(is_picked_up) as picked_up_count,
        sum(is_dropped_off) as dropped_off_count,
        sum(order_to_dispatch_seconds) as order_to_dispatch_sum_seconds,
        count(order_to_dispatch_seconds) as order_to_dispatch_count,
        sum(dispatch_to_pickup_seconds) as dispatch_to_pickup_sum_seconds,
        count(dispatch_to_pickup_seconds) as dispatch_to_pickup_count,
        sum(pickup_to_dropoff_seconds) as pickup_to_dropoff_sum_seconds,
        count(pickup_to_dropoff_seconds) as pickup_to_dropoff_count,
        sum(order_to_dropoff_seconds) as order_to_dropoff_sum_seconds,
        count(order_to_dropoff_seconds) as order_to_dropoff_count

    from orders

    group by order_date, market

),

funnel as (

    select
        ----------  ids
        order_date,
        cast(market as varchar(64)) as market,

        ----------  numerics
        cast(order_count as bigint) as order_count,
        cast(dispatched_count as bigint) as dispatched_count,
        cast(picked_up_count as bigint) as picked_up_count,
        cast(dropped_off_count as bigint) as dropped_off_count,
        cast(negative_leg_count as bigint) as negative_leg_count,
        {{ ratio("dispatched_count", "order_count") }} as order_to_dispatch_ratio,
        {{ ratio("picked_up_count", "dispatched_count") }} as dispatch_to_pickup_ratio,
        {{ ratio("dropped_off_count", "picked_up_count") }} as pickup_to_dropoff_ratio,
        {{ ratio("dropped_off_count", "order_count") }} as order_to_dropoff_ratio,
        {{ ratio("order_to_dispatch_sum_seconds", "order_to_dispatch_count") }} as order_to_dispatch_avg_seconds,
        {{ ratio("dispatch_to_pickup_sum_seconds", "dispatch_to_pickup_count") }} as dispatch_to_pickup_avg_seconds,
        {{ ratio("pickup_to_dropoff_sum_seconds", "pickup_to_dropoff_count") }} as pickup_to_dropoff_avg_seconds,
        {{ ratio("order_to_dropoff_sum_seconds", "order_to_dropoff_count") }} as order_to_dropoff_avg_seconds

    from counted

)

select * from funnel
