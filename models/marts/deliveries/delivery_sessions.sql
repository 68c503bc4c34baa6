{{ rebuilt_by("session") }}
{{ config(unique_key="delivery_id", dist="delivery_id", sort="started_at") }}

{% set signs = {
    "accident": "is_accident",
    "failure": "is_failure",
    "stuck": "event_name = 'robot.stuck'",
    "contact_lost": "event_name = 'robot.connection_lost'",
    "contact_restored": "event_name = 'robot.connection_restored'",
    "merchant_arrival": "event_name = 'delivery.pickup_arrived'",
    "customer_arrival": "event_name = 'delivery.dropoff_arrived'",
    "takeover": "is_takeover",
    "illegal_transition": "is_illegal_transition",
} %}
{% set rules = probable_cause_rules() %}
{% set outcome_at = "(" ~ utc_timestamptz("milestones.outcome_at") ~ ")" %}

with

milestones as (

    select *

    from {{ ref("int_delivery_milestones") }}

    where {{ affected("session") }}

),

session_events as (

    select *

    from {{ ref("delivery_session_events") }}

    where {{ affected("session", at="event_at") }}

),

assignment_windows as (

    select * from {{ ref("int_assignment_windows") }}

),

orders as (

    select * from {{ ref("int_orders") }}

),

state_changes as (

    select
        state_event_id,
        is_illegal_transition,
        has_lost_transition

    from {{ ref("int_robot_state_intervals") }}

    where
        basis = 'reported'
        and {{ affected("session", id=false, date="cast(reported_at as date)") }}

),

-- A near miss and an e-stop go by; after these a robot does not drive on.
accidents as (

    select event_id

    from {{ ref("stg_event_log__robot_events") }}

    where
        event_name = 'robot.safety_event'
        and kind in ('collision', 'tip_over', 'tamper')
        and {{ affected("session", id=false, date="event_date") }}

),

probable_cause_rules as (

    select * from {{ ref("probable_cause_rules") }}

),

-- A robot that gave the delivery away and got it back has it last: its last assignment counts.
robots_of_delivery as (

    select
        delivery_id,
        robot_id,
        max(assigned_at) as assigned_at

    from assignment_windows

    group by delivery_id, robot_id

),

robot_sequence as (

    select
        delivery_id,
        robot_id,
        row_number() over (
            partition by delivery_id
            order by assigned_at desc, robot_id asc
        ) as robot_order,
        count(*) over (partition by delivery_id) as robot_count,
        lag(delivery_id) over (partition by robot_id order by assigned_at, delivery_id) as previous_delivery_id,
        lead(delivery_id) over (partition by robot_id order by assigned_at, delivery_id) as next_delivery_id

    from robots_of_delivery

),

last_robots as (

    select *

    from robot_sequence

    where robot_order = 1

),

flagged_events as (

    select
        session_events.*,
        coalesce(state_changes.is_illegal_transition, false) as is_illegal_transition,
        coalesce(state_changes.has_lost_transition, false) as has_lost_transition,
        accidents.event_id is not null as is_accident,
        {{ utc_timestamptz("milestones.dropoff_arrived_at") }} as dropoff_arrived_at,
        coalesce(session_events.event_id = milestones.outcome_event_id, false) as is_outcome,

        -- Only what happened before the end can have caused it, and only to the robot that had the
        -- delivery then: another one's trouble was over when the delivery was given to this one.
        session_events.event_at <= {{ outcome_at }}
        and coalesce(session_events.robot_id = last_robots.robot_id, true) as may_be_cause

    from session_events

    inner join milestones
        on session_events.delivery_id = milestones.delivery_id

    left join last_robots
        on session_events.delivery_id = last_robots.delivery_id

    left join state_changes
        on session_events.event_id = state_changes.state_event_id

    left join accidents
        on session_events.event_id = accidents.event_id

),

measured_events as (

    select
        *,
        case
            when event_name = 'robot.error'
                then {{ milliseconds_between("event_at", "dropoff_arrived_at") }}
        end as milliseconds_to_arrival,
        row_number() over (
            partition by delivery_id, may_be_cause and is_failure
            order by sequence_number desc
        ) as failure_order

    from flagged_events

),

