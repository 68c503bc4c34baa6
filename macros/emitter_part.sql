{#
    A part of an emitter's id, service/host/boot, by its number from 1; empty where a line names no emitter. Never of a
    NULL: DuckDB 2.0 fails with an internal error where split_part() in a filter reads a column that is NULL throughout.
#}
{% macro emitter_part(column, number) -%}
    split_part(coalesce({{ column }}, ''), '/', {{ number }})
{%- endmacro %}
