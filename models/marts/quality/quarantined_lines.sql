{{ rebuilt_by("load", id=utc_timestamp("loaded_at")) }}
{{ config(dist="even", sort="loaded_at") }}

with

quarantined_lines as (

    select *

    from {{ ref("base_event_log__quarantined_lines") }}

    where {{ affected("load") }}

),

quarantined as (

    select
        ----------  ids
        cast(quarantined_line_id as varchar(32)) as quarantined_line_id,
        event_id,

        ----------  text
        cast(reason as varchar(32)) as reason,
        cast(reason_detail as varchar(128)) as reason_detail,
        event_name,
        stream,
        cast(line as varchar(65535)) as line,
        source_file,

        ----------  timestamps
        {{ utc_timestamptz("received_at") }} as received_at,
        {{ utc_timestamptz("loaded_at") }} as loaded_at

    from quarantined_lines

)

select * from quarantined