aggregated as (

    select
        delivery_id,
        min(event_at) as started_at,
        max(event_at) as last_event_at,
        max(loaded_at) as last_loaded_at,
        count(*) as event_count,
        sum(case when is_error then 1 else 0 end) as error_count,
        sum(case when is_takeover then 1 else 0 end) as takeover_count,
        sum(case when is_illegal_transition then 1 else 0 end) as illegal_transition_count,
        sum(case when has_lost_transition then 1 else 0 end) as lost_transition_count,
        count(distinct loaded_at) as session_revision,
        max(case when is_first_error then error_code end) as first_error_code,
        max(case when is_first_error then event_at end) as first_error_at,
        min(case when milliseconds_to_arrival >= 0 then milliseconds_to_arrival end) as milliseconds_before_arrival,
        max(case when milliseconds_to_arrival < 0 then milliseconds_to_arrival end) as milliseconds_after_arrival,

        ----------  what may be the cause: the number of the last such event before the end
        max(case when is_outcome then sequence_number end) as outcome_number,
        max(case when is_outcome then robot_state end) as outcome_robot_state,
        {% for name, condition in signs.items() %}
            max(case when may_be_cause and {{ condition }} then sequence_number end) as {{ name }}_number,
        {% endfor %}
        max(case when may_be_cause and is_failure and failure_order = 1 then error_code end) as failure_code,
        max(case when may_be_cause and is_failure and failure_order = 1 then component end) as failure_component,
        max(case when may_be_cause and event_name = 'delivery.pickup_arrived' then event_at end) as at_merchant_at,
        max(case when may_be_cause and event_name = 'delivery.dropoff_arrived' then event_at end) as at_customer_at

    from measured_events

    group by delivery_id

),

timed as (

    select
        milestones.*,
        aggregated.started_at,
        aggregated.last_event_at as session_ended_at,
        aggregated.last_loaded_at,
        aggregated.event_count,
        aggregated.error_count,
        aggregated.takeover_count,
        aggregated.illegal_transition_count,
        aggregated.lost_transition_count,
        aggregated.session_revision,
        aggregated.first_error_code,
        aggregated.first_error_at,
        aggregated.outcome_number,
        aggregated.outcome_robot_state,
        {% for name in signs %}
            aggregated.{{ name }}_number,
        {% endfor %}
        aggregated.failure_code,
        aggregated.failure_component,

        -- How long the robot had waited at the end for what did not come.
        case
            when milestones.pickup_completed_at is null
                then {{ milliseconds_between("aggregated.at_merchant_at", outcome_at) }}
        end as milliseconds_at_merchant,
        case
            when milestones.dropoff_completed_at is null
                then {{ milliseconds_between("aggregated.at_customer_at", outcome_at) }}
        end as milliseconds_at_customer,

        last_robots.robot_id,
        last_robots.robot_count,
        last_robots.previous_delivery_id,
        last_robots.next_delivery_id,
        orders.created_at as order_created_at,
        orders.market as order_market,

        -- The nearest error on either side of the arrival; positive when it came before.
        case
            when
                aggregated.milliseconds_after_arrival is null
                or aggregated.milliseconds_before_arrival <= -aggregated.milliseconds_after_arrival
                then aggregated.milliseconds_before_arrival
            else aggregated.milliseconds_after_arrival
        end as milliseconds_from_error_to_arrival

    from milestones

    inner join aggregated
        on milestones.delivery_id = aggregated.delivery_id

    left join last_robots
        on milestones.delivery_id = last_robots.delivery_id

    left join orders
        on milestones.order_id = orders.order_id

),

-- A step is missing where the log has a later one without it; an order comes before any delivery.
stepped as (

    select
        *,
        1 as all_rules,
        case when order_created_at is null then ', order_created' else '' end as order_created_gap,
        case
            when
                dispatched_at is null
                and coalesce(
                    pickup_arrived_at, pickup_completed_at, dropoff_arrived_at, dropoff_completed_at
                ) is not null
                then ', dispatched'
            else ''
        end as dispatched_gap,
        case
            when
                pickup_arrived_at is null
                and coalesce(pickup_completed_at, dropoff_arrived_at, dropoff_completed_at) is not null
                then ', pickup_arrived'
            else ''
        end as pickup_arrived_gap,
        case
            when pickup_completed_at is null and coalesce(dropoff_arrived_at, dropoff_completed_at) is not null
                then ', pickup_completed'
            else ''
        end as pickup_completed_gap,
        case
            when dropoff_arrived_at is null and dropoff_completed_at is not null
                then ', dropoff_arrived'
            else ''
        end as dropoff_arrived_gap

    from timed

),

