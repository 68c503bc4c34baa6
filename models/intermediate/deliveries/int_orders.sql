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

order_events as (

    select *

    from {{ ref("stg_event_log__order_events") }}

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
            when event_name = 'order.completed' and fulfilled_by in {{ words_meaning("fulfilled_by", "robot") }}
                then 'completed'
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

told as (

    select
        *,
        row_number() over (
            partition by order_id, event_name
            order by event_at, emitter_id, seq, event_id
        ) as told_order,
        row_number() over (
            partition by order_id, event_name
            order by event_at desc, emitter_id desc, seq desc, event_id desc
        ) as told_order_from_the_last

    from order_events

),

promises as (

    select
        order_id,
        max(case when event_name = 'order.created' and told_order = 1 then promised_at end) as promised_at,
        -- The last decision counts, but the first end.
        min(
            case
                when event_name = 'order.eligibility_decided' and told_order_from_the_last = 1
                    then case when eligible then 1 else 0 end
            end
        ) as is_eligible,
        max(
            case when event_name = 'order.eligibility_decided' and told_order_from_the_last = 1 then reason end
        ) as ineligible_reason,
        max(case when event_name = 'order.completed' and told_order = 1 then fulfilled_by end) as fulfilled_by,
        max(case when event_name = 'order.completed' and told_order = 1 then late_seconds end) as late_seconds,
        max(case when event_name = 'order.cancelled' and told_order = 1 then reason end) as cancellation_reason

    from told

    group by order_id

),

rejections as (

    select
        order_id,
        min(event_at) as rejected_at

    from events

    where event_name = 'merchant.order_rejected'

    group by order_id

),

summed as (

    select
        order_id,
        max(case when end_order = 1 and told_outcome is not null then event_id end) as outcome_event_id,

        max(case when creation_order = 1 and event_name = 'order.created' then market end) as market,
        max(case when end_order = 1 then told_outcome end) as outcome,
        max(case when end_order = 1 and told_outcome is not null then event_name end) as outcome_event_name,
        max(case when end_order = 1 and told_outcome is not null then reason end) as outcome_reason,
        max(case when end_order = 1 and told_outcome is not null then cancelled_by end) as cancelled_by,

        max(case when creation_order = 1 and event_name = 'order.created' then event_at end) as created_at,
        max(case when end_order = 1 and told_outcome is not null then event_at end) as outcome_at,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at

    from ended

    group by order_id

),

orders as (

    select
        ----------  ids
        summed.order_id,
        summed.outcome_event_id,

        ----------  text
        summed.market,
        summed.outcome,
        summed.outcome_event_name,
        summed.outcome_reason,
        {{ meaning_of("cancelled_by", "summed.cancelled_by") }} as cancelled_by,
        case when promises.is_eligible = 0 then coalesce(promises.ineligible_reason, 'none') end as ineligible_reason,
        {{ meaning_of("fulfilled_by", "promises.fulfilled_by") }} as fulfilled_by,
        promises.cancellation_reason,

        ----------  numerics
        promises.late_seconds,

        ----------  booleans
        rejections.rejected_at is not null as is_rejected,

        ----------  timestamps
        promises.promised_at,
        summed.created_at,
        summed.outcome_at,
        summed.first_event_at,
        summed.last_event_at

    from summed

    left join promises
        on summed.order_id = promises.order_id

    left join rejections
        on summed.order_id = rejections.order_id

)

select * from orders
