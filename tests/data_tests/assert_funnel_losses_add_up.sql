-- What the funnel loses between two steps is what funnel_losses_daily has at the second of them, day by day.
with

compared as (

    select
        local_date,
        market,
        ineligible_count as eligible_lost_count,
        eligible_count - dispatched_count as dispatched_lost_count,
        dispatched_count - picked_up_count as pickup_completed_lost_count,
        picked_up_count - dropped_off_count as dropoff_completed_lost_count

    from {{ ref("delivery_funnel_daily") }}

    union all

    select
        local_date,
        market,
        case when lost_step = 'eligible' then -1 * order_count else 0 end as eligible_lost_count,
        case when lost_step = 'dispatched' then -1 * order_count else 0 end as dispatched_lost_count,
        case when lost_step = 'pickup_completed' then -1 * order_count else 0 end as pickup_completed_lost_count,
        case when lost_step = 'dropoff_completed' then -1 * order_count else 0 end as dropoff_completed_lost_count
    from {{ ref("funnel_losses_daily") }}

)

select
    local_date,
    market,
    sum(eligible_lost_count) as eligible_apart,
    sum(dispatched_lost_count) as dispatched_apart,
    sum(pickup_completed_lost_count) as pickup_completed_apart,
    sum(dropoff_completed_lost_count) as dropoff_completed_apart

from compared

group by local_date, market

having
    sum(eligible_lost_count) <> 0
    or sum(dispatched_lost_count) <> 0
    or sum(pickup_completed_lost_count) <> 0
    or sum(dropoff_completed_lost_count) <> 0
