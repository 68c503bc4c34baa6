{% macro session_signs() %}
    {{- return({
        "accident": "is_accident",
        "failure": "is_failure",
        "stuck": "event_name = 'robot.stuck'",
        "contact_lost": "event_name = 'robot.connection_lost'",
        "contact_restored": "event_name = 'robot.connection_restored'",
        "merchant_arrival": "event_name = 'delivery.pickup_arrived'",
        "customer_arrival": "event_name = 'delivery.dropoff_arrived'",
        "takeover": "is_takeover",
        "illegal_transition": "is_illegal_transition",
    }) -}}
{% endmacro %}

{# The seed probable_cause_rules says which matching rule wins, and its sentence. #}
{% macro probable_cause_rules() %}
    {%- set waited = var("long_wait_minutes") * 60000 -%}
    {{- return([
        {"rule": "cancelled_by_customer", "when": "cancelled_by = 'customer'", "evidence": "outcome_number"},
        {"rule": "cancelled_by_merchant", "when": "cancelled_by = 'merchant'", "evidence": "outcome_number"},
        {
            "rule": "merchant_not_ready_reported",
            "when": "outcome_reason in"
                ~ " ('no_food', 'no_staff', 'merchant_closed', 'merchant_unavailable', 'out_of_stock')",
            "evidence": "outcome_number",
        },
        {
            "rule": "customer_absent_reported",
            "when": "outcome_reason = 'customer_absent'",
            "evidence": "outcome_number",
        },
        {"rule": "no_access_reported", "when": "outcome_reason = 'no_access'", "evidence": "outcome_number"},
        {"rule": "theft_reported", "when": "outcome_reason = 'theft'", "evidence": "outcome_number"},
        {"rule": "weather_reported", "when": "outcome_reason = 'weather'", "evidence": "outcome_number"},
        {"rule": "no_robot_reported", "when": "outcome_event_name = 'dispatch.failed'", "evidence": "outcome_number"},
        {"rule": "lid_fault_reported", "when": "outcome_reason = 'lid_fault'", "evidence": "outcome_number"},
        {"rule": "accident_seen", "when": "accident_number is not null", "evidence": "accident_number"},
        {
            "rule": "robot_stuck_reported",
            "when": "outcome_reason = 'robot_blocked'",
            "evidence": "coalesce(stuck_number, outcome_number)",
        },
        {
            "rule": "robot_failure_reported",
            "when": "outcome_reason in ('robot_fault', 'robot_failure')",
            "evidence": "coalesce(failure_number, outcome_number)",
        },
        {
            "rule": "contact_lost",
            "when": "outcome_robot_state in ('unknown', 'non_contactable')"
                ~ " or contact_lost_number > coalesce(contact_restored_number, 0)",
            "evidence": "coalesce(contact_lost_number, outcome_number)",
        },
        {
            "rule": "lid_fault_seen",
            "when": "outcome_robot_state = 'fault' and failure_component = 'lid'",
            "evidence": "failure_number",
        },
        {
            "rule": "robot_in_fault",
            "when": "outcome_robot_state = 'fault'",
            "evidence": "coalesce(failure_number, outcome_number)",
        },
        {
            "rule": "robot_blocked",
            "when": "outcome_robot_state = 'blocked'",
            "evidence": "coalesce(stuck_number, outcome_number)",
        },
        {
            "rule": "wait_at_merchant",
            "when": "milliseconds_at_merchant >= " ~ waited,
            "evidence": "merchant_arrival_number",
        },
        {
            "rule": "wait_at_customer",
            "when": "milliseconds_at_customer >= " ~ waited,
            "evidence": "customer_arrival_number",
        },
        {"rule": "failure_seen", "when": "failure_number is not null", "evidence": "failure_number"},
        {"rule": "stuck_seen", "when": "stuck_number is not null", "evidence": "stuck_number"},
        {"rule": "takeover_seen", "when": "takeover_number is not null", "evidence": "takeover_number"},
        {
            "rule": "illegal_transition_seen",
            "when": "illegal_transition_number is not null",
            "evidence": "illegal_transition_number",
        },
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
    {%- for cause in [
        "robot_failure", "lid_fault", "robot_stuck", "robot_out_of_contact", "safety_event", "pilot_takeover",
        "illegal_transition",
    ] -%}
        '{{ cause }}'{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
