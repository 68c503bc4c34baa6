-- Nothing is lost: for each load, lines of the raw layer = accepted + duplicates + quarantined, and
-- each quarantined line can be read in quarantined_events.
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

compared as (

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        line_count as raw_count,
        0 as judged_count,
        0 as quarantined_count,
        0 as shown_count
    from raw_lines

    union all

    select
        loaded_at,
        0 as raw_count,
        accepted_count + duplicate_count + quarantined_count as judged_count,
        quarantined_count,
        0 as shown_count
    from {{ ref("event_reconciliation") }}

    union all

    select
        loaded_at,
        0 as raw_count,
        0 as judged_count,
        0 as quarantined_count,
        1 as shown_count
    from {{ ref("quarantined_events") }}

),

balanced as (

    select
        loaded_at,
        sum(raw_count) as raw_count,
        sum(judged_count) as judged_count,
        sum(quarantined_count) as quarantined_count,
        sum(shown_count) as shown_count
    from compared
    group by loaded_at

)

select *

from balanced

where
    raw_count <> judged_count
    or quarantined_count <> shown_count
