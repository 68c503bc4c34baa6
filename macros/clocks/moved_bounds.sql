{# Robots of int_robots, as it was before this run, whose first or last event was put at another time; a query. #}
{% macro robots_of_moved_bounds() -%}
    select bounds.robot_id
    from {{ this }} as bounds
    inner join {{ ref("int_affected_events") }} as moved
        on bounds.robot_id = moved.robot_id
    where
        moved.is_outdated
        and moved.is_sign_of_life
        and (moved.event_at <= bounds.first_event_at or moved.event_at >= bounds.last_event_at)
{%- endmacro %}

{# The days on which their events lie, or may lie since. #}
{% macro days_of_moved_bounds() %}
    {%- set robots = "robot_id in (" ~ robots_of_moved_bounds() ~ ")" -%}
    {{- return(days_of(
        bounds_of(this, robots) ~ " union all "
        ~ days_in(ref("int_affected_events"), "event_date") ~ " where " ~ robots
    )) -}}
{% endmacro %}
