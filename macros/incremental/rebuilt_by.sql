{#
    What a nightly run rebuilds. An incremental model says its key twice, in the same word:

        {{ rebuilt_by("delivery") }}          on top: which of its rows are deleted before new ones are inserted
        where {{ affected("delivery") }}      in the body: which rows of its input it reads

    Both name the same deliveries, orders or days, and always all rows of one, so that the rows of a
    key are afterwards what a full refresh makes them. A first build and a full refresh read
    everything. docs/nightly-runs.md explains how to choose a key.

    key     one key of affected_rows(), or a list: rows that any of them affects
    id      column with the id of the key where it has another name; false for the days alone
    date    date column by which blocks of other days are skipped
    at      timestamptz column by which blocks of other days are skipped
    around  days before and after those of the key that count too: a market's local day reaches into the
            UTC days beside it
#}
{% macro rebuilt_by(key, id=none, date=none, at=none, around=none) %}
    {%- set predicates = [] -%}
    {%- for one in ([key] if key is string else key) -%}
        {#- While parsing, so that dbt records which models the key depends on. -#}
        {%- if not execute -%} {%- do affected_rows(one, id, date, at, around) -%} {%- endif -%}
        {%- set arguments = {"key": one} -%}
        {%- for name, value in {"id": id, "date": date, "at": at, "around": around}.items() if value is not none -%}
            {%- do arguments.update({name: value}) -%}
        {%- endfor -%}
        {%- do predicates.append("{{ affected_rows(**" ~ tojson(arguments) ~ ") }}") -%}
    {%- endfor -%}
    {{- config(incremental_strategy="rebuild", incremental_predicates=predicates) -}}
{% endmacro %}

{# Whether this run reads a row; the arguments are those of rebuilt_by(). #}
{% macro affected(key, id=none, date=none, at=none, around=none) -%}
    {%- set conditions = [] -%}
    {%- if not execute or is_incremental() -%}
        {%- for one in ([key] if key is string else key) -%}
            {%- do conditions.append("(" ~ affected_rows(one, id, date, at, around) | trim ~ ")") -%}
        {%- endfor -%}
    {%- endif -%}
    {{- "(" ~ conditions | join(" or ") ~ ")" if conditions else "true" -}}
{%- endmacro %}

{# Whether this run reads a row whose time from started_at to ended_at, UTC timestamps, meets a day of the key. #}
{% macro affected_span(key, started_at, ended_at, around=none) -%}
    {%- set days = widened(days_of_key(key), around) if not execute or is_incremental() -%}
    {{- overlaps_days(started_at, ended_at, days) if days is not none and is_incremental() else "true" -}}
{%- endmacro %}

{#
    A key as a condition on rows; the arguments are those of rebuilt_by(). Days are written into the
    SQL as literals, because only literals let both engines skip the blocks of other days.
#}
{% macro affected_rows(key, id=none, date=none, at=none, around=none) -%}
    {%- set found = affected_key(key) -%}
    {%- set conditions = [] -%}
    {%- if at -%} {%- do conditions.append(hours_on_days(at, widened(days_of_key(key), around))) -%}
    {%- elif date -%} {%- do conditions.append(on_days(date, widened(days_of_key(key), around))) -%}
    {%- endif -%}
    {%- if key == "load" -%}
        {%- do conditions.append((id or found.id) ~ " >= " ~ first_affected_load()) -%}
    {%- endif -%}
    {%- if found.ids and id is not false -%}
        {%- set of_days = key in ("robot_day", "supply_day") -%}
        {%- set columns = robot_day_key(found.id, date) if of_days else id or found.id -%}
        {%- set ids = supply_days_around(around) if key == "supply_day" and around else found.ids -%}
        {%- do conditions.append(columns ~ " in (" ~ ids ~ ")") -%}
    {%- endif -%}
    {{- conditions | join(" and ") -}}
{%- endmacro %}

{#
    A robot and a day as one text. Redshift documents IN of one expression; DuckDB would join on a pair,
    beside an OR too.
#}
{% macro robot_day_key(robot_id, day) -%}
    {{ robot_id }} || '/' || cast({{ day }} as varchar(10))
{%- endmacro %}

{# The robots and days of the key supply_day, and for each the days around them. #}
{% macro supply_days_around(around) -%}
    {%- for offset in range(-around, around + 1) -%}
        {%- set day = dbt.dateadd("day", offset, "affected_date") -%}
        {{ "union all " if not loop.first }}select {{ robot_day_key("robot_id", "cast(" ~ day ~ " as date)") }}
        from {{ ref("int_affected_supply_days") }} {{ " " }}
    {%- endfor -%}
{%- endmacro %}

{#
    The keys: the column that holds the id, and a query of the affected ids; none of both for keys
    that are days alone.

    event          events that this run read
    order          orders that these events name
    delivery       deliveries that these events name
    pilot_session  pilot sessions that these events name
    robot          robots that these events name
    receipt_day    UTC days on which these events were received
    day            UTC days on which the deliveries of an event may have changed
    robot_day      robots and UTC days on which the robot's states may have changed
    supply_day     the same, and days on which it may have become more or less sure what they were
    session        deliveries whose session may have changed
    load           loads of which this run read a line
    emitter        emitters that lines of this run name, and those that lines name which it put at another time
    checked_emitter  emitters that lines of this run name
#}
{% macro affected_key(key) %}
    {%- if key in ("event", "order", "delivery", "robot") -%}
        {{ return({"id": key ~ "_id", "ids": "select " ~ key ~ "_id from " ~ ref("int_affected_events")}) }}
    {%- elif key == "pilot_session" -%}
        {{ return({"id": "session_id", "ids": "select session_id from " ~ ref("int_affected_events")}) }}
    {%- elif key == "robot_day" -%}
        {%- set robot_day = robot_day_key("robot_id", "affected_date") -%}
        {%- set ids = "select " ~ robot_day ~ " from " ~ ref("int_affected_robot_days") -%}
        {{ return({"id": "robot_id", "ids": ids}) }}
    {%- elif key == "supply_day" -%}
        {%- set robot_day = robot_day_key("robot_id", "affected_date") -%}
        {%- set ids = "select " ~ robot_day ~ " from " ~ ref("int_affected_supply_days") -%}
        {{ return({"id": "robot_id", "ids": ids}) }}
    {%- elif key == "session" -%}
        {{ return({"id": "delivery_id", "ids": "select delivery_id from " ~ ref("int_affected_sessions")}) }}
    {%- elif key == "load" -%}
        {{ return({"id": "loaded_at", "ids": "select loaded_at from " ~ ref("int_affected_loads")}) }}
    {%- elif key == "checked_emitter" -%}
        {%- set is_of_this_run = "processed_run > " ~ last_completed_run() -%}
        {%- set ids = "select emitter_id from " ~ ref("base_event_log__emitters") ~ " where " ~ is_of_this_run
            ~ emitters_of_erased_lines() -%}
        {{ return({"id": "emitter_id", "ids": ids}) }}
    {%- elif key == "emitter" -%}
        {#- A report of another emitter may be of an earlier run, and have been put at another time by this one. -#}
        {%- set reported = "select last_emitter_id from " ~ ref("base_event_log__lines")
            ~ " where last_emitter_id is not null and changed_run > " ~ last_completed_run() -%}
        {%- set ids = affected_key("checked_emitter").ids ~ " union all " ~ reported -%}
        {{ return({"id": "emitter_id", "ids": ids}) }}
    {%- elif key in ("day", "receipt_day") -%}
        {{ return({"id": none, "ids": none}) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error(
        "No model is rebuilt by '" ~ key ~ "'; choose one of the keys in docs/nightly-runs.md."
    ) }}
{% endmacro %}

{# Emitters that erased lines came from or report, to be added to a query; they may have no line any more. #}
{% macro emitters_of_erased_lines() -%}
    {%- if has_erased_lines() %}
        {%- for column in ["emitter_id", "last_emitter_id"] %}
            union all
            select {{ column }} from {{ erased_lines() }} where {{ column }} is not null and {{ is_erased_anew() }}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#
    UTC days on which rows of the affected keys may lie. For a key of events also the days on which
    earlier events named it: `known`, a model with first_event_at and last_event_at of each.
#}
{% macro days_of_key(key) %}
    {%- set known = {
        "order": "int_orders",
        "delivery": "int_delivery_milestones",
        "pilot_session": "int_pilot_sessions",
    }.get(key) -%}
    {%- if key == "event" -%}
        {{ return(days_of(days_in(ref("int_affected_events"), "event_date"))) }}
    {%- elif key == "receipt_day" -%}
        {{ return(days_of(days_in(ref("int_affected_events"), "cast(received_at as date)"))) }}
    {%- elif known -%}
        {#- The model itself, as it was before this run, cannot be a ref(). -#}
        {%- set relation = this if this.identifier == known else ref(known) -%}
        {%- set key_of_events = affected_key(key) -%}
        {{ return(days_of(
            days_in(ref("int_affected_events"), "event_date") ~ " union all "
            ~ bounds_of(relation, key_of_events.id ~ " in (" ~ key_of_events.ids ~ ")")
        )) }}
    {%- elif key in ("emitter", "checked_emitter") -%}
        {%- set ids = affected_key(key).ids -%}
        {{ return(days_of(bounds_of(ref("base_event_log__emitters"), "emitter_id in (" ~ ids ~ ")"))) }}
    {%- elif key == "session" -%}
        {%- set days = days_of(bounds_of(ref("int_affected_sessions"))) -%}
        {#- Days on which the sessions may have had events before this run. -#}
        {{ return((days + affected_days(ref("int_affected_days"))) | unique | sort) }}
    {%- elif key == "day" -%}
        {{ return(affected_days(ref("int_affected_days"))) }}
    {%- elif key == "robot_day" -%}
        {{ return(affected_days(ref("int_affected_robot_days"))) }}
    {%- elif key == "supply_day" -%}
        {{ return(affected_days(ref("int_affected_supply_days"))) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error("Rows of the key '" ~ key ~ "' are not bound to days; leave out date and at.") }}
{% endmacro %}

{# Days between the first and last event of each row, as days_of() takes them. #}
{% macro bounds_of(relation, condition="1 = 1") -%}
    select cast(first_event_at as date) as first_date, cast(last_event_at as date) as last_date
    from {{ relation }}
    where {{ condition }}
{%- endmacro %}

{# A column of days, as days_of() takes them. #}
{% macro days_in(relation, column) -%}
    select {{ column }} as first_date, {{ column }} as last_date from {{ relation }}
{%- endmacro %}

{# The earliest load of the run as a literal, so that the blocks of earlier loads are skipped. #}
{% macro first_affected_load() -%}
    {%- set values = values_of_run() -%}
    {%- if execute and "first_affected_load" not in values -%}
        {%- set query = "select cast(min(loaded_at) as varchar(26)) from " ~ ref("int_affected_loads") -%}
        {%- do values.update({"first_affected_load": run_query(query).columns[0].values()[0]}) -%}
    {%- endif -%}
    cast('{{ values.first_affected_load or "9999-12-31" }}' as timestamp)
{%- endmacro %}
