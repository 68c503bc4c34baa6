{#
    A day from which on the log has both an accepted event and one of an earlier run, as YYYY-MM-DD: no
    earlier day can hold the end of the log. None where the last days have none, as on a first run; then
    the whole log says where it ends.
#}
{% macro first_day_of_log_end() %}
    {%- set typed_lines, lines = ref("base_event_log__typed_lines"), ref("base_event_log__lines") -%}
    {%- if not execute or should_full_refresh() -%} {{ return(none) }} {%- endif -%}
    {%- set values = values_of_run() -%}
    {%- if "first_day_of_log_end" not in values -%}
        {#- A literal, because only literals let both engines skip the blocks of other days. -#}
        {%- set week_before = dbt.dateadd("day", -7, "cast(max(uncorrected_date) as timestamp)") -%}
        {%- set rows = run_query(
            "select cast(cast(" ~ week_before ~ " as date) as varchar(10)) from " ~ typed_lines
        ).rows -%}
        {%- set day = rows[0][0] if rows -%}
        {%- set is_held = false -%}
        {%- if day -%}
            {%- set is_held = run_query(
                "select max(changed_run) from " ~ lines
                ~ " where line_status = 'accepted' and event_date >= date '" ~ day ~ "'"
                ~ " and changed_run <= " ~ last_completed_run()
            ).columns[0].values()[0] is not none -%}
        {%- endif -%}
        {%- do values.update({"first_day_of_log_end": day if is_held else none}) -%}
    {%- endif -%}
    {{- return(values.first_day_of_log_end) -}}
{% endmacro %}
