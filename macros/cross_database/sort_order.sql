{#
    Stored in the order of the sort key, a query for some days skips the blocks of all others. Redshift
    sorts by the key itself; DuckDB keeps rows in the order in which they were inserted, and joins and
    window functions change it.
#}
{% macro in_sort_order() %}
    {{- return(adapter.dispatch("in_sort_order", "fleet_analytics")()) -}}
{% endmacro %}

{% macro default__in_sort_order() %}{% endmacro %}

{% macro duckdb__in_sort_order() -%}
    {#- A unit test has no config, and compares rows in any order. -#}
    {%- set sort = config.get("sort", []) -%}
    {%- if sort -%} order by {{ sort if sort is string else sort | join(", ") }} {%- endif -%}
{%- endmacro %}
