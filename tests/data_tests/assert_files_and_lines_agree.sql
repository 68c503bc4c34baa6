-- Nothing is lost between files and tables: what the loader counted in its files is what it kept.
-- On Redshift the ledger is empty and COPY keeps its own, so there is nothing to compare there.
with

in_files as (

    select
        loaded_at,
        sum(line_count) as line_count,
        sum(rejected_count) as rejected_count
    from {{ source("event_log", "loaded_files") }}
    group by loaded_at

),

in_tables as (

    select
        loaded_at,
        count(*) as line_count,
        0 as rejected_count
    from {{ source("event_log", "event_lines") }}
    group by loaded_at

    union all

    select
        loaded_at,
        count(*) as line_count,
        count(*) as rejected_count
    from {{ source("event_log", "rejected_lines") }}
    group by loaded_at

),

summed as (

    select
        loaded_at,
        sum(line_count) as line_count,
        sum(rejected_count) as rejected_count
    from in_tables
    group by loaded_at

)

select in_files.*

from in_files

left join summed
    on in_files.loaded_at = summed.loaded_at

where
    in_files.line_count <> coalesce(summed.line_count, 0)
    or in_files.rejected_count <> coalesce(summed.rejected_count, 0)
