{# Datadog counts the same events, because its query is generated from the same row of the registry. #}
{% macro metric_count(name, only=none) -%}
    {%- set metric = registry_metrics().get(name) -%}
    {%- if metric is none -%}
        {{ exceptions.raise_compiler_error(
            "registry/monitors.yml has no metric " ~ name ~ "; use one of " ~ registry_metrics() | join(", ") ~ "."
        ) }}
    {%- endif -%}
    {%- set condition = "(" ~ metric.condition ~ ") and " ~ only if only else metric.condition -%}
    {%- if metric.distinct -%}
    count(distinct case when {{ condition }} then {{ metric.distinct }} end)
    {%- else -%}
    sum(case when {{ condition }} then 1 else 0 end)
    {%- endif -%}
{%- endmacro %}
