{# Stops a run whose vars contradict each other, in words, before anything is built. #}
{% macro check_vars() %}
    {%- for name in ["backfill_from", "backfill_to"] if var(name) -%}
        {%- set pattern = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?" -%}
        {%- do checked_var(name, pattern, "2026-11-02 00:00:00, in UTC") -%}
    {%- endfor -%}
    {%- do checked_var("earliest_credible_at", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2020-01-01, a day in UTC") -%}
    {%- do checked_var("robot_service", "[A-Za-z0-9._/-]+", "robot-agent, a service's name") -%}
    {%- do own_environments() -%}
    {%- if (var("backfill_from") is none) != (var("backfill_to") is none) -%}
        {{ exceptions.raise_compiler_error(
            "A backfill needs both vars, backfill_from and backfill_to; give the other one as well."
        ) }}
    {%- endif -%}
    {%- if var("backfill_from") and var("backfill_from") | string >= var("backfill_to") | string -%}
        {{ exceptions.raise_compiler_error("backfill_from must lie before backfill_to; swap them.") }}
    {%- endif -%}
    {%- if var("backfill_from") and var("replay_quarantine") -%}
        {{ exceptions.raise_compiler_error(
            "A run backfills loads or replays the quarantine, not both; run it twice."
        ) }}
    {%- endif -%}
    {%- if var("robots_send_heartbeats") is not boolean -%}
        {{ exceptions.raise_compiler_error(
            "The var robots_send_heartbeats is " ~ var("robots_send_heartbeats") ~ "; set it to true or false."
        ) }}
    {%- endif -%}
    {%- for name, least in {
        "session_tail_minutes": 0, "max_session_hours": 1, "unknown_after_hours": 1, "long_wait_minutes": 0,
        "long_trouble_minutes": 0, "silence_timeout_minutes": 1, "episode_quiet_minutes": 1,
        "clock_ahead_tolerance_seconds": 0, "clock_offset_threshold_seconds": 1, "clock_evidence_events": 2,
        "clock_evidence_minutes": 1, "longest_backlog_days": 1, "longest_gap_events": 1, "load_settle_minutes": 0,
        "run_lock_hours": 1,
    }.items() if not (var(name) is number and var(name) >= least) -%}
        {{ exceptions.raise_compiler_error(
            "The var " ~ name ~ " is " ~ var(name) ~ "; set it to a number of at least " ~ least ~ "."
        ) }}
    {%- endfor -%}
{% endmacro %}
