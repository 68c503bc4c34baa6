{{ config(materialized="table", dist="all", sort="local_date") }}

{% set measured = (legs() | list) + ["pickup_wait", "dropoff_wait"] %}

with

orders as (

    select * from {{ ref("funnel_orders") }}

),

-- Redshift orders all percentiles of a select alike: one select for each leg. Of decimals DuckDB's are decimals.
percentiles as (

    {% for leg in measured %}
        select
            local_date,
            market,
            '{{ leg }}' as leg,
            count(*) as order_count,
            percentile_cont(0.5) within group (order by cast({{ leg }}_seconds as double precision)) as p50,
            percentile_cont(0.9) within group (order by cast({{ leg }}_seconds as double precision)) as p90
        from orders
        where {{ leg }}_seconds is not null
        group by local_date, market

        {{ "union all" if not loop.last }}

    {% endfor %}
),

leg_times as (

    select
        ----------  text
        market,
        cast(leg as varchar(32)) as leg,

        ----------  numerics
        order_count,
        cast(p50 as double precision) as p50_seconds,
        cast(p90 as double precision) as p90_seconds,

        ----------  dates
        local_date

    from percentiles

)

select * from leg_times
