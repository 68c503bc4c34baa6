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

-- What each event says of the end, the surest first: a hand-over, the order brought by a robot, an
-- ending of the delivery, goods that are back, the order's cancellation. A failed drop-off that is tried
-- again ends nothing.
judged as (

    select
        *,
        case
            when ends_delivery = 'completed' then 1
            when event_name = 'order.completed' and fulfilled_by in {{ words_meaning("fulfilled_by", "robot") }} then 2
            when
                ends_delivery is not null
                and not coalesce(disposition in {{ words_meaning("disposition", "tried_again") }}, false)
                then 3
            when event_name = 'delivery.return_completed' then 4
            when event_name = 'order.cancelled' then 5
        end as ending_rank,
        case
            when event_name = 'order.completed' then 'completed'
            when event_name = 'order.cancelled' then 'cancelled'
            when event_name = 'delivery.return_completed'
                then
                    case
                        when reason in {{ words_meaning("reason", "called_off") }} then 'cancelled' else 'failed'
                    end
            else ends_delivery
        end as told_outcome,
        case
            when event_name = 'dispatch.assigned' then event_at
            -- A robot that was not there before came by an assignment that was lost.
            when stream = 'delivery' and robot_id is not null
                then min(event_at) over (partition by delivery_id, stream, robot_id)
        end as attempt_at

    from events

),

attempted as (

    select
        *,
        max(attempt_at) over (partition by delivery_id) as last_attempt_at,
        min(case when funnel_step = 'pickup_completed' then event_at end) over (
            partition by delivery_id
        ) as first_loaded_at,
        min(case when funnel_step = 'dropoff_completed' then event_at end) over (
            partition by delivery_id
        ) as first_handed_over_at

    from judged

),

-- Goods that were handed over stay so. An ending that another attempt follows ended only its own.
counting as (

    select
        *,
        case
            when ending_rank <= 2 then ending_rank
            when event_at >= last_attempt_at or last_attempt_at is null then ending_rank
        end as counting_rank

    from attempted

),

ranked as (

    select
        *,
        row_number() over (
            partition by delivery_id
            order by
                case when counting_rank is null then 1 else 0 end asc,
                counting_rank asc,
                -- The first hand-over, but the last of the other endings.
                case when counting_rank <= 2 then event_at end asc,
                event_at desc,
                emitter_id desc,
                seq desc,
                event_id desc
        ) as outcome_order

    from counting

),

pivoted as (

    select
        delivery_id,
        min(order_id) as order_id,
        min(merchant_id) as merchant_id,
        min(market) as market,
        {% for column in ["event_id", "event_name", "robot_id", "reason", "cancelled_by", "disposition"] %}
            max(case when outcome_order = 1 and counting_rank is not null then {{ column }} end)
                as outcome_{{ column }},
        {% endfor %}
        max(case when outcome_order = 1 and counting_rank is not null then told_outcome end) as outcome,
        max(case when outcome_order = 1 then counting_rank end) as outcome_rank,
        max(case when outcome_order = 1 and counting_rank is not null then event_at end) as outcome_at,
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
        -- A delivery of several orders is handed over several times.
        max(case when counting_rank = 1 then event_at end) as last_handed_over_at,
        max(case when counting_rank = 4 then event_at end) as returned_at

    from ranked

    group by delivery_id

),

milestones as (

    select
        ----------  ids
        delivery_id,
        order_id,
        merchant_id,
        outcome_event_id,
        outcome_robot_id,

        ----------  text
        market,
        outcome,
        outcome_event_name,
        outcome_reason,
        {{ meaning_of("cancelled_by", "outcome_cancelled_by") }} as cancelled_by,
        case
            when outcome_rank in (1, 3) then 'reported'
            when outcome_rank is not null then 'inferred'
        end as outcome_basis,

        ----------  booleans
        -- Goods on their way back occupy the robot; nothing in the log says that they arrived.
        coalesce(
            outcome_rank >= 3
            and returned_at is null
            and (
                outcome_disposition in {{ words_meaning("disposition", "goes_back") }}
                or (outcome = 'cancelled' and pickup_completed_at is not null)
            ),
            false
        ) as is_returning,

        ----------  timestamps
        first_event_at,
        last_event_at,
        requested_at,
        {% for step in registry_funnel_steps() if step.step != "order_created" %}
            {{ step.column }},
        {% endfor %}
        pickup_wait_began_at,
        dropoff_wait_began_at,
        outcome_at,
        case
            when outcome_rank = 1 then last_handed_over_at
            when outcome_rank = 2 then outcome_at
            when outcome_rank is not null then greatest(outcome_at, returned_at)
        end as ended_at

    from pivoted

)

select * from milestones
