{{ config(materialized="table", dist="all", sort="month_start") }}

with

{{ mtbf_ctes(["hardware_version"]) }},

mtbf as (

    select
        ----------  ids
        month_start,

        ----------  text
        hardware_version,

        ----------  numerics
        {{ mtbf_columns() }}

    from bounded

)

select * from mtbf
