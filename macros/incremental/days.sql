{#
    UTC days as a list of texts YYYY-MM-DD, from a query that gives stretches of days as two dates.
    Written into the SQL as literals, because only literals let both engines skip the blocks of other
    days: a sub-query would read the whole history.
#}
{% macro days_of(query) %}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {#- A model asks twice, for the rows to delete and the rows to read. -#}
    {%- set values = values_of_run() -%}
    {%- set asked = model.unique_id ~ query -%}
    {%- if asked not in values -%} {%- do values.update({asked: read_days_of(query)}) -%} {%- endif -%}
    {{- return(values[asked]) -}}
{% endmacro %}

{% macro read_days_of(query) %}
    {%- set parse = modules.datetime.datetime.strptime -%}
    {%- set days = {} -%}
    {%- set rows = run_query(
        "select distinct cast(first_date as varchar(10)) as first_date, cast(last_date as varchar(10)) as last_date"
        ~ " from (" ~ query ~ ") as stretches where first_date is not null and last_date is not null"
    ).rows -%}
    {%- for row in rows -%}
        {%- set first = parse(row[0] | string, "%Y-%m-%d") -%}
        {%- for offset in range((parse(row[1] | string, "%Y-%m-%d") - first).days + 1) -%}
            {%- do days.update({(first + modules.datetime.timedelta(days=offset)).strftime("%Y-%m-%d"): true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(days.keys() | sort) -}}
{% endmacro %}

{# The days of an int_affected_* model, see days_of(). #}
{% macro affected_days(relation) %}
    {{- return(days_of("select affected_date as first_date, affected_date as last_date from " ~ relation)) -}}
{% endmacro %}

{# The days, and so many before and after each. #}
{% macro widened(days, around) %}
    {%- if not around -%} {{ return(days) }} {%- endif -%}
    {%- set parse = modules.datetime.datetime.strptime -%}
    {%- set found = {} -%}
    {%- for day in days -%}
        {%- for offset in range(-around, around + 1) -%}
            {%- set other = parse(day, "%Y-%m-%d") + modules.datetime.timedelta(days=offset) -%}
            {%- do found.update({other.strftime("%Y-%m-%d"): true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found.keys() | sort) -}}
{% endmacro %}

{# Beyond a year the bounds alone: the list would be longer than useful. #}
{% macro on_days(column, days) -%}
    {%- if not days -%} 1 = 0
    {%- elif days | length > 366 -%} {{ column }} between date '{{ days[0] }}' and date '{{ days[-1] }}'
    {%- else -%} {{ column }} in (date '{{ days | join("', date '") }}')
    {%- endif -%}
{%- endmacro %}

{# Whether a timestamptz lies on one of the days, as ranges of the column itself, which blocks can be skipped by. #}
{% macro hours_on_days(column, days) -%}
    {%- if not days -%} 1 = 0
    {%- else -%}
    (
        {%- for stretch in stretches_of(days) %}
        {%- set first = "cast('" ~ stretch[0] ~ "' as timestamp)" -%}
        {%- set after = dbt.dateadd("day", 1, "cast('" ~ stretch[1] ~ "' as timestamp)") %}
        {{ "or " if not loop.first }}(
            {{ column }} >= {{ utc_timestamptz(first) }} and {{ column }} < {{ utc_timestamptz(after) }}
        )
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{# Whether the interval from started_at to ended_at of two timestamps touches one of the days. #}
{% macro overlaps_days(started_at, ended_at, days) -%}
    {%- if not days -%} 1 = 0
    {%- else -%}
    (
        {%- for stretch in stretches_of(days) %}
        {%- set after = dbt.dateadd("day", 1, "cast('" ~ stretch[1] ~ "' as timestamp)") %}
        {{ "or " if not loop.first }}(
            {{ started_at }} < {{ after }} and {{ ended_at }} >= cast('{{ stretch[0] }}' as timestamp)
        )
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{# Days that follow each other as pairs of first and last day. #}
{% macro stretches_of(days) %}
    {%- set parse = modules.datetime.datetime.strptime -%}
    {%- set stretches = [] -%}
    {%- for day in days -%}
        {%- if stretches and (parse(day, "%Y-%m-%d") - parse(stretches[-1][1], "%Y-%m-%d")).days == 1 -%}
            {%- set first = stretches.pop()[0] -%}
            {%- do stretches.append([first, day]) -%}
        {%- else -%}
            {%- do stretches.append([day, day]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(stretches) -}}
{% endmacro %}
