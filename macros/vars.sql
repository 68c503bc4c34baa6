{# dbt puts a var into SQL as plain text, so one that is not written as its pattern asks could hold SQL. #}
{% macro checked_var(name, pattern, example) %}
    {%- set value = var(name) | string -%}
    {%- if not modules.re.fullmatch(pattern, value) -%}
        {{ exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ value ~ "'; write it as " ~ example ~ ".") }}
    {%- endif -%}
    {{- return(value) -}}
{% endmacro %}

{% macro day_var(name, default) -%}
    {%- if var(name) is none -%} {{ default }}
    {%- else -%} date '{{ checked_var(name, "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-11-02") }}'
    {%- endif -%}
{%- endmacro %}
