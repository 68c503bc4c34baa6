{{ config(materialized="table", dist="all", sort="loaded_at") }}

with

ranked_anew as (

    select event_id
    from {{ ref("base_event_log__copies") }}
    where processed_run > {{ last_completed_run() }}

),

without_lines as (

    select loaded_at
    from {{ ref("base_event_log__rejected_lines") }}

    union all

    select loaded_at
    from {{ ref("stg_event_log__loaded_files") }}

),

affected as (

    select loaded_at
    from {{ ref("base_event_log__typed_lines") }}
    where processed_run > {{ last_completed_run() }}

    union all

    -- Loads with another copy of such a line: which of them is the event may have changed.
    select loaded_at
    from {{ ref("base_event_log__typed_lines") }}
    where event_id in (select ranked_anew.event_id from ranked_anew)

    union all

    {% if has_erased_lines() %}
    select loaded_at
    from {{ erased_lines() }}
    where {{ is_erased_anew() }}

    union all

    {% endif %}
    -- Loads that brought only rejected lines, or files without lines.
    select loaded_at
    from without_lines
    where loaded_at > coalesce(
        (
            select max(earlier.loaded_at)
            from {{ ref("base_event_log__typed_lines") }} as earlier
            where earlier.processed_run <= {{ last_completed_run() }}
        ),
        cast('1970-01-01' as timestamp)
    )

),

affected_loads as (

    select distinct loaded_at

    from affected

    {% if should_full_refresh() %}
        where 1 = 0
    {% endif %}

)

select * from affected_loads
