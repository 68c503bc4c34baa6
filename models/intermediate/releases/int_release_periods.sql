{{ config(materialized="table", dist="all", sort="released_at") }}

with

releases as (

    select * from {{ ref("int_releases") }}

),

preceded as (

    select
        *,
        lag(version) over (partition by service order by released_at, event_id) as version_before

    from releases

),

-- A release that is reported market by market, or again, goes on with the period that it opened.
openings as (

    select
        *,
        row_number() over (partition by service, version order by released_at, event_id)
        -- A version that comes back was live before, although the log does not tell of it.
        + case
            when first_value(kind) over (
                partition by service, version
                order by released_at, event_id
                rows between unbounded preceding and unbounded following
            ) = 'rollback' then 1
            else 0
        end as period_number

    from preceded

    where
        version_before is null
        or version_before <> version

),

periods as (

    select
        ----------  ids
        service,
        version,
        period_number,

        ----------  text
        coalesce(nullif(previous_version, version), version_before) as previous_version,
        kind,

        ----------  timestamps
        cast(released_at as date) as first_date,
        released_at

    from openings

)

select * from periods
