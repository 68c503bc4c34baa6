{#
    The run window: raw lines with run_window_start() < loaded_at <= run_window_end() are read.

    A nightly run begins after the newest line that base_event_log__typed_lines holds. The var
    load_settle_minutes keeps it away from lines so new that a COPY with an earlier loaded_at may not
    have committed yet. The vars backfill_from and backfill_to (loaded_at, UTC) read a stretch of
    loads again instead.
#}
{% macro run_window_start() %}
    {%- if var("backfill_from") -%} {{ return(var("backfill_from")) }} {%- endif -%}
    {%- set start = run_query(
        "select coalesce(max(loaded_at), cast('1970-01-01' as timestamp)) from " ~ this
    ).columns[0].values()[0] | string -%}
    {%- do values_of_run().update({"run_window_start": start}) -%}
    {{- return(start) -}}
{% endmacro %}

{% macro run_window_end() %}
    {%- if var("backfill_to") -%} {{ return(var("backfill_to")) }} {%- endif -%}
    {%- set settle = modules.datetime.timedelta(minutes=var("load_settle_minutes")) -%}
    {%- set settled = modules.datetime.datetime.now(modules.pytz.utc) - settle -%}
    {{- return(settled.strftime("%Y-%m-%d %H:%M:%S.%f")) -}}
{% endmacro %}
