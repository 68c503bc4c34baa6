{#
    Mean time between failures of repairable robots.

    T = operating hours, r = failures that began in the period while the robot operated, MTBF = T / r, with a two-sided
    90 % interval (confidence_intervals.sql): of one robot by chance alone, of a fleet by the spread between its robots.
    With r = 0 only its lower bound exists. MTTR is the mean of those of them that are over.
#}
{% macro mtbf_ctes(by) %}
{%- set keys = by | join(", ") -%}
{%- set is_of_robot = by == ["robot_id"] -%}
{%- set robot_keys = keys if is_of_robot else keys ~ ", robot_id" -%}
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
        {{ robot_keys }},
        month_start,
        sum(operating_milliseconds) as operating_milliseconds,
        sum(down_milliseconds) as down_milliseconds,
        0 as failure_count,
        0 as uncharged_failure_count,
        0 as open_failure_count,
        0 as repaired_count,
        cast(0 as decimal(18, 3)) as repair_seconds

    from operating_days

    group by {{ robot_keys }}, month_start

),

failed as (

    select
        {{ robot_keys }},
        month_start,
        0 as operating_milliseconds,
        0 as down_milliseconds,
        sum(case when is_charged then 1 else 0 end) as failure_count,
        sum(case when is_charged then 0 else 1 end) as uncharged_failure_count,
        sum(case when is_charged and is_open then 1 else 0 end) as open_failure_count,
        sum(case when is_charged and end_basis <> 'retired' then 1 else 0 end) as repaired_count,
        sum(case when is_charged and end_basis <> 'retired' then down_seconds else 0 end) as repair_seconds

    from failures

    group by {{ robot_keys }}, month_start

),

unioned as (

    select * from operated

    union all

    select * from failed

),

robots as (

    select
        {{ robot_keys }},
        month_start,
        sum(operating_milliseconds) as operating_milliseconds,
        sum(down_milliseconds) as down_milliseconds,
        sum(failure_count) as failure_count,
        sum(uncharged_failure_count) as uncharged_failure_count,
        sum(open_failure_count) as open_failure_count,
        sum(repaired_count) as repaired_count,
        sum(repair_seconds) as repair_seconds

    from unioned

    group by {{ robot_keys }}, month_start

),

summed as (

    select
        {{ keys }},
        month_start,
        {{ milliseconds_to_hours("sum(operating_milliseconds)") }} as operating_hours,
        {{ milliseconds_to_hours("sum(down_milliseconds)") }} as unplanned_down_hours,
        {{ spread_sums("failure_count", "operating_milliseconds") }},
        sum(failure_count) as failure_count,
        sum(uncharged_failure_count) as uncharged_failure_count,
        sum(open_failure_count) as open_failure_count,
        sum(repaired_count) as repaired_count,
        {{ seconds_to_hours("sum(repair_seconds)") }} as repair_hours

    from robots

    group by {{ keys }}, month_start

),

{% if not is_of_robot -%}
freed as (

    select
        *,
        {{ spread_degrees("unit_counts") }} as degrees

    from summed

),

{% endif -%}
quantiled as (

    select
        *,
        {{ z_90() if is_of_robot else spread_quantile("degrees", "unit_counts") }} as quantile

    from {{ "summed" if is_of_robot else "freed" }}

),

bounded as (

    select
        quantiled.*,
        quantiled.operating_hours / nullif(cast(quantiled.failure_count as double precision), 0) as mtbf_hours,
        quantiled.repair_hours / nullif(cast(quantiled.repaired_count as double precision), 0) as mttr_hours,
        {%- for side in (-1, 1) %}
        {%- set factor = chi_square_factor("quantiled.failure_count", side, "chi_square_factors") %}
        {{ factor if is_of_robot else widened_bound(factor, "quantiled.failure_count", "quantiled.quantile") }}
            as {{ "lower_factor" if side < 0 else "upper_factor" }}{{ "," if side < 0 }}
        {%- endfor %}

    from quantiled

    left join chi_square_factors
        on quantiled.failure_count = chi_square_factors.failure_count

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
