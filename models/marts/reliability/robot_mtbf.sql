{{ config(materialized="table", dist="robot_id", sort="month_start") }}

with

{{ mtbf_ctes(["robot_id"]) }},

mtbf as (

    select
        ----------  ids
        robot_id,
        month_start,

        ----------  numerics
        {{ mtbf_columns() }}

    from bounded

)

select * from mtbf
