{{
    config(
        incremental_predicates=["order_id in (select order_id from {{ ref('int_affected_events') }})"],
        dist="order_id",
        sort="first_event_at",
    )
}}

{% set affected_events = ref("int_affected_events") %}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        order_id is not null
    {% if is_incremental() %}
        and order_id in (select order_id from {{ affected_events }})
        and {{ on_days("event_date", days_of(
            "select event_date as first_date, event_date as last_date from " ~ affected_events ~ " union all "
            ~ "select cast(first_event_at as date), cast(last_event_at as date) from " ~ this
            ~ " where order_id in (select order_id from " ~ affected_events ~ ")"
        )) }}
    {% endif %}

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
