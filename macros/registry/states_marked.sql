{# The models know no state by name: a fleet has words of its own, and the registry says what each means. #}
{% macro states_marked(mark) -%}
    ('{{ registry_state_marks()[mark] | join("', '") }}')
{%- endmacro %}
