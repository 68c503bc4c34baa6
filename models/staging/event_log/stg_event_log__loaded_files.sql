with

loaded_files as (

    select * from {{ source("event_log", "loaded_files") }}

),

renamed as (

    select
        ----------  text
        source_file,

        ----------  numerics
        line_count,
        rejected_count,

        ----------  timestamps
        loaded_at

    from loaded_files

)

select * from renamed
