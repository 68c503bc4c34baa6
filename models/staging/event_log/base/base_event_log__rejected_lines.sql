with

rejected_lines as (

    select * from {{ source("event_log", "rejected_lines") }}

),

renamed as (

    select
        ----------  text
        line,
        reason,
        source_file,

        ----------  timestamps
        loaded_at

    from rejected_lines

)

select * from renamed
