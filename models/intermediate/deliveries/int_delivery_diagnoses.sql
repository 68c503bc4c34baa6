{{ rebuilt_by("session") }}
{{ config(dist="delivery_id", sort="delivery_id") }}

{% set rules = probable_cause_rules() %}

with

milestones as (

    select *

    from {{ ref("int_deliveries") }}

    where
        outcome in ('failed', 'cancelled')
        and {{ affected("session") }}

),

evidence as (

    select *

    from {{ ref("int_session_evidence") }}

    where {{ affected("session") }}

),

robots as (

    select * from {{ ref("int_delivery_robots") }}

),

probable_cause_rules as (

    select * from {{ ref("probable_cause_rules") }}

),

judged as (

    select
        milestones.delivery_id,
        milestones.merchant_id,
        milestones.outcome_event_name,
        milestones.outcome_reason,
        milestones.cancelled_by,
        robots.robot_id,
        evidence.outcome_robot_state,
        evidence.failure_code,
        evidence.failure_component,
        evidence.outcome_number,
        {% for name in session_signs() %}
            evidence.{{ name }}_number,
        {% endfor %}

        -- How long the robot had waited at the end, where the pickup or drop-off did not happen.
        case
            when milestones.pickup_completed_at is null then evidence.milliseconds_at_merchant
        end as milliseconds_at_merchant,
        case
            when milestones.dropoff_completed_at is null then evidence.milliseconds_at_customer
        end as milliseconds_at_customer,
        1 as all_rules

    from milestones

    inner join evidence
        on milestones.delivery_id = evidence.delivery_id

    left join robots
        on milestones.delivery_id = robots.delivery_id

),

-- The ranks of the seed as one row: a column for each rule, NULL for one that is not in the seed.
rule_ranks as (

    select
        1 as all_rules,
        {{- rank_columns(rules) }}

    from probable_cause_rules

),

ranked as (

    select
        judged.*,
        {{ first_matching_rank(rules, "rule_ranks") }} as first_rank

    from judged

    -- A condition that is always true, because a cross join is a nested loop on Redshift.
    inner join rule_ranks
        on judged.all_rules = rule_ranks.all_rules

),

diagnoses as (

    select
        ----------  ids
        ranked.delivery_id,

        ----------  text
        probable_cause_rules.rule as probable_cause_rule,
        probable_cause_rules.cause as probable_cause,
        {{ fill_sentence("probable_cause_rules.sentence", {
            "robot": "ranked.robot_id",
            "merchant": "ranked.merchant_id",
            "reason": "replace(ranked.outcome_reason, '_', ' ')",
            "error": "ranked.failure_code",
            "wait": number_text("coalesce(ranked.milliseconds_at_customer, ranked.milliseconds_at_merchant) / 60000.0"),
        }) }} as probable_cause_sentence,

        ----------  numerics
        case probable_cause_rules.rule
            {% for rule in rules %}
                when '{{ rule.rule }}' then {{ rule.evidence }}
            {% endfor %}
        end as probable_cause_sequence_number

    from ranked

    left join probable_cause_rules
        on ranked.first_rank = probable_cause_rules.rule_rank

)

select * from diagnoses
