{{ config(materialized="table", dist="all", sort="date_day") }}

-- 44 years, so that nobody has to remember to extend it.
{% set days = 16384 %}

with

numbers as (

    {{ dbt_utils.generate_series(days) }}

),

days as (

    select
        cast(
            {{
                dbt.dateadd(
                    "day",
                    "cast(generated_number as integer) - 1",
                    "cast('" ~ var("earliest_credible_at") ~ "' as date)",
                )
            }} as date
        ) as date_day

    from numbers

)

select * from days
