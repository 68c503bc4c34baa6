with

lines as (

    select * from {{ ref("base_event_log__lines") }}

),

accepted as (

    select *

    from lines

    where line_status = 'accepted'

)

select * from accepted
