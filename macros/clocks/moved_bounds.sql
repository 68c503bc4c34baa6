{# Robots of int_robots, as it was, whose first or last event was put at another time or is a copy now; a query. #}
{% macro robots_of_moved_bounds() -%}
    select bounds.robot_id
    from {{ this }} as bounds
    inner join (
        select robot_id, event_at
        from {{ ref("int_affected_events") }}
        where
            is_sign_of_life
            -- A copy may have been the event until a better one came.
            and (is_outdated or line_status = 'duplicate')

        except

        select robot_id, event_at
        from {{ ref("int_affected_events") }}
        where
            is_sign_of_life
            and not is_outdated
            and line_status = 'accepted'
    ) as moved
        on bounds.robot_id = moved.robot_id
    where
        moved.event_at <= bounds.first_event_at
        or moved.event_at >= bounds.last_event_at
{%- endmacro %}

{# The days on which their events lie, or may lie since. #}
{% macro days_of_moved_bounds() %}
    {%- set robots = "robot_id in (" ~ robots_of_moved_bounds() ~ ")" -%}
    {{- return(days_of(
        bounds_of(this, robots) ~ " union all "
        ~ days_in(ref("int_affected_events"), "event_date") ~ " where " ~ robots
    )) -}}
{% endmacro %}
