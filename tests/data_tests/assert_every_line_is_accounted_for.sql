-- No line is lost, load by load. The raw lines, by the event name that they carry, are in
-- base_event_log__lines; these and the rejected ones, by stream, are counted once each in
-- event_reconciliation; and each quarantined line is in quarantined_lines. Raw lines are compared by
-- name, because the stream is what the registry said when the line was checked. Of loads before the horizon
-- (docs/nightly-runs.md) no raw lines are left to compare; all else holds for them too.
with

documents as (

    select
        {{ json_document("payload", envelope_keys()) }} as document,
        loaded_at
    from {{ source("event_log", "event_lines") }}

    where {{ is_untrimmed("loaded_at") }}

),

lines as (

    select
        event_name,
        coalesce(stream, 'unregistered') as stream,
        {{ is_untrimmed("loaded_at") }} as has_raw_line,
        loaded_at
    from {{ ref("base_event_log__lines") }}

),

rejected_lines as (

    select loaded_at from {{ source("event_log", "rejected_lines") }}

),

compared as (

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        'event_name' as counted_by,
        {{ json_text('documents.document."evt"."name"', 128) }} as counted,
        1 as line_count,
        0 as found_count
    from documents

    union all

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        'event_name' as counted_by,
        event_name as counted,
        0 as line_count,
        1 as found_count
    from lines
    where has_raw_line

    union all

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        'stream' as counted_by,
        stream as counted,
        1 as line_count,
        0 as found_count
    from lines

    union all

    select
        {{ utc_timestamptz("loaded_at") }} as loaded_at,
        'stream' as counted_by,
        'rejected' as counted,
        1 as line_count,
        0 as found_count
    from rejected_lines

    union all

    select
        loaded_at,
        'stream' as counted_by,
        stream as counted,
        0 as line_count,
        accepted_count + duplicate_count + quarantined_count + other_environment_count as found_count
    from {{ ref("event_reconciliation") }}

    union all

    select
        loaded_at,
        'quarantined' as counted_by,
        cast(null as varchar(64)) as counted,
        quarantined_count as line_count,
        0 as found_count
    from {{ ref("event_reconciliation") }}

    union all

    select
        loaded_at,
        'quarantined' as counted_by,
        cast(null as varchar(64)) as counted,
        0 as line_count,
        1 as found_count
    from {{ ref("quarantined_lines") }}

)

select
    loaded_at,
    counted_by,
    counted,
    sum(line_count) as line_count,
    sum(found_count) as found_count

from compared

group by loaded_at, counted_by, counted

having sum(line_count) <> sum(found_count)
