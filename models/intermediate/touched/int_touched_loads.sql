{{ config(materialized="table", dist="all", sort="loaded_at") }}

with

lines as (

    select * from {{ ref("base_event_log__lines") }}

),

rejected_lines as (

    select * from {{ source("event_log", "rejected_lines") }}

),

touched as (

    select loaded_at
    from lines
    where processed_run > {{ last_completed_run() }}

    union all

    select rejected_lines.loaded_at
    from rejected_lines
    where rejected_lines.loaded_at > coalesce(
        (
            select max(lines.loaded_at)
            from lines
            where lines.processed_run <= {{ last_completed_run() }}
        ),
        cast('1970-01-01' as timestamp)
    )

),

touched_loads as (

    select distinct loaded_at

    from touched

    {% if should_full_refresh() %}
        where 1 = 0
    {% endif %}

)

select * from touched_loads
