{{ config(materialized="table", dist="order_key", sort="local_date") }}

{% set after_order = registry_funnel_steps() | rejectattr("step", "equalto", "order_created") | list %}

with

orders as (

    select * from {{ ref("int_orders") }}

),

sessions as (

    select * from {{ ref("delivery_sessions") }}

),

delivery_orders as (

    select * from {{ ref("int_delivery_orders") }}

),

time_zones as (

    select distinct
        market,
        time_zone

    from {{ ref("int_markets") }}

),

log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

-- A delivery of several orders brings each of them as far as the lines tell that name it or no order.
attempts as (

    select
        coalesce(delivery_orders.order_id, sessions.order_id, sessions.delivery_id) as order_key,
        sessions.delivery_id,
        sessions.robot_id,
        sessions.market,
        sessions.outcome,
        sessions.probable_cause,
        sessions.pickup_wait_seconds,
        sessions.dropoff_wait_seconds,
        sessions.started_at,
        {% for step in after_order %}
            case
                when delivery_orders.order_count > 1 then delivery_orders.{{ step.column }}
                else {{ utc_timestamp("sessions." ~ step.column) }}
            end as {{ step.column }},
        {% endfor %}
        case
            when coalesce(delivery_orders.order_count, 1) = 1 and sessions.outcome = 'completed'
                then {{ utc_timestamp("sessions.outcome_at") }}
        end as completed_at

    from sessions

    left join delivery_orders
        on sessions.delivery_id = delivery_orders.delivery_id

),

-- An order cannot skip a step, so a later step shows that it reached the earlier ones: otherwise a lost line
-- would leave it in a ratio's numerator and not in its denominator.
reached as (

    select
        *,
        case
            when
                coalesce(
                    dispatched_at, pickup_arrived_at, pickup_completed_at, dropoff_arrived_at, dropoff_completed_at,
                    completed_at
                ) is not null
                then 1
            else 0
        end as is_dispatched,
        case
            when coalesce(pickup_completed_at, dropoff_arrived_at, dropoff_completed_at, completed_at) is not null
                then 1
            else 0
        end as is_picked_up,
        case when coalesce(dropoff_completed_at, completed_at) is not null then 1 else 0 end as is_dropped_off

    from attempts

),

ranked as (

    select
        *,
        row_number() over (
            partition by order_key
            order by
                is_dropped_off desc,
                case when is_dropped_off = 1 then coalesce(dropoff_completed_at, completed_at) end asc,
                started_at desc,
                delivery_id desc
        ) as place

    from reached

),

-- How far any delivery brought the order, and which of them brought it, else the last.
brought as (

    select
        order_key,
        min(market) as market,
        count(*) as delivery_count,
        max(is_dispatched) as is_dispatched,
        max(is_picked_up) as is_picked_up,
        max(is_dropped_off) as is_dropped_off,
        max(case when outcome = 'open' then 1 else 0 end) as is_open,
        {{ utc_timestamp("min(started_at)") }} as started_at

    from ranked

    group by order_key

),

-- A delivery whose order.created was lost counts as an order that entered the funnel with the session's first event.
entered as (

    select
        order_id as order_key,
        order_id,
        created_at,
        1 as all_rows

    from orders

    where created_at is not null

    union

    select
        brought.order_key,
        orders.order_id,
        orders.created_at,
        1 as all_rows
    from brought
    left join orders
        on brought.order_key = orders.order_id

),

