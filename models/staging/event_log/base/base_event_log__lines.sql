{% set with_shared_fields = "event_name in ('" ~ events_with(shared_fields()) | join("', '") ~ "')" %}

with

typed_lines as (

    select * from {{ ref("base_event_log__typed_lines") }}

),

duplicates as (

    select *

    from {{ ref("base_event_log__copies") }}

    where copy_number > 1

),

lines as (

    select
        typed_lines.*,
        case
            when typed_lines.quarantine_reason is not null then 'quarantined'
            when duplicates.event_id is not null then 'duplicate'
            else 'accepted'
        end as line_status

    from typed_lines

    left join duplicates
        on
            typed_lines.event_id = duplicates.event_id
            and typed_lines.copy_token = duplicates.copy_token

),

-- Fields that models of all streams read, from the payloads of the events that have them.
payloads as (

    select
        *,
        {{ json_document("data", shared_fields(), when=with_shared_fields) }} as shared_payload

    from lines

),

final as (

    select
        {% for field in shared_fields() %}
            {{ payload_column("payloads.shared_payload", field.column) }} as {{ field.column }},
        {% endfor %}
        payloads.*

    from payloads

)

select * from final
