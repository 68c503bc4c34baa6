{{ config(materialized="table", dist="all", sort="log_end_at") }}

with

lines as (

    select
        processed_run,
        event_at

    from {{ ref("base_event_log__lines") }}

    where line_status = 'accepted'

),

log_ends as (

    select
        ----------  ids
        -- What a row of another model is joined by, because a cross join is a nested loop on Redshift.
        1 as all_rows,

        ----------  timestamps
        max(event_at) as log_end_at,
        max(case when processed_run <= {{ last_completed_run() }} then event_at end) as previous_log_end_at

    from lines

)

select * from log_ends
