{#
    The ledger of completed runs, <schema>_runs.completed_runs: one row per `dbt run` or `dbt build`
    in which every incremental model of the project succeeded. It is the one state that outlives a
    full refresh. A run that was killed, failed or built only some models leaves no row, so the next
    run rebuilds all that was touched since the last row: nothing is skipped, some work is repeated.
#}
{% macro completed_runs() %}
    {{- return(api.Relation.create(database=target.database, schema=target.schema ~ "_runs", identifier="completed_runs")) -}}
{% endmacro %}

{# on-run-start #}
{% macro open_run() %}
    {%- if execute and flags.WHICH in ["run", "build"] -%}
        {%- do check_run_window() -%}
        {%- do run_query("create schema if not exists " ~ completed_runs().without_identifier()) -%}
        {%- do run_query(
            "create table if not exists " ~ completed_runs() ~ " (run_number bigint not null, invocation_id varchar(64) not null,"
            ~ " completed_at timestamp not null)"
        ) -%}
        {%- do run_query("commit") if target.type == "redshift" -%}
    {%- endif -%}
{% endmacro %}

{# on-run-end #}
{% macro complete_run(results) %}
    {%- if execute and flags.WHICH in ["run", "build"] and not flags.EMPTY -%}
        {%- set succeeded = results | selectattr("status", "equalto", "success") | map(attribute="node.unique_id") | list -%}
        {%- set missing = [] -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" and node.package_name == project_name
            and node.config.materialized == "incremental" and node.unique_id not in succeeded -%}
            {%- do missing.append(node.name) -%}
        {%- endfor -%}
        {%- if not missing -%}
            {%- do run_query(
                "insert into " ~ completed_runs() ~ " values (" ~ this_run() ~ ", '" ~ invocation_id ~ "', '"
                ~ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") ~ "')"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{# Number of the last completed run, 0 where there is none. #}
{% macro last_completed_run() %}
    {%- if not execute -%} {{ return(0) }} {%- endif -%}
    {%- set ledger = completed_runs() -%}
    {%- if adapter.get_relation(ledger.database, ledger.schema, ledger.identifier) is none -%} {{ return(0) }} {%- endif -%}
    {{- return(run_query("select coalesce(max(run_number), 0) from " ~ ledger).columns[0].values()[0] | int) -}}
{% endmacro %}

{# Number of this run. A run that follows one that did not complete has the same number. #}
{% macro this_run() %}
    {{- return(last_completed_run() + 1) -}}
{% endmacro %}
