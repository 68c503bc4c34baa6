{# The words of a field that mean something to the models, as states_marked(): a fleet has words of its own. #}
{% macro words_meaning(field, meanings) -%}
    {%- set words = [] -%}
    {%- for meaning in ([meanings] if meanings is string else meanings) -%}
        {%- do words.extend(registry_meanings()[field][meaning]) -%}
    {%- endfor -%}
    ('{{ words | join("', '") }}')
{%- endmacro %}

{# What a word of the fleet means, in the models' own words; other where the registry does not say it. #}
{% macro meaning_of(field, column) -%}
    case
        {%- for meaning, words in registry_meanings()[field].items() if words %}
            when {{ column }} in {{ words_meaning(field, meaning) }} then '{{ meaning }}'
        {%- endfor %}
        when {{ column }} is not null then 'other'
    end
{%- endmacro %}
