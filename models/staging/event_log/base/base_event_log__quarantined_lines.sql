with

lines as (

    select * from {{ ref("base_event_log__lines") }}

),

rejected_lines as (

    select * from {{ ref("base_event_log__rejected_lines") }}

),

not_accepted_by_staging as (

    select
        case
            when quarantine_reason = 'too_large'
                then 'Longer than the longest text of Redshift: payload in base_event_log__typed_lines has all of it.'
            else {{ json_line("payload") }}
        end as line,
        quarantine_reason as reason,
        quarantine_detail as reason_detail,
        event_id,
        event_name,
        stream,
        source_file,
        received_at,
        loaded_at

    from lines

    where line_status = 'quarantined'

),

not_accepted_by_the_loader as (

    select
        line,
        reason,
        cast(null as varchar(128)) as reason_detail,
        cast(null as varchar(64)) as event_id,
        cast(null as varchar(128)) as event_name,
        cast(null as varchar(32)) as stream,
        source_file,
        cast(null as timestamp) as received_at,
        loaded_at

    from rejected_lines

),

unioned as (

    select * from not_accepted_by_staging

    union all

    select * from not_accepted_by_the_loader

),

-- Two long texts joined may be longer than a text can be on Redshift, and a key of theirs is cut at 256 bytes there.
hashed as (

    select
        *,
        md5(coalesce(source_file, '')) as file_hash,
        md5(line) as line_hash

    from unioned

),

numbered as (

    -- Equal lines of one file differ in their number only, so any order among them is right.
    select
        *,
        row_number() over (
            partition by file_hash, loaded_at, reason, line_hash
            order by line_hash
        ) as copy_number

    from hashed

),

identified as (

    select
        {{ dbt_utils.generate_surrogate_key(["file_hash", "loaded_at", "reason", "line_hash", "copy_number"]) }}
            as quarantined_line_id,
        event_id,

        line,
        reason,
        reason_detail,
        event_name,
        stream,
        source_file,

        received_at,
        loaded_at

    from numbered

)

select * from identified
