{#
    Stops a run whose seed `markets` cannot be read, in words. In Jinja, because one engine refuses an unknown zone
    with a message of its own, and a cast of malformed hours on each ends in another.
#}
{% macro check_markets(markets) %}
    {#- `dbt compile` and `dbt docs` may run before there is a seed. -#}
    {%- if not execute or flags.WHICH not in ["run", "build"] -%} {{ return("") }} {%- endif -%}
    {%- set hours = "([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)|closed" -%}
    {%- set seen = {} -%}
    {%- for row in run_query("select market, time_zone, " ~ weekdays() | join(", ") ~ " from " ~ markets).rows -%}
        {%- if not row[0] or row[0] in seen -%}
            {{ exceptions.raise_compiler_error(
                "seeds/markets.csv has a row without a market or with that of another row, '" ~ (row[0] or "")
                ~ "'; give each market one row, then run `dbt seed --select markets`."
            ) }}
        {%- endif -%}
        {%- do seen.update({row[0]: true}) -%}
        {%- if row[1] not in modules.pytz.all_timezones_set -%}
            {{ exceptions.raise_compiler_error(
                "seeds/markets.csv gives the market " ~ row[0] ~ " the time zone '" ~ (row[1] or "")
                ~ "'; write an IANA name, as America/Los_Angeles, then run `dbt seed --select markets`."
            ) }}
        {%- endif -%}
        {%- for day in weekdays() -%}
            {%- set said = row[loop.index + 1] | string -%}
            {%- if not modules.re.fullmatch(hours, said) or said[:5] == said[6:] -%}
                {{ exceptions.raise_compiler_error(
                    "seeds/markets.csv gives the market " ~ row[0] ~ " on " ~ day ~ " the hours '"
                    ~ (row[loop.index + 1] or "") ~ "'; write them as 08:00-23:00, 18:00-02:00, 00:00-24:00 or closed,"
                    ~ " then run `dbt seed --select markets`."
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return("") -}}
{% endmacro %}

{# Columns of the seed in the order of extract(dow), Sunday first. #}
{% macro weekdays() %}
    {{- return(["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]) -}}
{% endmacro %}

{# Minutes since midnight of a time of day that a text such as 08:00-23:00 has from its `start`th character on. #}
{% macro minutes_of_day(text, start) -%}
    60 * cast(substring({{ text }}, {{ start }}, 2) as integer)
    + cast(substring({{ text }}, {{ start + 3 }}, 2) as integer)
{%- endmacro %}

{# The day of a market at a UTC timestamp; one without a time zone goes by UTC. #}
{% macro local_date(column, time_zone) -%}
    cast({{ local_timestamp(column, "coalesce(" ~ time_zone ~ ", 'UTC')") }} as date)
{%- endmacro %}
