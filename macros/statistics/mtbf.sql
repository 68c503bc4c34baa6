{#
    Mean time between failures of repairable robots.

    T = operating hours, r = failure episodes that started in the period, MTBF = T / r, with the
    two-sided 90 % chi-square interval of a time-truncated test, 2T / chi2(0.95, 2r + 2) to
    2T / chi2(0.05, 2r) (NIST/SEMATECH e-Handbook 8.4.5.1). With r = 0 only the one-sided 90 %
    lower bound T / -ln(0.1) exists. The factors: macros/statistics/confidence_intervals.sql.
#}
{% macro mtbf_ctes(by) %}
{%- set keys = by | join(", ") -%}
operating_days as (

    select
        *,
        cast(date_trunc('month', operating_date) as date) as month_start

    from {{ ref("int_robot_operating_days") }}

),

failures as (

    select
        *,
        cast(date_trunc('month', started_at at time zone 'UTC') as date) as month_start

    from {{ ref("robot_failures") }}

),

chi_square_factors as (

    select * from {{ ref("chi_square_factors") }}

),

operated as (

    select
        {{ keys }},
        month_start,
        sum(operating_milliseconds) as operating_milliseconds,
        sum(down_milliseconds) as down_milliseconds,
        0 as failure_count,
        cast(0 as decimal(18, 3)) as repair_seconds

    from operating_days

    group by {{ keys }}, month_start

),

failed as (

    select
        {{ keys }},
        month_start,
        0 as operating_milliseconds,
        0 as down_milliseconds,
        count(*) as failure_count,
        sum(down_seconds) as repair_seconds

    from failures

    group by {{ keys }}, month_start

),

unioned as (

    select * from operated

    union all

    select * from failed

),

summed as (

    select
        {{ keys }},
        month_start,
        {{ milliseconds_to_hours("sum(operating_milliseconds)") }} as operating_hours,
        {{ milliseconds_to_hours("sum(down_milliseconds)") }} as unplanned_down_hours,
        sum(failure_count) as failure_count,
        {{ seconds_to_hours("sum(repair_seconds)") }} as repair_hours

    from unioned

    group by {{ keys }}, month_start

),

bounded as (

    select
        summed.*,
        {{ chi_square_lower_factor("summed.failure_count", "chi_square_factors") }} as lower_factor,
        {{ chi_square_upper_factor("summed.failure_count", "chi_square_factors") }} as upper_factor

    from summed

    left join chi_square_factors
        on summed.failure_count = chi_square_factors.failure_count

)
{%- endmacro %}

{% macro mtbf_columns() -%}
        operating_hours,
        cast(failure_count as integer) as failure_count,
        operating_hours / nullif(cast(failure_count as double precision), 0) as mtbf_hours,
        operating_hours * cast(lower_factor as double precision) as mtbf_lower_90_hours,
        operating_hours * cast(upper_factor as double precision) as mtbf_upper_90_hours,
        repair_hours / nullif(cast(failure_count as double precision), 0) as mttr_hours,
        unplanned_down_hours,
        operating_hours / nullif(operating_hours + unplanned_down_hours, 0) as availability_ratio
{%- endmacro %}
