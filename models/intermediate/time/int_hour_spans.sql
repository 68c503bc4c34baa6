{{ config(dist="all", sort="span_hours") }}

-- Cutting a window into hours by equality joins alone. A join on an inequality would be a nested
-- loop on Redshift; here a window of n hours joins the rows of its own span. Longer windows are
-- cut twice, first into blocks of this many hours.
{% set hours_per_block = 256 %}

with

numbers as (

    {{ dbt_utils.generate_series(hours_per_block * hours_per_block) }}

),

cells as (

    select
        cast(floor((generated_number - 1) / {{ hours_per_block }}.0) as integer) as span_hours,
        cast(mod(cast(generated_number as integer) - 1, {{ hours_per_block }}) as integer) as hour_offset

    from numbers

),

spans as (

    select
        span_hours,
        hour_offset

    from cells

    where hour_offset <= span_hours

)

select * from spans
