{{ config(materialized="table", dist="all", sort="local_date") }}

with

orders as (

    select * from {{ ref("funnel_orders") }}

),

counted as (

    select
        local_date,
        market,
        count(*) as order_count,
        sum(case when is_eligible then 1 else 0 end) as eligible_count,
        sum(case when is_dispatched then 1 else 0 end) as dispatched_count,
        sum(case when is_picked_up then 1 else 0 end) as picked_up_count,
        sum(case when is_dropped_off then 1 else 0 end) as dropped_off_count,
        sum(case when lost_reason = 'under_way' then 1 else 0 end) as under_way_count,
        sum(case when fulfilled_by = 'fallback' then 1 else 0 end) as fallback_count,
        count(is_on_time) as promised_count,
        sum(case when is_on_time then 1 else 0 end) as on_time_count,
        sum(late_seconds) as late_sum_seconds,
        {% for leg in legs() %}
            sum({{ leg }}_seconds) as {{ leg }}_sum_seconds,
            count({{ leg }}_seconds) as {{ leg }}_count,
        {% endfor %}
        sum(negative_leg_count) as negative_leg_count

    from orders

    group by local_date, market

),

funnel as (

    select
        ----------  ids
        local_date,
        market,

        ----------  numerics
        cast(order_count as bigint) as order_count,
        cast(order_count - eligible_count as bigint) as ineligible_count,
        cast(eligible_count as bigint) as eligible_count,
        cast(dispatched_count as bigint) as dispatched_count,
        cast(picked_up_count as bigint) as picked_up_count,
        cast(dropped_off_count as bigint) as dropped_off_count,
        cast(under_way_count as bigint) as under_way_count,
        cast(fallback_count as bigint) as fallback_count,
        cast(promised_count as bigint) as promised_count,
        cast(on_time_count as bigint) as on_time_count,
        cast(late_sum_seconds as decimal(18, 3)) as late_sum_seconds,
        cast(negative_leg_count as bigint) as negative_leg_count,
        {{ ratio("dispatched_count", "eligible_count") }} as order_to_dispatch_ratio,
        {{ ratio("picked_up_count", "dispatched_count") }} as dispatch_to_pickup_ratio,
        {{ ratio("dropped_off_count", "picked_up_count") }} as pickup_to_dropoff_ratio,
        {{ ratio("dropped_off_count", "eligible_count") }} as order_to_dropoff_ratio,
        {{ ratio("on_time_count", "promised_count") }} as on_time_ratio,
        {% for leg in legs() %}
            cast({{ leg }}_sum_seconds as decimal(18, 3)) as {{ leg }}_sum_seconds,
            cast({{ leg }}_count as bigint) as {{ leg }}_count,
        {% endfor %}
        {{ ratio("order_to_dispatch_sum_seconds", "order_to_dispatch_count") }} as order_to_dispatch_avg_seconds,
        {{ ratio("dispatch_to_pickup_sum_seconds", "dispatch_to_pickup_count") }} as dispatch_to_pickup_avg_seconds,
        {{ ratio("pickup_to_dropoff_sum_seconds", "pickup_to_dropoff_count") }} as pickup_to_dropoff_avg_seconds,
        {{ ratio("order_to_dropoff_sum_seconds", "order_to_dropoff_count") }} as order_to_dropoff_avg_seconds

    from counted

)

select * from funnel
