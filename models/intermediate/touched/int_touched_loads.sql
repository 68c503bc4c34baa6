{{ config(materialized="table", dist="all", sort="loaded_at") }}

with

lines as (

    select * from {{ ref("base_event_log__lines") }}

),

rejected_lines as (

    select * from {{ source("event_log", "rejected_lines") }}

),

touched_loads as (

    select loaded_at
    from lines
    where processed_run > {{ last_completed_run() }}

    union

    select loaded_at
    from rejected_lines
    where loaded_at > coalesce(
        (select max(lines.loaded_at) from lines where lines.processed_run <= {{ last_completed_run() }}),
        cast('1970-01-01' as timestamp)
    )

)

select * from touched_loads

{% if should_full_refresh() -%}
where 1 = 0
{%- endif %}
