{# Marts expose timestamptz, because Sigma reads a timestamp without a zone in the organisation's time zone. #}
{% macro utc_timestamptz(column) -%}
    {{ column }} at time zone 'UTC'
{%- endmacro %}

{% macro utc_timestamp(column) -%}
    {{ column }} at time zone 'UTC'
{%- endmacro %}

{% macro utc_date(column) -%}
    cast({{ column }} at time zone 'UTC' as date)
{%- endmacro %}

{#
    The wall clock of a time zone, whose name may be a column, at a UTC timestamp. Only in this direction: a time
    of a wall clock may come twice or never.
#}
{% macro local_timestamp(column, time_zone) %}
    {{- return(adapter.dispatch("local_timestamp", "fleet_analytics")(column, time_zone)) -}}
{% endmacro %}

{% macro default__local_timestamp(column, time_zone) -%}
    convert_timezone('UTC', {{ time_zone }}, {{ column }})
{%- endmacro %}

{# ICU, which knows the zones, is part of DuckDB's Python package. #}
{% macro duckdb__local_timestamp(column, time_zone) -%}
    timezone({{ time_zone }}, {{ column }} at time zone 'UTC')
{%- endmacro %}

{#
    Event times are whole milliseconds, so counting boundaries, which is what datediff does on every
    engine, is exact and adds up.
#}
{% macro milliseconds_between(start, end) -%}
    {{ dbt.datediff(start, end, "millisecond") }}
{%- endmacro %}

{# As decimals, because each engine divides integers in its own way. #}
{% macro milliseconds_to_seconds(expression) -%}
    cast(cast({{ expression }} as decimal(18, 3)) / 1000 as decimal(18, 3))
{%- endmacro %}

{% macro seconds_between(start, end) -%}
    {{ milliseconds_to_seconds(milliseconds_between(start, end)) }}
{%- endmacro %}

{% macro milliseconds_to_hours(expression) -%}
    cast({{ expression }} as double precision) / 3600000.0
{%- endmacro %}

{% macro seconds_to_hours(expression) -%}
    cast({{ expression }} as double precision) / 3600.0
{%- endmacro %}

{# Milliseconds since 1970 as a whole number, for arithmetic on many times at once. #}
{% macro epoch_milliseconds(column) -%}
    {{ milliseconds_between("cast('1970-01-01' as timestamp)", column) }}
{%- endmacro %}

{#
    Added in two steps, because dateadd takes an integer of 32 bits, which holds 24 days of milliseconds and ends in
    2038 as seconds.
#}
{% macro from_epoch_milliseconds(expression) -%}
    {%- set days = "floor(" ~ expression ~ " / 86400000.0)" -%}
    {%- set rest = "cast(" ~ expression ~ " - 86400000 * cast(" ~ days ~ " as bigint) as integer)" -%}
    {%- set date = dbt.dateadd("day", "cast(" ~ days ~ " as integer)", "cast('1970-01-01' as timestamp)") -%}
    {{ dbt.dateadd("millisecond", rest, date) }}
{%- endmacro %}
