{{ config(materialized="table", dist="all", sort="span") }}

-- As many units as a block of the macro time_buckets() has.
{% set units_per_block = 256 %}

with

numbers as (

    {{ dbt_utils.generate_series(units_per_block * units_per_block) }}

),

cells as (

    select
        cast(floor((generated_number - 1) / {{ units_per_block }}.0) as integer) as span,
        cast(mod(cast(generated_number as integer) - 1, {{ units_per_block }}) as integer) as span_offset

    from numbers

),

spans as (

    select
        span,
        span_offset

    from cells

    where span_offset <= span

)

select * from spans