joined as (

    select
        entered.order_key,
        entered.order_id,
        chosen.delivery_id,
        chosen.robot_id,
        coalesce(orders.market, brought.market, 'unknown') as market,
        orders.ineligible_reason,
        orders.cancellation_reason,
        orders.fulfilled_by,
        orders.late_seconds as reported_late_seconds,
        orders.is_rejected,
        orders.promised_at,
        chosen.outcome,
        chosen.probable_cause,
        chosen.pickup_wait_seconds,
        chosen.dropoff_wait_seconds,
        coalesce(brought.delivery_count, 0) as delivery_count,
        -- The order tells that a robot brought it, where the lines of its delivery are lost or name another order.
        {% for step in ["is_dispatched", "is_picked_up", "is_dropped_off"] %}
            greatest(brought.{{ step }}, case when orders.fulfilled_by = 'robot' then 1 else 0 end) as {{ step }},
        {% endfor %}
        entered.created_at as order_created_at,
        coalesce(entered.created_at, brought.started_at) as entered_at,
        {% for step in after_order %}
            chosen.{{ step.column }},
        {% endfor %}
        coalesce(chosen.dropoff_completed_at, chosen.completed_at) as delivered_at,
        -- Nothing has ended it, and it is young.
        brought.is_open = 1
        or (
            brought.order_key is null
            and orders.outcome is null
            and orders.fulfilled_by is null
            and not coalesce(orders.is_rejected, false)
            and {{ dbt.dateadd("hour", var("unknown_after_hours"), "orders.last_event_at") }} >= log_ends.log_end_at
        ) as is_under_way

    from entered

    left join orders
        on entered.order_id = orders.order_id

    left join brought
        on entered.order_key = brought.order_key

    left join ranked as chosen
        on
            entered.order_key = chosen.order_key
            and chosen.place = 1

    -- Always true, because a cross join is a nested loop on Redshift.
    left join log_ends
        on entered.all_rows = log_ends.all_rows

),

judged as (

    select
        joined.*,
        {{ local_date("joined.entered_at", "time_zones.time_zone") }} as local_date,
        joined.ineligible_reason is null or joined.is_dispatched = 1 as is_eligible,
        -- The case within the cast: without, PostgreSQL and Redshift forget the digits.
        cast(
            case
                when joined.is_dropped_off = 1
                    then
                        coalesce(
                            {{ seconds_between("joined.promised_at", "joined.delivered_at") }},
                            cast(joined.reported_late_seconds as decimal(18, 3))
                        )
            end as decimal(18, 3)
        ) as late_seconds

    from joined

    left join time_zones
        on joined.market = time_zones.market

),

final as (

    select
        ----------  ids
        order_key,
        order_id,
        delivery_id,
        robot_id,

        ----------  text
        cast(market as varchar(64)) as market,
        cast(
            case
                when is_dropped_off = 1 then null
                when not is_eligible then 'eligible'
                when is_dispatched = 0 then 'dispatched'
                when is_picked_up = 0 then 'pickup_completed'
                else 'dropoff_completed'
            end as varchar(32)
        ) as lost_step,
        cast(
            case
                when is_dropped_off = 1 then null
                when not is_eligible then ineligible_reason
                when is_under_way then 'under_way'
                else coalesce(
                    probable_cause,
                    cancellation_reason,
                    case when is_rejected then 'merchant_rejected' end,
                    case when fulfilled_by = 'fallback' then 'fallback' end,
                    'unknown'
                )
            end as varchar(64)
        ) as lost_reason,
        cast(case when is_dropped_off = 1 then 'robot' else fulfilled_by end as varchar(16)) as fulfilled_by,

        ----------  numerics
        cast(delivery_count as integer) as delivery_count,
        {{ leg_columns() }},
        pickup_wait_seconds,
        dropoff_wait_seconds,
        late_seconds,

        ----------  booleans
        is_eligible,
        is_dispatched = 1 as is_dispatched,
        is_picked_up = 1 as is_picked_up,
        is_dropped_off = 1 as is_dropped_off,
        late_seconds <= 0 as is_on_time,

        ----------  dates
        local_date,

        ----------  timestamps
        {{ utc_timestamptz("entered_at") }} as entered_at,
        {{ utc_timestamptz("order_created_at") }} as order_created_at,
        {{ utc_timestamptz("promised_at") }} as promised_at,
        {{ utc_timestamptz("delivered_at") }} as delivered_at

    from judged

)

select * from final
