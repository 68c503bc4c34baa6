{#
    The run window: raw lines with run_window_start() < loaded_at <= run_window_end() are read.

    A nightly run begins after the newest line that base_event_log__lines holds. The var
    load_settle_minutes keeps it away from lines so new that a COPY with an earlier loaded_at may not
    have committed yet. The vars backfill_from and backfill_to (loaded_at, UTC) read a stretch of
    loads again instead.
#}
{% macro run_window_start() %}
    {%- if var("backfill_from") -%} {{ return(var("backfill_from")) }} {%- endif -%}
    {{- return(
        run_query("select coalesce(max(loaded_at), cast('1970-01-01' as timestamp)) from " ~ this).columns[0].values()[0] | string
    ) -}}
{% endmacro %}

{% macro run_window_end() %}
    {%- if var("backfill_to") -%} {{ return(var("backfill_to")) }} {%- endif -%}
    {%- set settled = modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(minutes=var("load_settle_minutes")) -%}
    {{- return(settled.strftime("%Y-%m-%d %H:%M:%S.%f")) -}}
{% endmacro %}

{# Stops a run whose vars contradict each other, in words, before anything is built. #}
{% macro check_run_window() %}
    {%- set format = "%Y-%m-%d %H:%M:%S" -%}
    {%- for name in ["backfill_from", "backfill_to"] if var(name) -%}
        {%- if not modules.re.match("^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?$", var(name) | string) -%}
            {{ exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ var(name) ~ "'; write it as 2026-11-02 00:00:00, in UTC.") }}
        {%- endif -%}
    {%- endfor -%}
    {%- if (var("backfill_from") or "") and not var("backfill_to") or var("backfill_to") and not var("backfill_from") -%}
        {{ exceptions.raise_compiler_error("A backfill needs both vars, backfill_from and backfill_to; give the other one as well.") }}
    {%- endif -%}
    {%- if var("backfill_from") and var("backfill_from") | string >= var("backfill_to") | string -%}
        {{ exceptions.raise_compiler_error("backfill_from must lie before backfill_to; swap them.") }}
    {%- endif -%}
    {%- for name, least in {
        "session_tail_minutes": 0, "max_session_hours": 1, "silence_timeout_minutes": 1, "episode_quiet_minutes": 1,
        "clock_ahead_tolerance_seconds": 0, "load_settle_minutes": 0,
    }.items() if not (var(name) is number and var(name) >= least) -%}
        {{ exceptions.raise_compiler_error("The var " ~ name ~ " is " ~ var(name) ~ "; set it to a number of at least " ~ least ~ ".") }}
    {%- endfor -%}
{% endmacro %}
