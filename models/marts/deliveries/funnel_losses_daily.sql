{{ config(materialized="table", dist="all", sort="local_date") }}

with

orders as (

    select * from {{ ref("funnel_orders") }}

    where lost_step is not null

),

losses as (

    select
        ----------  ids
        local_date,
        market,

        ----------  text
        lost_step,
        lost_reason,

        ----------  numerics
        cast(count(*) as bigint) as order_count

    from orders

    group by local_date, market, lost_step, lost_reason

)

select * from losses
