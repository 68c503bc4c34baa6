-- Nothing is lost: for each load, lines of the raw layer = accepted + duplicates + quarantined.
with

raw_lines as (

    select
        loaded_at,
        count(*) as line_count
    from {{ source("event_log", "event_lines") }}
    group by loaded_at

    union all

    select
        loaded_at,
        count(*) as line_count
    from {{ source("event_log", "rejected_lines") }}
    group by loaded_at

),

judged_lines as (

    select
        loaded_at,
        count(*) as line_count
    from {{ ref("base_event_log__lines") }}
    where line_status <> 'quarantined'
    group by loaded_at

    union all

    select
        loaded_at at time zone 'UTC' as loaded_at,
        count(*) as line_count
    from {{ ref("quarantined_events") }}
    group by loaded_at

),

balanced as (

    select
        loaded_at,
        sum(line_count) as line_difference
    from (
        select
            loaded_at,
            line_count
        from raw_lines
        union all
        select
            loaded_at,
            -line_count as line_count
        from judged_lines
    ) as both_sides
    group by loaded_at

)

select *

from balanced

where line_difference <> 0
