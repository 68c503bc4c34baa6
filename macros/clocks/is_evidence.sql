{#
    Whether several events of a group are such, and lie minutes apart by the emitter's own clock, which cannot
    be told by a backlog: that arrives at once.
#}
{% macro is_evidence(condition) -%}
    count(case when {{ condition }} then 1 end) >= {{ var("clock_evidence_events") }}
    and max(case when {{ condition }} then own_ms end) - min(case when {{ condition }} then own_ms end)
    >= {{ (60000 * var("clock_evidence_minutes")) | int }}
{%- endmacro %}
