{#
    UTC days as a list of texts YYYY-MM-DD, from a query that gives stretches of days as two dates.
    Written into the SQL as literals, because only literals let both engines skip the blocks of other
    days: a sub-query would read the whole history.
#}
{% macro days_of(query) %}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {%- set parse = modules.datetime.datetime.strptime -%}
    {%- set days = {} -%}
    {%- set rows = run_query(
        "select distinct cast(first_date as varchar(10)) as first_date, cast(last_date as varchar(10)) as last_date from ("
        ~ query ~ ") as stretches where first_date is not null and last_date is not null"
    ).rows -%}
    {%- for row in rows -%}
        {%- set first = parse(row[0] | string, "%Y-%m-%d") -%}
        {%- for offset in range((parse(row[1] | string, "%Y-%m-%d") - first).days + 1) -%}
            {%- do days.update({(first + modules.datetime.timedelta(days=offset)).strftime("%Y-%m-%d"): true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(days.keys() | sort) -}}
{% endmacro %}

{# The days of a affected_* model, see days_of(). #}
{% macro affected_days(relation) %}
    {{- return(days_of("select affected_date as first_date, affected_date as last_date from " ~ relation)) -}}
{% endmacro %}

{# Days on which the affected events were received. #}
{% macro affected_days_of_receipt() %}
    {%- set affected_events = ref("int_affected_events") -%}
    {{- return(days_of("select cast(received_at as date) as first_date, cast(received_at as date) as last_date from " ~ affected_events)) -}}
{% endmacro %}

{# Whether a date column lies on one of the days. Beyond a year the bounds alone: the list would be longer than useful. #}
{% macro on_days(column, days) -%}
    {%- if not days -%} 1 = 0
    {%- elif days | length > 366 -%} {{ column }} between date '{{ days[0] }}' and date '{{ days[-1] }}'
    {%- else -%} {{ column }} in (date '{{ days | join("', date '") }}')
    {%- endif -%}
{%- endmacro %}

{# Whether robot_id and a date are a robot's affected day. The days as literals too, for the same reason. #}
{% macro on_affected_robot_days(column) -%}
    {%- set affected_robot_days = ref("int_affected_robot_days") -%}
    {{ on_days(column, affected_days(affected_robot_days)) }}
    and (robot_id, {{ column }}) in (select robot_id, affected_date from {{ affected_robot_days }})
{%- endmacro %}

{# Whether a timestamptz lies on one of the days, as ranges of the column itself, which blocks can be skipped by. #}
{% macro hours_on_days(column, days) -%}
    {%- if not days -%} 1 = 0
    {%- else -%}
    (
        {%- for stretch in stretches_of(days) %}
        {{ "or " if not loop.first }}({{ column }} >= {{ utc_timestamptz("cast('" ~ stretch[0] ~ "' as timestamp)") }} and {{ column }} < {{ utc_timestamptz(dbt.dateadd("day", 1, "cast('" ~ stretch[1] ~ "' as timestamp)")) }})
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
        {{ "or " if not loop.first }}({{ started_at }} < {{ dbt.dateadd("day", 1, "cast('" ~ stretch[1] ~ "' as timestamp)") }} and {{ ended_at }} >= cast('{{ stretch[0] }}' as timestamp))
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

{# The days of two lists, each once. #}
{% macro all_days(days, more_days) %}
    {{- return((days + more_days) | unique | sort) -}}
{% endmacro %}

{#
    Whether this run writes an event's row of the timeline: all events of affected days, and those of
    robots on days on which their states may have changed. `event_date`: the event's UTC day.
#}
{% macro affected_timeline(event_date) -%}
    {{ on_days(event_date, affected_days(ref("int_affected_days"))) }}
    or (robot_id, {{ event_date }}) in (select robot_id, affected_date from {{ ref("int_affected_robot_days") }})
{%- endmacro %}

{# The days of affected_timeline(). #}
{% macro timeline_days() %}
    {%- set affected_days_of_matches = ref("int_affected_days") -%}
    {%- set affected_robot_days = ref("int_affected_robot_days") -%}
    {{- return(all_days(affected_days(affected_days_of_matches), affected_days(affected_robot_days))) -}}
{% endmacro %}

{#
    Days on which the affected deliveries have events now; with `before`, also those on which they may
    have had events before this run.
#}
{% macro session_days(before=false) %}
    {%- set affected_deliveries = ref("int_affected_deliveries") -%}
    {%- set affected_days_of_matches = ref("int_affected_days") -%}
    {%- set days = days_of(
        "select cast(first_event_at as date) as first_date, cast(last_event_at as date) as last_date from " ~ affected_deliveries
    ) -%}
    {{- return(all_days(days, affected_days(affected_days_of_matches)) if before else days) -}}
{% endmacro %}

{#
    Whether a row belongs to a affected delivery's session, by its delivery_id and event_at; with
    `before`, as the session may have been before this run.
#}
{% macro of_affected_sessions(before=false) -%}
    {{ hours_on_days("event_at", session_days(before)) }}
    and delivery_id in (select delivery_id from {{ ref("int_affected_deliveries") }})
{%- endmacro %}
