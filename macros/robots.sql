{#
    Spans of a robot that overlap or touch as one, so that time in several of them is not counted twice.
#}
{% macro merged_spans(relation) %}
    select
        robot_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at

    from (
        select
            *,
            sum(case when previous_ended_at >= started_at then 0 else 1 end) over (
                partition by robot_id
                order by started_at, ended_at
                rows between unbounded preceding and current row
            ) as span_number

        from (
            select
                robot_id,
                started_at,
                ended_at,
                max(ended_at) over (
                    partition by robot_id
                    order by started_at, ended_at
                    rows between unbounded preceding and 1 preceding
                ) as previous_ended_at
            from {{ relation }}
        ) as preceded
    ) as numbered

    group by robot_id, span_number
{% endmacro %}

{# Where a robot's rows begin to be written anew: midnight before its first affected day. #}
{% macro robot_cuts() %}
    select
        robot_id,
        cast(min(affected_date) as timestamp) as cut_at

    from {{ ref("int_affected_robot_days") }}

    group by robot_id
{% endmacro %}

{#
    The rows of this model in which the robots were at their cut. They replace all that came before, so that no
    event of earlier days is read again.
#}
{% macro carried_over(started_at="started_at") %}
    select
        known.*,
        cuts.cut_at

    from {{ this }} as known

    inner join ({{ robot_cuts() }}) as cuts
        on known.robot_id = cuts.robot_id

    where
        known.{{ started_at }} < cuts.cut_at
        and known.ended_at >= cuts.cut_at
{% endmacro %}
