{#
    The run window: raw lines with run_window_start() < loaded_at <= run_window_end() are read.

    A nightly run begins after the newest line that base_event_log__typed_lines holds. The var
    load_settle_minutes keeps it away from lines so new that a COPY with an earlier loaded_at may not
    have committed yet. What counts as now is never before the newest load: a clock that was ahead when
    it was loaded hides none of its lines. The vars backfill_from and backfill_to (loaded_at, UTC) read a
    stretch of loads again instead, and with it those before it that no run has read: the next night
    would begin after them.
#}
{% macro run_window_start() %}
    {%- set start = run_query(
        "select coalesce(max(loaded_at), cast('1970-01-01' as timestamp)) from " ~ this
    ).columns[0].values()[0] | string -%}
    {%- do values_of_run().update({"run_window_start": start}) -%}
    {%- set backfill_from = var("backfill_from") | string if var("backfill_from") -%}
    {{- return(backfill_from if backfill_from and backfill_from < start else start) -}}
{% endmacro %}

{% macro run_window_end() %}
    {%- if var("backfill_to") -%} {{ return(var("backfill_to")) }} {%- endif -%}
    {%- set settle = modules.datetime.timedelta(minutes=var("load_settle_minutes")) -%}
    {%- set now = modules.datetime.datetime.now(modules.pytz.utc) -%}
    {%- set format = "%Y-%m-%d %H:%M:%S.%f" -%}
    {%- set settled = dbt.dateadd("second", -settle.total_seconds() | int, "max(loaded_at)") -%}
    {%- set ahead = run_query(
        "select cast(" ~ settled ~ " as varchar(26)) from " ~ source("event_log", "event_lines")
        ~ " where loaded_at > '" ~ now.strftime(format) ~ "'"
    ).columns[0].values()[0] -%}
    {{- return((ahead or (now - settle).strftime(format)) | string) -}}
{% endmacro %}
