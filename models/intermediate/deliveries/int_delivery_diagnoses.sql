{{ rebuilt_by("session") }}
{{ config(dist="delivery_id", sort="delivery_id") }}

{% set rules = probable_cause_rules() %}
{% set reported_as = "coalesce(replace(outcome_reason, '_', ' '), 'nothing')" %}
{#- What a customer or merchant may cancel for when a robot keeps them waiting. -#}
{% set impatience = words_meaning("reason", ["too_late", "cancelled_by_customer", "robot_failure", "other"]) %}

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

ending_evidence as (

    select *

    from {{ ref("int_ending_evidence") }}

    where {{ affected("session") }}

),

probable_cause_rules as (

    select * from {{ ref("probable_cause_rules") }}

),

joined as (

    select
        milestones.delivery_id,
        milestones.merchant_id,
        milestones.outcome_event_name,
        milestones.outcome_reason,
        milestones.cancelled_by,
        evidence.outcome_robot_state,
        evidence.outcome_number,
        {% for column in [
            "robot_id", "trouble", "trouble_number", "failure_code", "waiting_at", "waiting_number",
            "milliseconds_waiting", "closed_number", "unlock_number", "earlier_failure_number", "is_seen_well",
        ] %}
            ending_evidence.{{ column }},
        {% endfor %}
        coalesce(milestones.cancelled_by in ('customer', 'merchant'), false) as is_own_wish,
        coalesce(ending_evidence.has_goods, false) as has_goods,
        milestones.outcome_event_name = 'dispatch.failed'
        and not coalesce(ending_evidence.has_goods, false) as is_search_given_up,
        case
            when coalesce(milestones.cancelled_by, '') not in ('customer', 'merchant')
                then
                    case milestones.outcome_reason
                        {% for cause, words in reported_causes().items() -%}
                            {% for word in words %}
                                when '{{ word }}' then '{{ cause }}'
                            {% endfor %}
                        {%- endfor %}
                    end
        end as reported_cause,
        (
            ending_evidence.milliseconds_in_trouble >= {{ var("long_trouble_minutes") * 60000 }}
            and milestones.outcome_reason in {{ impatience }}
        )
        or case
            when ending_evidence.trouble = 'weather'
                then milestones.outcome_reason in {{ words_meaning("reason", "weather") }}
            else milestones.outcome_reason in {{ words_meaning("reason", "robot_failure") }}
        end as is_for_trouble,
        ending_evidence.milliseconds_waiting >= {{ var("long_trouble_minutes") * 60000 }}
        and milestones.outcome_reason in {{ words_meaning("reason", "too_late") }} as is_waiting_too_long

    from milestones

    inner join evidence
        on milestones.delivery_id = evidence.delivery_id

    left join ending_evidence
        on milestones.delivery_id = ending_evidence.delivery_id

),

-- People change their mind while a robot is in trouble, too: it explains that only if it kept them waiting or
-- they say so. A search that is given up is not explained by the robot that was taken off before. A robot out
-- of contact may wait at the place of which the ending event tells.
judged as (

    select
        *,
        case
            when is_own_wish and not coalesce(is_for_trouble, false) then null
            when is_search_given_up then null
            when trouble = 'contact' and waiting_at = 'merchant' and reported_cause = 'merchant_not_ready' then null
            when trouble = 'contact' and waiting_at = 'customer' and reported_cause in ('customer_absent', 'no_access')
                then null
            else trouble
        end as counting_trouble,
        case when not is_own_wish or is_waiting_too_long then waiting_at end as counting_wait,
        1 as all_rules

    from joined

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

matched as (

    select
        ranked.*,
        probable_cause_rules.rule,
        probable_cause_rules.cause,
        probable_cause_rules.sentence,
        -- Where words and evidence agree, the cause is sure.
        case
            when probable_cause_rules.basis = 'shown' and ranked.reported_cause = probable_cause_rules.cause
                then 'confirmed'
            when
                probable_cause_rules.basis = 'reported'
                and ranked.reported_cause = probable_cause_rules.cause
                and probable_cause_rules.cause = case ranked.waiting_at
                    when 'merchant' then 'merchant_not_ready' when 'customer' then 'customer_absent'
                end
                then 'confirmed'
            -- A rule without a basis explains nothing; an empty cell is no NULL everywhere.
            else nullif(probable_cause_rules.basis, '')
        end as basis

    from ranked

    left join probable_cause_rules
        on ranked.first_rank = probable_cause_rules.rule_rank

),

diagnoses as (

    select
        ----------  ids
        delivery_id,

        ----------  text
        coalesce(
            cancelled_by,
            case when outcome_event_name = 'dispatch.failed' then 'dispatch' else 'robot' end
        ) as ended_by,
        rule as probable_cause_rule,
        cause as probable_cause,
        basis as probable_cause_basis,
        {{ fill_sentence("sentence", {
            "robot": "robot_id",
            "merchant": "merchant_id",
            "reason": "replace(outcome_reason, '_', ' ')",
            "error": "failure_code",
            "wait": number_text("milliseconds_waiting / 60000.0"),
        }) }}
        || case basis
            when 'confirmed' then ' Reported, and shown by events.'
            when 'shown' then ' Shown by events; reported as ' || {{ reported_as }} || '.'
            when 'reported' then ' Only reported.'
            when 'inferred' then ' Inferred; reported as ' || {{ reported_as }} || '.'
            else ''
        end as probable_cause_sentence,

        ----------  numerics
        case rule
            {% for rule in rules %}
                when '{{ rule.rule }}' then {{ rule.evidence }}
            {% endfor %}
        end as probable_cause_sequence_number

    from matched

)

select * from diagnoses
