{# Emitters that a line read since the last completed run names, as a query of emitter_id. #}
{% macro affected_emitters() -%}
    select emitter_id from {{ ref("int_emitters") }} where processed_run > {{ last_completed_run() }}
{%- endmacro %}

{# Days on which the affected emitters may have lines. #}
{% macro emitter_days() %}
    {%- set emitters = ref("int_emitters") -%}
    {{- return(days_of(
        "select cast(first_event_at as date) as first_date, cast(last_event_at as date) as last_date from " ~ emitters
        ~ " where processed_run > " ~ last_completed_run()
    )) -}}
{% endmacro %}
