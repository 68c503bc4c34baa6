{{ config(materialized="table", dist="robot_id", sort="month_start") }}

with

{{ mtbf_ctes(["robot_id"]) }},

-- Stretches in which a robot was not heard, or lines of it are missing. That a clock is off, or that a robot had
-- not begun, hides no failure.
doubts as (

    select distinct
        robot_id,
        started_at,
        ended_at

    from {{ ref("int_affected_doubts") }}

    where
        not is_gone
        and basis not in ('clock', 'unobserved')

),

merged as (

    {{ merged_spans("doubts") }}

),

hidden as (

    select
        bounded.robot_id,
        bounded.month_start,
        count(*) as span_count

    from bounded

    inner join merged
        on
            bounded.robot_id = merged.robot_id
            and bounded.month_start <= merged.ended_at
            and {{ dbt.dateadd("month", 1, "bounded.month_start") }} > merged.started_at

    group by bounded.robot_id, bounded.month_start

),

-- The state before such a failure is not known, so whether it is charged is not either.
doubted_failures as (

    select
        failures.robot_id,
        failures.month_start,
        count(distinct case when failures.is_charged then failures.failure_id end) as charged_count,
        count(distinct case when not failures.is_charged then failures.failure_id end) as uncharged_count

    from failures

    inner join merged
        on
            failures.robot_id = merged.robot_id
            and failures.started_at at time zone 'UTC' between merged.started_at and merged.ended_at

    group by failures.robot_id, failures.month_start

),

mtbf as (

    select
        ----------  ids
        bounded.robot_id,
        bounded.month_start,

        ----------  numerics
        {{ mtbf_columns() }},
        cast(failure_count - coalesce(doubted_failures.charged_count, 0) as integer) as failure_count_low,
        cast(
            failure_count + coalesce(doubted_failures.uncharged_count, 0) + coalesce(hidden.span_count, 0) as integer
        ) as failure_count_high

    from bounded

    left join hidden
        on
            bounded.robot_id = hidden.robot_id
            and bounded.month_start = hidden.month_start

    left join doubted_failures
        on
            bounded.robot_id = doubted_failures.robot_id
            and bounded.month_start = doubted_failures.month_start

)

select * from mtbf
