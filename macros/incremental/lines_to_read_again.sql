{#
    Which rows of base_event_log__typed_lines this run deletes and reads again: none on an ordinary night.

    replay_quarantine: true     every quarantined line, after a fix of the registry, say
    backfill_from, backfill_to  every line of these loads

    Raw lines of a backfilled load that were never read are found by run_window_start() and _end().
#}
{% macro lines_to_read_again() -%}
    {%- if var("replay_quarantine") -%}
    quarantine_reason is not null
    {%- elif var("backfill_from") -%}
    loaded_at > '{{ var("backfill_from") }}' and loaded_at <= '{{ var("backfill_to") }}'
    {%- endif -%}
{%- endmacro %}

{# The event_ids of lines that were read since the last completed run, as a query. #}
{% macro ids_of_new_lines() -%}
    select new_lines.event_id
    from {{ ref("base_event_log__typed_lines") }} as new_lines
    where new_lines.processed_run > {{ last_completed_run() }} and new_lines.event_id is not null
{%- endmacro %}
