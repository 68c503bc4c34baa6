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

endings as (

    select
        *,

        -- Goods on their way back still occupy the robot, so a completed return is the end, later
        -- than the failure that caused it. A failed drop-off that is tried again ends nothing.
        case
            when event_name = 'delivery.return_completed' then 1
            when disposition = 'retry' then null
            when ends_delivery is not null then 2
        end as ending_rank,

        case
            when disposition = 'retry' then null
            else ends_delivery
        end as outcome

    from events

),

ranked as (

    select
        *,
        row_number() over (
            partition by delivery_id
            order by
                case when outcome is null then 1 else 0 end,
                event_at, emitter_id, seq, event_id
        ) as outcome_order,
        min(case when funnel_step = 'pickup_completed' then event_at end) over (
            partition by delivery_id
        ) as first_loaded_at,
        min(case when funnel_step = 'dropoff_completed' then event_at end) over (
            partition by delivery_id
        ) as first_handed_over_at

    from endings

),

pivoted as (

    select
        ----------  ids
        delivery_id,
        min(order_id) as order_id,
        min(merchant_id) as merchant_id,
        max(case when outcome_order = 1 and outcome is not null then event_id end) as outcome_event_id,

        ----------  text
        min(market) as market,
        coalesce(max(case when outcome_order = 1 then outcome end), 'open') as outcome,
        max(case when outcome_order = 1 and outcome is not null then event_name end) as outcome_event_name,
        max(case when outcome_order = 1 and outcome is not null then reason end) as outcome_reason,
        max(case when outcome_order = 1 and outcome is not null then cancelled_by end) as cancelled_by,

        ----------  timestamps
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        min(case when event_name = 'dispatch.requested' then event_at end) as requested_at,
        {% for step in registry_funnel_steps() if step.step != "order_created" %}
            min(case when funnel_step = '{{ step.step }}' then event_at end) as {{ step.column }},
        {% endfor %}
        -- With another robot, or at another attempt, the wait that ended in success started again.
        max(
            case when funnel_step = 'pickup_arrived' and event_at <= first_loaded_at then event_at end
        ) as pickup_wait_began_at,
        max(
            case when funnel_step = 'dropoff_arrived' and event_at <= first_handed_over_at then event_at end
        ) as dropoff_wait_began_at,
        max(case when outcome_order = 1 and outcome is not null then event_at end) as outcome_at,
        coalesce(
            min(case when ending_rank = 1 then event_at end),
            min(case when ending_rank = 2 then event_at end)
        ) as ended_at

    from ranked

    group by delivery_id

)

select * from pivoted
