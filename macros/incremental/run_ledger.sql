{#
    The ledger of completed runs, <schema>_runs.completed_runs: one row per `dbt run` or `dbt build`
    in which every incremental model of the project succeeded. It is the one state that outlives a
    full refresh. A run that was killed, failed or built only some models leaves no row, so the next
    run rebuilds all that was affected since the last row: nothing is skipped, some work is repeated.
#}
{% macro completed_runs() %}
    {{- return(table_of_runs("completed_runs")) -}}
{% endmacro %}

{#
    Runs since the last completed one in which every incremental model that sessions need succeeded,
    <schema>_runs.intraday_runs. The next intraday run begins after the last of them; a night after the
    last completed run, whatever intraday runs did since.
#}
{% macro intraday_runs() %}
    {{- return(table_of_runs("intraday_runs")) -}}
{% endmacro %}

{# Runs that have begun and not ended, <schema>_runs.open_runs; a killed run leaves its row. #}
{% macro open_runs() %}
    {{- return(table_of_runs("open_runs")) -}}
{% endmacro %}

{#
    What the data tests of a night said, <schema>_runs.checked_runs: one row per `dbt build` of every incremental model,
    whether it completed or not. names: the tests that failed or warned.
#}
{% macro checked_runs() %}
    {{- return(table_of_runs("checked_runs")) -}}
{% endmacro %}

{#
    Lines that `fleet erase` has taken out of the log since the last completed run, <schema>_runs.erased_lines: the
    keys of which a run must rebuild the rows, because no line tells them any more. A completed run empties it.
#}
{% macro erased_lines() %}
    {{- return(table_of_runs("erased_lines")) -}}
{% endmacro %}

{# The condition on rows of erased_lines() that this run has to follow up. #}
{% macro is_erased_anew() -%}
    run_number > {{ last_completed_run() }}
{%- endmacro %}

{# Whether there are any, so that the SQL of an ordinary night does without them. #}
{% macro has_erased_lines() %}
    {%- if not execute or should_full_refresh() -%} {{ return(false) }} {%- endif -%}
    {%- set values = values_of_run() -%}
    {%- if "has_erased_lines" not in values -%}
        {%- set ledger = erased_lines() -%}
        {%- set is_there = adapter.get_relation(ledger.database, ledger.schema, ledger.identifier) is not none -%}
        {%- set query = "select count(*) from " ~ ledger ~ " where " ~ is_erased_anew() -%}
        {%- do values.update(
            {"has_erased_lines": is_there and run_query(query).columns[0].values()[0] > 0}
        ) -%}
    {%- endif -%}
    {{- return(values.has_erased_lines) -}}
{% endmacro %}

{% macro table_of_runs(name) %}
    {{- return(api.Relation.create(database=target.database, schema=target.schema ~ "_runs", identifier=name)) -}}
{% endmacro %}

{# on-run-start #}
{% macro open_run() %}
    {%- if execute and flags.WHICH in ["run", "build", "seed"] -%}
        {#- Redshift refuses `create schema if not exists` to who may not make schemas, even where it exists. -#}
        {%- if not run_query("select 1 from pg_namespace where nspname = '" ~ completed_runs().schema ~ "'").rows -%}
            {%- do adapter.create_schema(completed_runs()) -%}
        {%- endif -%}
        {%- for ledger in [completed_runs(), intraday_runs()] -%}
            {%- do run_query(
                "create table if not exists " ~ ledger ~ " (run_number bigint not null,"
                ~ " invocation_id varchar(64) not null, completed_at timestamp not null)"
            ) -%}
        {%- endfor -%}
        {%- do run_query(
            "create table if not exists " ~ open_runs()
            ~ " (invocation_id varchar(64) not null, opened_at timestamp not null)"
        ) -%}
        {%- do run_query(
            "create table if not exists " ~ erased_lines()
            ~ " (event_id varchar(64), order_id varchar(64), delivery_id varchar(64), robot_id varchar(64),"
            ~ " pilot_id varchar(64), session_id varchar(64), error_event_id varchar(64), emitter_id varchar(256),"
            ~ " last_emitter_id varchar(256), event_name varchar(128), line_status varchar(32),"
            ~ " is_sign_of_life boolean, event_at timestamp, received_at timestamp, loaded_at timestamp not null,"
            ~ " run_number bigint not null)"
        ) -%}
        {%- do run_query(
            "create table if not exists " ~ checked_runs()
            ~ " (invocation_id varchar(64) not null, checked_at timestamp not null, passed_count integer not null,"
            ~ " warned_count integer not null, failed_count integer not null, skipped_count integer not null,"
            ~ " names varchar(" ~ longest_names() ~ "))"
        ) -%}
        {%- do run_query(create_horizons()) -%}
        {%- do run_query(
            "create table if not exists " ~ table_of_runs("views")
            ~ " (view_name varchar(400) not null, fingerprint varchar(32) not null)"
        ) -%}
        {%- do run_query(
            "create table if not exists " ~ table_of_runs("loaded_seeds")
            ~ " (seed_name varchar(128) not null, checksum varchar(64) not null)"
        ) -%}
    {%- endif -%}
    {%- if execute and flags.WHICH in ["run", "build"] -%}
        {%- do check_vars() -%}
        {%- do check_seeds() -%}
        {%- do check_horizon() -%}
        {%- do refuse_empty_run() -%}
        {%- do refuse_deferred_night() -%}
        {%- do adapter.dispatch("refuse_second_run", "fleet_analytics")() -%}
    {%- endif -%}
{% endmacro %}

{#
    With --empty every input is empty: a table that is built whole would be empty until the next run. Before the
    first complete run there is nothing to lose, and the next run reads everything.
#}
{% macro refuse_empty_run() %}
    {%- if flags.EMPTY and last_runs().intraday -%}
        {{ exceptions.raise_compiler_error(
            "A run with --empty would empty tables of " ~ target.database ~ "." ~ target.schema
            ~ "; try the SQL in another database or schema, such as FLEET_DATABASE=/tmp/empty.duckdb on DuckDB."
        ) }}
    {%- endif -%}
{% endmacro %}

{# `flags` does not have it. #}
{% macro is_deferred() %}
    {{- return(invocation_args_dict.get("defer", false)) -}}
{% endmacro %}

{#
    With --defer, models that are not selected are read from another schema. What those affected in their own last run
    says nothing of this schema's tables, so these are built from everything.
#}
{% macro refuse_deferred_night() %}
    {%- if is_deferred() and not flags.FULL_REFRESH -%}
        {{ exceptions.raise_compiler_error(
            "A run with --defer cannot tell what changed since the tables of " ~ target.schema
            ~ " were built; add --full-refresh."
        ) }}
    {%- endif -%}
{% endmacro %}

{#
    Two runs at once would each delete what the other is writing. DuckDB lets one process alone open
    the file, so a row that is found there was left by a killed run.
#}
{% macro duckdb__refuse_second_run() %}{% endmacro %}

{#
    Redshift's transactions are at SNAPSHOT isolation unless a database says otherwise, and always on Serverless: two
    runs that start together would both see no claim, and neither would be refused. So the look comes after a lock,
    which only one of them has. A transaction sees what was there at its first statement but for the lock.
#}
{% macro default__refuse_second_run() %}
    {%- set now = modules.datetime.datetime.now(modules.pytz.utc) -%}
    {%- set oldest = now - modules.datetime.timedelta(hours=0 if var("ignore_open_run") else var("run_lock_hours")) -%}
    {%- set format = "%Y-%m-%d %H:%M:%S.%f" -%}
    {#- Whatever dbt asked before may have opened a transaction, which would not see what others did since. -#}
    {%- do run_query("commit") -%}
    {%- do run_query("begin") -%}
    {%- do run_query("lock table " ~ open_runs()) -%}
    {#- The claims of killed runs: else the run after this one would still be refused. -#}
    {%- do run_query(
        "delete from " ~ open_runs() ~ " where opened_at <= '" ~ oldest.strftime(format) ~ "'::timestamp"
    ) -%}
    {%- do run_query(
        "insert into " ~ open_runs() ~ " select '" ~ invocation_id ~ "', '" ~ now.strftime(format) ~ "'::timestamp"
        ~ " where not exists (select 1 from " ~ open_runs()
        ~ " where opened_at > '" ~ oldest.strftime(format) ~ "'::timestamp)"
    ) -%}
    {%- set others = run_query(
        "select cast(max(opened_at) as varchar(19)) from " ~ open_runs()
        ~ " having max(case when invocation_id = '" ~ invocation_id ~ "' then 1 else 0 end) = 0"
    ).rows -%}
    {%- do run_query("commit") -%}
    {%- if others -%}
        {{ exceptions.raise_compiler_error(
            "Another run that began at " ~ others[0][0] ~ " UTC has not ended; wait for it, or if it was killed,"
            ~ " run again with --vars 'ignore_open_run: true'."
        ) }}
    {%- endif -%}
{% endmacro %}

{# on-run-end #}
{% macro complete_run(results) %}
    {%- if execute and flags.WHICH in ["seed", "build"] -%} {%- do record_seeds(results) -%} {%- endif -%}
    {%- if execute and flags.WHICH in ["run", "build"] -%}
        {%- do record_views(results) -%}
        {%- do run_query("delete from " ~ open_runs() ~ " where invocation_id = '" ~ invocation_id ~ "'") -%}
    {%- endif -%}
    {%- if execute and flags.WHICH in ["run", "build"] and not flags.EMPTY -%}
        {%- do say_what_was_left_out(results) -%}
        {%- set successes = results | selectattr("status", "equalto", "success") -%}
        {%- set succeeded = successes | map(attribute="node.unique_id") | list -%}
        {%- if incremental_models() | reject("in", succeeded) | list == [] -%}
            {%- do record_run(completed_runs()) -%}
            {%- do run_query("delete from " ~ intraday_runs()) -%}
            {%- do run_query("delete from " ~ erased_lines() ~ " where run_number <= " ~ this_run()) -%}
        {%- elif is_intraday() and intraday_models() | reject("in", succeeded) | list == [] -%}
            {%- do record_run(intraday_runs()) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if execute and flags.WHICH == "build" and not flags.EMPTY -%}
        {%- if incremental_models() | reject("in", selected_resources) | list == [] -%}
            {%- do record_checks(results) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#
    Stops a run that would read a seed as it was before: with an old list of events, say, each new one is
    quarantined as unknown. With --defer seeds are those of another schema, and dbt compares them with the project.
#}
{% macro check_seeds() %}
    {%- if is_deferred() -%} {{ return(none) }} {%- endif -%}
    {%- set loaded = {} -%}
    {%- for row in run_query("select seed_name, checksum from " ~ table_of_runs("loaded_seeds")).rows -%}
        {%- do loaded.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set changed = [] -%}
    {%- for id in selected_resources if id in graph.nodes and graph.nodes[id].resource_type == "model" -%}
        {%- for read in graph.nodes[id].depends_on.nodes
            if read.startswith("seed.") and read not in selected_resources
            and loaded.get(graph.nodes[read].name) != graph.nodes[read].checksum.checksum -%}
            {%- do changed.append(graph.nodes[read].name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if changed -%}
        {{ exceptions.raise_compiler_error(
            "The database does not have the seeds " ~ changed | unique | sort | join(", ")
            ~ " as they are now; load them with `dbt seed` first, or run `dbt build`."
        ) }}
    {%- endif -%}
{% endmacro %}

{% macro record_seeds(results) %}
    {%- set names, rows = [], [] -%}
    {%- for result in results if result.node.resource_type == "seed" and result.status == "success" -%}
        {%- do names.append(result.node.name) -%}
        {%- do rows.append("('" ~ result.node.name ~ "', '" ~ result.node.checksum.checksum ~ "')") -%}
    {%- endfor -%}
    {%- if names -%}
        {%- set seeds = table_of_runs("loaded_seeds") -%}
        {%- do run_query("delete from " ~ seeds ~ " where seed_name in ('" ~ names | join("', '") ~ "')") -%}
        {%- do run_query("insert into " ~ seeds ~ " values " ~ rows | join(", ")) -%}
    {%- endif -%}
{% endmacro %}

{% macro record_checks(results) %}
    {%- set statuses, names = [], [] -%}
    {%- for result in results if result.node.resource_type == "test" -%}
        {%- do statuses.append(result.status | string) -%}
        {%- if result.status in ["fail", "error", "warn"] -%} {%- do names.append(result.node.name) -%} {%- endif -%}
    {%- endfor -%}
    {%- if statuses -%}
        {%- set counts = [] -%}
        {%- for said in [["pass"], ["warn"], ["fail", "error"], ["skipped"]] -%}
            {%- do counts.append(statuses | select("in", said) | list | length | string) -%}
        {%- endfor -%}
        {%- do run_query(
            "insert into " ~ checked_runs() ~ " values ('" ~ invocation_id ~ "', '"
            ~ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") ~ "', "
            ~ counts | join(", ") ~ ", '" ~ (names | sort | join(", "))[:longest_names()] ~ "')"
        ) -%}
    {%- endif -%}
{% endmacro %}

{# Bytes of the names of tests; more are cut off. #}
{% macro longest_names() %} {{- return(4096) -}} {% endmacro %}

{% macro record_run(ledger) %}
    {%- do run_query(
        "insert into " ~ ledger ~ " values (" ~ this_run() ~ ", '" ~ invocation_id ~ "', '"
        ~ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") ~ "')"
    ) -%}
{% endmacro %}

{# Ids of the incremental models of the project. #}
{% macro incremental_models() %}
    {%- set ids = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and node.package_name == project_name
        and node.config.materialized == "incremental" -%}
        {%- do ids.append(node.unique_id) -%}
    {%- endfor -%}
    {{- return(ids) -}}
{% endmacro %}

{# Ids of the incremental models that an intraday run builds: those tagged `intraday`, and all they read. #}
{% macro intraday_models() %}
    {%- set values = values_of_run() -%}
    {%- if "intraday_models" not in values -%}
        {%- set found, to_visit = [], [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == "model" and "intraday" in node.tags -%}
            {%- do to_visit.append(node.unique_id) -%}
        {%- endfor -%}
        {%- for _ in graph.nodes if to_visit -%}
            {%- set id = to_visit.pop() -%}
            {%- do found.append(id) -%}
            {%- for read in graph.nodes[id].depends_on.nodes
                if read in graph.nodes and read not in found and read not in to_visit -%}
                {%- do to_visit.append(read) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do values.update({"intraday_models": incremental_models() | select("in", found) | list}) -%}
    {%- endif -%}
    {{- return(values.intraday_models) -}}
{% endmacro %}

{# Whether this run builds all that sessions need, and not all models. #}
{% macro is_intraday() %}
    {{- return(
        intraday_models() | reject("in", selected_resources) | list == []
        and incremental_models() | reject("in", selected_resources) | list != []
    ) -}}
{% endmacro %}

{# Number of the last run whose lines this run need not read again, 0 where there is none. #}
{% macro last_completed_run() %}
    {%- if not execute -%} {{ return(0) }} {%- endif -%}
    {{- return(last_runs().intraday if is_intraday() else last_runs().complete) -}}
{% endmacro %}

{# Number of the last completed run, whatever intraday runs did since; 0 where there is none. #}
{% macro last_complete_run() %}
    {%- if not execute -%} {{ return(0) }} {%- endif -%}
    {{- return(last_runs().complete) -}}
{% endmacro %}

{# Number of this run. A run that follows one that did not complete has the same number. #}
{% macro this_run() %}
    {%- if not execute -%} {{ return(1) }} {%- endif -%}
    {{- return(last_runs().intraday + 1) -}}
{% endmacro %}

{# Numbers of the last complete run and of the last run that was complete or intraday, 0 where there is none. #}
{% macro last_runs() %}
    {%- set values = values_of_run() -%}
    {%- if "last_runs" not in values -%}
        {%- set numbers = [] -%}
        {%- for ledger in [completed_runs(), intraday_runs()] -%}
            {%- if adapter.get_relation(ledger.database, ledger.schema, ledger.identifier) is none -%}
                {%- do numbers.append(0) -%}
            {%- else -%}
                {%- set query = "select coalesce(max(run_number), 0) from " ~ ledger -%}
                {%- do numbers.append(run_query(query).columns[0].values()[0] | int) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do values.update({"last_runs": {"complete": numbers[0], "intraday": numbers | max}}) -%}
    {%- endif -%}
    {{- return(values.last_runs) -}}
{% endmacro %}

{#
    What this run has read already, by name. dbt has no variables of a run: the graph is the one dict
    that all its models share, and it outlives a run where one process has several.
#}
{% macro values_of_run() %}
    {%- if graph.get("values_of_run", {}).get("invocation_id") != invocation_id -%}
        {%- do graph.update({"values_of_run": {"invocation_id": invocation_id}}) -%}
    {%- endif -%}
    {{- return(graph.values_of_run) -}}
{% endmacro %}
