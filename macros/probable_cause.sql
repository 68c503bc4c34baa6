{# The reasons of ending events by the cause that each names. The others, such as too late, name none. #}
{% macro reported_causes() %}
    {%- set causes = dict(registry_meanings()["reason"]) -%}
    {%- for meaning in ("too_late", "other", "called_off") -%}
        {%- do causes.pop(meaning) -%}
    {%- endfor -%}
    {{- return(causes) -}}
{% endmacro %}

{# The seed probable_cause_rules says which matching rule wins, its cause, its sentence and how sure it is. #}
{% macro probable_cause_rules() %}
    {%- set waited = var("long_wait_minutes") * 60000 -%}
    {%- set rules = [] -%}
    {%- for trouble in ("weather", "accident", "theft", "lid", "no_pilot", "failure", "stuck", "contact") -%}
        {%- do rules.append({
            "rule": trouble ~ "_shown",
            "when": "counting_trouble = '" ~ trouble ~ "'",
            "evidence": "trouble_number",
        }) -%}
    {%- endfor -%}
    {%- for cause in (
        "merchant_not_ready", "weather", "theft", "no_access", "lid_fault", "robot_stuck", "robot_failure",
    ) -%}
        {%- do rules.append({
            "rule": cause ~ "_reported",
            "when": "reported_cause = '" ~ cause ~ "'",
            "evidence": "outcome_number",
        }) -%}
    {%- endfor -%}
    {{- return(rules + [
        {
            "rule": "merchant_closed_shown",
            "when": "counting_wait = 'merchant' and closed_number is not null",
            "evidence": "closed_number",
        },
        {
            "rule": "no_robot_reported",
            "when": "outcome_event_name = 'dispatch.failed' and not has_goods",
            "evidence": "outcome_number",
        },
        {"rule": "cancelled_by_merchant", "when": "cancelled_by = 'merchant'", "evidence": "outcome_number"},
        {
            "rule": "unlocking_failed",
            "when": "counting_wait = 'customer' and unlock_number is not null"
                ~ " and coalesce(reported_cause, 'customer_absent') in ('customer_absent', 'no_access')",
            "evidence": "unlock_number",
        },
        {
            "rule": "customer_absent_reported",
            "when": "reported_cause = 'customer_absent'",
            "evidence": "coalesce(case when counting_wait = 'customer' then waiting_number end, outcome_number)",
        },
        {
            "rule": "wait_at_merchant",
            "when": "counting_wait = 'merchant'"
                ~ " and (is_seen_well or reported_cause is null or milliseconds_waiting >= " ~ waited ~ ")",
            "evidence": "waiting_number",
        },
        {
            "rule": "wait_at_customer",
            "when": "counting_wait = 'customer'"
                ~ " and (is_seen_well or reported_cause is null or milliseconds_waiting >= " ~ waited ~ ")",
            "evidence": "waiting_number",
        },
        {
            "rule": "cancelled_by_customer",
            "when": "cancelled_by = 'customer' or reported_cause = 'cancelled_by_customer'",
            "evidence": "outcome_number",
        },
        {
            "rule": "earlier_failure",
            "when": "earlier_failure_number is not null",
            "evidence": "earlier_failure_number",
        },
        {"rule": "robot_silent", "when": "outcome_robot_state = 'unknown'", "evidence": "outcome_number"},
        {"rule": "cancelled_by_operations", "when": "cancelled_by = 'operations'", "evidence": "outcome_number"},
        {"rule": "cancelled_by_system", "when": "cancelled_by = 'system'", "evidence": "outcome_number"},
        {"rule": "nothing_seen", "when": "true", "evidence": "outcome_number"},
    ]) -}}
{% endmacro %}

{% macro rank_columns(rules) -%}
    {%- for rule in rules %}
        min(case when rule = '{{ rule.rule }}' then rule_rank end) as {{ rule.rule }}_rank{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro first_matching_rank(rules, ranks) -%}
    least(
    {%- for rule in rules %}
        case when {{ rule.when }} then {{ ranks }}.{{ rule.rule }}_rank end{{ "," if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}

{% macro fill_sentence(sentence, values) -%}
    {%- set filled = namespace(sql=sentence) -%}
    {%- for name, value in values.items() -%}
        {%- set filled.sql = "replace(" ~ filled.sql ~ ", '{" ~ name ~ "}', coalesce(" ~ value ~ ", '?'))" -%}
    {%- endfor -%}
    {{ filled.sql }}
{%- endmacro %}

{# Causes that a release of the robots' software can change: what happened to the robot. #}
{% macro robot_causes() -%}
    {%- for cause in ["robot_failure", "lid_fault", "robot_stuck", "robot_out_of_contact", "safety_event"] -%}
        '{{ cause }}'{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
