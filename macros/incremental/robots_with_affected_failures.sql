{# Robots of which this run affected an error or a clearance, as a query of robot_id. #}
{% macro robots_with_affected_failures() -%}
    select distinct robot_id
    from {{ ref("int_affected_events") }}
    where event_name in ('robot.error', 'robot.error_cleared')
{%- endmacro %}
