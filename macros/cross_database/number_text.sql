{#
    A number as whole-number text for a readable summary, '?' when absent. Rounded by hand:
    the engines' own casts round halves differently.
#}
{% macro number_text(column) -%}
    coalesce(cast(cast(floor({{ column }} + 0.5) as bigint) as varchar(32)), '?')
{%- endmacro %}
