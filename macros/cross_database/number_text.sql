{# Rounded with floor(), because the casts of the two engines round halves differently. #}
{% macro number_text(column) -%}
    coalesce(cast(cast(floor({{ column }} + 0.5) as bigint) as varchar(32)), '?')
{%- endmacro %}
