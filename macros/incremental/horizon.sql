{#
    The horizon: raw lines loaded before it were exported and trimmed (macros/loading/trim_raw_lines.sql), as a text
    of loaded_at; none where nothing was ever trimmed. <schema>_runs.horizons has one row per trim. All that models
    after staging need of these lines stays in the base layer, so nights and late lines go on as before; only a full
    refresh of base_event_log__typed_lines, which reads the raw lines, begins at the horizon.
#}
{% macro horizons() %}
    {{- return(table_of_runs("horizons")) -}}
{% endmacro %}

{% macro create_horizons() %}
    create table if not exists {{ horizons() }} (
        horizon timestamp not null, trimmed_at timestamp not null, line_count bigint not null,
        exported_to varchar(1024)
    )
{% endmacro %}

{% macro horizon() %}
    {%- if not execute -%} {{ return(none) }} {%- endif -%}
    {%- set values = values_of_run() -%}
    {%- if "horizon" not in values -%}
        {%- set ledger = horizons() -%}
        {%- set is_there = adapter.get_relation(ledger.database, ledger.schema, ledger.identifier) is not none -%}
        {%- do values.update({"horizon": read_horizon() if is_there else none}) -%}
    {%- endif -%}
    {{- return(values.horizon) -}}
{% endmacro %}

{% macro read_horizon() %}
    {{- return(run_query("select cast(max(horizon) as varchar(26)) from " ~ horizons()).columns[0].values()[0]) -}}
{% endmacro %}

{# Whether raw lines of a load may still be there, as SQL. #}
{% macro is_untrimmed(loaded_at) -%}
    {{- loaded_at ~ " >= cast('" ~ horizon() ~ "' as timestamp)" if horizon() else "1 = 1" -}}
{%- endmacro %}

{# Says what a full refresh leaves out, and stops a run that would read trimmed lines again and find none. #}
{% macro check_horizon() %}
    {#- Read at once, for dbt's own look-up begins a transaction, and nobody would see the claim of this run. -#}
    {%- do values_of_run().update({"horizon": read_horizon()}) -%}
    {%- if horizon() and var("backfill_from") and var("backfill_from") | string < horizon() | string -%}
        {{ exceptions.raise_compiler_error(
            "Raw lines loaded before " ~ horizon() ~ " were trimmed, and backfill_from is earlier, so their events"
            ~ " would be lost; begin the backfill there, or bring the lines back with `fleet retention --restore`."
        ) }}
    {%- endif -%}
    {%- set typed_lines = "model." ~ project_name ~ ".base_event_log__typed_lines" -%}
    {%- if horizon() and flags.FULL_REFRESH and typed_lines in selected_resources -%}
        {%- do exceptions.warn(
            "Raw lines loaded before " ~ horizon() ~ " were trimmed, so this full refresh begins there: what the marts"
            ~ " held of earlier lines is gone. To refresh all later tables and keep it, add"
            ~ " --exclude base_event_log__typed_lines; to have it back, `fleet retention --restore` and a full refresh."
        ) -%}
    {%- endif -%}
{% endmacro %}
