{#
    Which rows of base_event_log__lines this run deletes and reads again: none on an ordinary night.

    replay_quarantine: true     every quarantined line, after a fix of the registry, say
    backfill_from, backfill_to  every line of these loads

    Together with a line go all lines of its event_id, because it may be the copy that was loaded
    first. Raw lines of a backfilled load that were never read are found by run_window_start() and _end().
#}
{% macro lines_to_read_again(alias=none) -%}
    {%- set prefix = alias ~ "." if alias else "" -%}
    {%- set again = "select again.event_id from " ~ this ~ " as again where " -%}
    {%- if var("replay_quarantine") -%}
    ({{ prefix }}quarantine_reason is not null or {{ prefix }}event_id in ({{ again }}again.quarantine_reason is not null))
    {%- elif var("backfill_from") -%}
    {%- set loads = "loaded_at > '" ~ var("backfill_from") ~ "' and " ~ "loaded_at <= '" ~ var("backfill_to") ~ "'" -%}
    (({{ prefix }}{{ loads | replace(" and ", " and " ~ prefix) }}) or {{ prefix }}event_id in ({{ again }}again.{{ loads | replace(" and ", " and again.") }}))
    {%- endif -%}
{%- endmacro %}
