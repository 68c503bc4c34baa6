{{ rebuilt_by("session") }}
{{ config(unique_key="delivery_id", dist="delivery_id", sort="started_at") }}

with

milestones as (

    select
        *,
        1 as all_rows

    from {{ ref("int_deliveries") }}

    where {{ affected("session") }}

),

evidence as (

    select *

    from {{ ref("int_session_evidence") }}

    where {{ affected("session") }}

),

diagnoses as (

    select *

    from {{ ref("int_delivery_diagnoses") }}

    where {{ affected("session") }}

),

robots as (

    select * from {{ ref("int_delivery_robots") }}

),

orders as (

    select * from {{ ref("int_orders") }}

),

delivery_orders as (

    select distinct
        delivery_id,
        order_count

    from {{ ref("int_delivery_orders") }}

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

joined as (

    select
        milestones.*,
        robots.robot_id,
        robots.robot_count,
        robots.previous_delivery_id,
        robots.next_delivery_id,
        robots.window_basis,
        delivery_orders.order_count,
        {{ dbt.dateadd("hour", var("unknown_after_hours"), "milestones.last_event_at") }} < log_ends.log_end_at
            as is_silent,
        -- The day on which funnel_orders counts the delivery's order.
        {{ local_date(
            "coalesce(orders.created_at, " ~ utc_timestamp("evidence.started_at") ~ ")", "time_zones.time_zone"
        ) }} as local_date,
        orders.created_at as order_created_at,
        orders.market as order_market,
        diagnoses.ended_by,
        diagnoses.probable_cause,
        diagnoses.probable_cause_basis,
        diagnoses.probable_cause_rule,
        diagnoses.probable_cause_sentence,
        diagnoses.probable_cause_sequence_number,
        evidence.first_error_code,
        evidence.event_count,
        evidence.error_count,
        evidence.takeover_count,
        evidence.illegal_transition_count,
        evidence.lost_transition_count,
        evidence.session_revision,
        evidence.milliseconds_from_error_to_arrival,
        evidence.started_at,
        evidence.first_error_at,
        evidence.last_event_at as session_ended_at,
        evidence.last_loaded_at

    from milestones

    inner join evidence
        on milestones.delivery_id = evidence.delivery_id

    left join diagnoses
        on milestones.delivery_id = diagnoses.delivery_id

    left join robots
        on milestones.delivery_id = robots.delivery_id

    left join orders
        on milestones.order_id = orders.order_id

    left join time_zones
        on coalesce(milestones.market, orders.market) = time_zones.market

    left join delivery_orders
        on milestones.delivery_id = delivery_orders.delivery_id

    -- Always true, because a cross join is a nested loop on Redshift.
    left join log_ends
        on milestones.all_rows = log_ends.all_rows

),

-- A step is missing where the log has a later one; a delivery always has an order.
stepped as (

    select
        *,
        ltrim({{ missing_funnel_steps() }}, ', ') as missing_steps

    from joined

),

{% if is_incremental() %}

-- Deliveries whose session did not change, but whose robot has another delivery before or after them now.
shifted as (

    select
        {% for name in model.columns -%}
        {{ "robots." if name in ("previous_delivery_id", "next_delivery_id") else "delivery_sessions." }}{{ name }}
        {{- "," if not loop.last }}
        {% endfor %}

    from {{ this }} as delivery_sessions

    inner join robots
        on delivery_sessions.delivery_id = robots.delivery_id

    left join milestones
        on delivery_sessions.delivery_id = milestones.delivery_id

    where
        milestones.delivery_id is null
        and (
            coalesce(delivery_sessions.previous_delivery_id, '') <> coalesce(robots.previous_delivery_id, '')
            or coalesce(delivery_sessions.next_delivery_id, '') <> coalesce(robots.next_delivery_id, '')
        )

),

{% endif %}

sessions as (

    select
        ----------  ids
        delivery_id,
        order_id,
        merchant_id,
        robot_id,
        previous_delivery_id,
        next_delivery_id,

        ----------  text
        coalesce(market, order_market) as market,
        -- A delivery of which nothing is heard for long cannot be under way any more.
        cast(case when outcome = 'open' and is_silent then 'unknown' else outcome end as varchar(16)) as outcome,
        cast(case when outcome = 'open' and is_silent then 'inferred' else outcome_basis end as varchar(16))
            as outcome_basis,
        cast(window_basis as varchar(16)) as window_basis,
        outcome_event_name,
        outcome_reason,
        cast(ended_by as varchar(16)) as ended_by,
        cast(probable_cause as varchar(64)) as probable_cause,
        cast(probable_cause_basis as varchar(16)) as probable_cause_basis,
        cast(probable_cause_rule as varchar(64)) as probable_cause_rule,
        cast(probable_cause_sentence as varchar(512)) as probable_cause_sentence,
        first_error_code,
        cast(nullif(missing_steps, '') as varchar(128)) as missing_steps,

        ----------  numerics
        {{ leg_columns() }},
        {{ seconds_between("pickup_wait_began_at", "pickup_completed_at") }} as pickup_wait_seconds,
        {{ seconds_between("dropoff_wait_began_at", "dropoff_completed_at") }} as dropoff_wait_seconds,
        {{ milliseconds_to_seconds("milliseconds_from_error_to_arrival") }} as seconds_from_error_to_arrival,
        cast(event_count as integer) as event_count,
        cast(error_count as integer) as error_count,
        cast(takeover_count as integer) as takeover_count,
        cast(coalesce(order_count, 0) as integer) as order_count,
        cast(coalesce(robot_count, 0) as integer) as robot_count,
        cast(illegal_transition_count as integer) as illegal_transition_count,
        cast(lost_transition_count as integer) as lost_transition_count,
        cast(session_revision as integer) as session_revision,
        cast(probable_cause_sequence_number as integer) as probable_cause_sequence_number,

        ----------  dates
        local_date,

        ----------  timestamps
        started_at,
        {{ utc_timestamptz("order_created_at") }} as order_created_at,
        {{ utc_timestamptz("requested_at") }} as requested_at,
        {{ utc_timestamptz("dispatched_at") }} as dispatched_at,
        {{ utc_timestamptz("pickup_arrived_at") }} as pickup_arrived_at,
        {{ utc_timestamptz("pickup_completed_at") }} as pickup_completed_at,
        {{ utc_timestamptz("dropoff_arrived_at") }} as dropoff_arrived_at,
        {{ utc_timestamptz("dropoff_completed_at") }} as dropoff_completed_at,
        {{ utc_timestamptz("outcome_at") }} as outcome_at,
        {{ utc_timestamptz("ended_at") }} as ended_at,
        first_error_at,
        session_ended_at as last_event_at,
        last_loaded_at

    from stepped

)

{% if is_incremental() %}

    select {{ model.columns | join(", ") }} from sessions

    union all

    select {{ model.columns | join(", ") }} from shifted

{% else %}

    select * from sessions

{% endif %}
