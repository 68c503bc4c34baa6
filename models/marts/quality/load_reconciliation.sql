{{ rebuilt_by("load", id=utc_timestamp("loaded_at")) }}
{{ config(dist="all", sort="loaded_at") }}

with

event_reconciliation as (

    select *

    from {{ ref("event_reconciliation") }}

    where {{ affected("load", id=utc_timestamp("loaded_at")) }}

),

loaded_files as (

    select *

    from {{ ref("stg_event_log__loaded_files") }}

    where
        {{ affected("load") }}
    {% if horizon() %}
        -- After a full refresh that began at the horizon, earlier files have no lines here to be compared with.
        and (
            {{ is_untrimmed("loaded_at") }}
            or loaded_at >= (
                select min({{ utc_timestamp("event_reconciliation.loaded_at") }})
                from event_reconciliation
                where event_reconciliation.stream <> 'rejected'
            )
        )
    {% endif %}

),

compared as (

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        1 as file_count,
        line_count as file_line_count,
        rejected_count as file_rejected_count,
        0 as line_count,
        0 as rejected_count
    from loaded_files

    union all

    select
        loaded_at,
        0 as file_count,
        cast(null as bigint) as file_line_count,
        cast(null as bigint) as file_rejected_count,
        line_count,
        case when stream = 'rejected' then line_count else 0 end as rejected_count
    from event_reconciliation

),

loads as (

    select
        ----------  numerics
        cast(sum(file_count) as bigint) as file_count,
        cast(sum(file_line_count) as bigint) as file_line_count,
        cast(sum(file_rejected_count) as bigint) as file_rejected_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(rejected_count) as bigint) as rejected_count,

        ----------  booleans
        sum(file_line_count) = sum(line_count)
        and sum(file_rejected_count) = sum(rejected_count) as is_complete,

        ----------  timestamps
        loaded_at

    from compared

    group by loaded_at

)

select * from loads
