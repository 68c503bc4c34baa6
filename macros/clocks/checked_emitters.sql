{#
    Whose clocks a run checks anew: those of the emitters of its lines. A backfill may bring a copy that is
    older than the accepted one, of another emitter, so it checks them all.
#}
{% macro of_checked_emitters() -%}
    {{- "true" if var("backfill_from") else affected("checked_emitter") -}}
{%- endmacro %}

{% macro on_days_of_checked_emitters(column) -%}
    {{- "true" if var("backfill_from") else affected("checked_emitter", id=false, date=column) -}}
{%- endmacro %}

{# As of_checked_emitters(), for the rows to delete. #}
{% macro rows_of_checked_emitters() -%}
    {{- "true" if var("backfill_from") else affected_rows("checked_emitter") -}}
{%- endmacro %}

{#
    Whether a line was read before this run of dbt, so that a table may hold it at the time that it had
    without correction. An earlier run of the same number may have been killed.
#}
{% macro was_read_before(loaded_at) -%}
    {%- set start = values_of_run().get("run_window_start") -%}
    {{- loaded_at ~ " <= '" ~ start ~ "'" if start and not var("backfill_from") and not var("replay_quarantine")
        else "true" -}}
{%- endmacro %}
