{#
    With it workload management can give a model a queue of its own (`fleet_analytics.event_timeline`,
    or `fleet_analytics*` for all), and monitoring can add up what a model cost. dbt-redshift's own
    config `query_group` would do the same, but dbt-core does not know it and warns. DuckDB has no
    queues.
#}
{% macro set_query_group() %}
    {{- return(adapter.dispatch("set_query_group", "fleet_analytics")()) -}}
{% endmacro %}

{% macro default__set_query_group() %}{% endmacro %}

{% macro redshift__set_query_group() -%}
    {#- It need not be reset: dbt opens a connection for each node, with the query group of the profile. -#}
    set query_group to '{{ target.query_group or project_name }}.{{ model.name }}'
{%- endmacro %}
