{#
    One number over another as double precision, NULL over zero. Redshift truncates an integer
    division, DuckDB does not.
#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double precision) / nullif(cast({{ denominator }} as double precision), 0)
{%- endmacro %}
