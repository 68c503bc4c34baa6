{#
    Mean time between failures of repairable robots.

    T = operating hours, r = failures that began in the period while the robot operated, MTBF = T / r,
    with the two-sided 90 % chi-square interval of a time-truncated test, 2T / chi2(0.95, 2r + 2) to
    2T / chi2(0.05, 2r) (NIST/SEMATECH e-Handbook 8.4.5.1). With r = 0 only its lower bound exists.
    MTTR is the mean of those of them that are over. The factors: confidence_intervals.sql.
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
        0 as uncharged_failure_count,
        0 as open_failure_count,
        0 as repaired_count,
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
        sum(case when is_charged then 1 else 0 end) as failure_count,
        sum(case when is_charged then 0 else 1 end) as uncharged_failure_count,
        sum(case when is_charged and is_open then 1 else 0 end) as open_failure_count,
        sum(case when is_charged and end_basis <> 'retired' then 1 else 0 end) as repaired_count,
        sum(case when is_charged and end_basis <> 'retired' then down_seconds else 0 end) as repair_seconds

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
        sum(uncharged_failure_count) as uncharged_failure_count,
        sum(open_failure_count) as open_failure_count,
        sum(repaired_count) as repaired_count,
        {{ seconds_to_hours("sum(repair_seconds)") }} as repair_hours

    from unioned

    group by {{ keys }}, month_start

),

bounded as (

    select
        summed.*,
        summed.operating_hours / nullif(cast(summed.failure_count as double precision), 0) as mtbf_hours,
        summed.repair_hours / nullif(cast(summed.repaired_count as double precision), 0) as mttr_hours,
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
        cast(uncharged_failure_count as integer) as uncharged_failure_count,
        cast(open_failure_count as integer) as open_failure_count,
        mtbf_hours,
        operating_hours * cast(lower_factor as double precision) as mtbf_lower_90_hours,
        operating_hours * cast(upper_factor as double precision) as mtbf_upper_90_hours,
        cast(repaired_count as integer) as repaired_failure_count,
        mttr_hours,
        mtbf_hours / nullif(mtbf_hours + mttr_hours, 0) as mtbf_availability_ratio,
        unplanned_down_hours,
        operating_hours / nullif(operating_hours + unplanned_down_hours, 0) as availability_ratio
{%- endmacro %}
