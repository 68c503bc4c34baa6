{# The words of a field that mean something to the models, as states_marked(): a fleet has words of its own. #}
{% macro words_meaning(field, meanings) -%}
    {%- set words = [] -%}
    {%- for meaning in ([meanings] if meanings is string else meanings) -%}
        {%- do words.extend(registry_meanings()[field][meaning]) -%}
    {%- endfor -%}
    ('{{ words | join("', '") }}')
{%- endmacro %}
