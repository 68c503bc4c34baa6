{#
    A UTC timestamp as timestamptz, the form that marts expose: Sigma reads a timestamp without a
    zone as being in the organisation's own.
#}
{% macro utc_timestamptz(column) -%}
    {{ column }} at time zone 'UTC'
{%- endmacro %}

{# A timestamptz as UTC timestamp, the form that staging and intermediate models work in. #}
{% macro utc_timestamp(column) -%}
    {{ column }} at time zone 'UTC'
{%- endmacro %}

{# UTC day of a timestamptz. #}
{% macro utc_date(column) -%}
    cast({{ column }} at time zone 'UTC' as date)
{%- endmacro %}

{#
    Milliseconds from one timestamp to another, as bigint. Event times are whole milliseconds, so
    counting boundaries, which is what every engine's datediff does, is exact and adds up.
#}
{% macro milliseconds_between(start, end) -%}
    {{ dbt.datediff(start, end, "millisecond") }}
{%- endmacro %}

{# Milliseconds as exact decimal seconds; both engines would divide integers in their own way. #}
{% macro milliseconds_to_seconds(expression) -%}
    cast(cast({{ expression }} as decimal(18, 3)) / 1000 as decimal(18, 3))
{%- endmacro %}

{# Seconds from one timestamp to another, exact to the millisecond. #}
{% macro seconds_between(start, end) -%}
    {{ milliseconds_to_seconds(milliseconds_between(start, end)) }}
{%- endmacro %}

{% macro milliseconds_to_hours(expression) -%}
    cast({{ expression }} as double precision) / 3600000.0
{%- endmacro %}

{% macro seconds_to_hours(expression) -%}
    cast({{ expression }} as double precision) / 3600.0
{%- endmacro %}
