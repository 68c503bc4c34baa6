{{ config(materialized="table", dist="all", sort="affected_date") }}

with

-- What is in doubt may begin long before the first affected day, where a change of state or lines are missing.
doubts as (

    select *

    from {{ ref("int_affected_doubts") }}

    where
        changed_run > {{ last_completed_run() }}
        and changed_from is not null
    {% if should_full_refresh() %}
        and 1 = 0
    {% endif %}

),

doubted_days as (

    {{ time_buckets("doubts", "changed_from", "changed_to", "day") }}

),

affected_days as (

    select
        robot_id,
        affected_date
    from {{ ref("int_affected_robot_days") }}

    union

    select
        robot_id,
        cast(day_at as date) as affected_date
    from doubted_days

)

select * from affected_days