-- The seed's ranks as one row: a column for each rule, NULL for one that the seed leaves out.
rule_ranks as (

    select
        1 as all_rules,
        {{- rank_columns(rules) }}

    from probable_cause_rules

),

ranked as (

    select
        stepped.*,
        case
            when stepped.outcome in ('failed', 'cancelled')
                then {{ first_matching_rank(rules, "rule_ranks") }}
        end as first_rank

    from stepped

    -- An equality, though it always holds: a cross join would be a nested loop on Redshift.
    inner join rule_ranks
        on stepped.all_rules = rule_ranks.all_rules

),

diagnosed as (

    select
        ranked.*,
        probable_cause_rules.rule as probable_cause_rule,
        probable_cause_rules.cause as probable_cause,
        {{ fill_sentence("probable_cause_rules.sentence", {
            "robot": "ranked.robot_id",
            "merchant": "ranked.merchant_id",
            "reason": "replace(ranked.outcome_reason, '_', ' ')",
            "error": "ranked.failure_code",
            "wait": number_text("coalesce(ranked.milliseconds_at_customer, ranked.milliseconds_at_merchant) / 60000.0"),
        }) }} as probable_cause_sentence,
        case probable_cause_rules.rule
            {% for rule in rules %}
                when '{{ rule.rule }}' then {{ rule.evidence }}
            {% endfor %}
        end as probable_cause_sequence_number,
        ltrim(
            ranked.order_created_gap
            || ranked.dispatched_gap
            || ranked.pickup_arrived_gap
            || ranked.pickup_completed_gap
            || ranked.dropoff_arrived_gap,
            ', '
        ) as missing_steps

    from ranked

    left join probable_cause_rules
        on ranked.first_rank = probable_cause_rules.rule_rank

),

{% if is_incremental() %}

-- Deliveries that this run left alone, but for the delivery before or after them on their robot.
shifted as (

    select
        {% for name in model.columns -%}
        {{ "last_robots." if name in ("previous_delivery_id", "next_delivery_id") else "delivery_sessions." }}{{ name }}
        {{- "," if not loop.last }}
        {% endfor %}

    from {{ this }} as delivery_sessions

    inner join last_robots
        on delivery_sessions.delivery_id = last_robots.delivery_id

    where
        delivery_sessions.delivery_id not in (select milestones.delivery_id from milestones)
        and (
            coalesce(delivery_sessions.previous_delivery_id, '') <> coalesce(last_robots.previous_delivery_id, '')
            or coalesce(delivery_sessions.next_delivery_id, '') <> coalesce(last_robots.next_delivery_id, '')
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
        cast(outcome as varchar(16)) as outcome,
        outcome_event_name,
        outcome_reason,
        cast(probable_cause as varchar(64)) as probable_cause,
        cast(probable_cause_rule as varchar(64)) as probable_cause_rule,
        cast(probable_cause_sentence as varchar(512)) as probable_cause_sentence,
        first_error_code,
        cast(nullif(missing_steps, '') as varchar(128)) as missing_steps,

        ----------  numerics
        {{ seconds_between("order_created_at", "dispatched_at") }} as order_to_dispatch_seconds,
        {{ seconds_between("dispatched_at", "pickup_completed_at") }} as dispatch_to_pickup_seconds,
        {{ seconds_between("pickup_completed_at", "dropoff_completed_at") }} as pickup_to_dropoff_seconds,
        {{ seconds_between("order_created_at", "dropoff_completed_at") }} as order_to_dropoff_seconds,
        {{ seconds_between("pickup_wait_began_at", "pickup_completed_at") }} as pickup_wait_seconds,
        {{ seconds_between("dropoff_wait_began_at", "dropoff_completed_at") }} as dropoff_wait_seconds,
        {{ milliseconds_to_seconds("milliseconds_from_error_to_arrival") }} as seconds_from_error_to_arrival,
        cast(event_count as integer) as event_count,
        cast(error_count as integer) as error_count,
        cast(takeover_count as integer) as takeover_count,
        cast(coalesce(robot_count, 0) as integer) as robot_count,
        cast(illegal_transition_count as integer) as illegal_transition_count,
        cast(lost_transition_count as integer) as lost_transition_count,
        cast(session_revision as integer) as session_revision,
        cast(probable_cause_sequence_number as integer) as probable_cause_sequence_number,

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

    from diagnosed

)

{% if is_incremental() %}

    select {{ model.columns | join(", ") }} from sessions

    union all

    select {{ model.columns | join(", ") }} from shifted

{% else %}

    select * from sessions

{% endif %}
