{# dbt puts a var into SQL as plain text, so one that is not written as its pattern asks could hold SQL. #}
{% macro checked_var(name, pattern, example) %}
    {%- set value = var(name) | string -%}
    {%- if not modules.re.fullmatch(pattern, value) -%}
        {{ exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ value ~ "'; write it as " ~ example ~ ".") }}
    {%- endif -%}
    {{- return(value) -}}
{% endmacro %}

{# Names of the var `environments` in lower case, which is how they are compared. #}
{% macro own_environments() %}
    {%- set value = var("environments") -%}
    {%- set names = [] -%}
    {%- for name in (value if value is iterable and value is not string and value is not mapping else [])
        if name is string and modules.re.fullmatch("[A-Za-z0-9._/-]{1,64}", name) -%}
        {%- do names.append(name | lower) -%}
    {%- endfor -%}
    {%- if not names or names | length != value | length -%}
        {{ exceptions.raise_compiler_error(
            "The var environments is " ~ value ~ "; write it as a list of plain names, such as [prod]."
        ) }}
    {%- endif -%}
    {{- return(names) -}}
{% endmacro %}

{# A line's environment as it is compared and shown: as Datadog has a tag, in lower case. #}
{% macro environment_name(column) -%}
    lower(trim({{ column }}))
{%- endmacro %}

{#
    The SQL condition that a line is of another environment. One that names none is ours: to lose the lines of a
    service that does not say would be worse than to see those of a test.
#}
{% macro is_of_other_environment(column) -%}
    coalesce({{ environment_name(column) }}, '') not in ('', '{{ own_environments() | join("', '") }}')
{%- endmacro %}

{% macro day_var(name, default) -%}
    {%- if var(name) is none -%} {{ default }}
    {%- else -%} date '{{ checked_var(name, "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-11-02") }}'
    {%- endif -%}
{%- endmacro %}
