{#
    One row per row of `relation` and UTC hour that its interval touches, as `hour_at`.

    relation        a CTE or model with the two columns below
    started_at      start of the interval, UTC timestamp
    ended_at        end of the interval, UTC timestamp, at most max_session_hours later

    A time-window join then needs equality on hour_at, with the exact range as residual filter:
    a hash join on both engines, whose cost does not grow with a robot's history.
#}
{% macro hour_buckets(relation, started_at, ended_at) %}
    {%- if var("max_session_hours") > 255 -%}
        {{ exceptions.raise_compiler_error("The var max_session_hours is " ~ var("max_session_hours") ~ "; set it to 255 or less.") }}
    {%- endif -%}
    select
        {{ relation }}.*,
        {{ dbt.dateadd("hour", "spans.hour_offset", "date_trunc('hour', " ~ relation ~ "." ~ started_at ~ ")") }} as hour_at

    from {{ relation }}

    inner join {{ ref("int_hour_spans") }} as spans
        on {{ dbt.datediff(relation ~ "." ~ started_at, relation ~ "." ~ ended_at, "hour") }} = spans.span_hours
{% endmacro %}
