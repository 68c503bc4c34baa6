-- Which fields do lines carry that the registry does not know?
-- One row per event, place and field: `line` is a key on top, `data` a field of the payload. Of all raw lines of
-- registered events, accepted or not; nothing reads such a field before the registry has it.
with

event_lines as (

    select
        payload,
        loaded_at

    from {{ source("event_log", "event_lines") }}

),

{% set key = registry_envelope() | selectattr("column", "equalto", "event_name") | first %}

documents as (

    select
        payload,
        {{ json_document("payload", [key, {"name": "data"}]) }} as document,
        loaded_at

    from event_lines

),

lines as (

    select
        {{ json_envelope_value("documents", key) }} as event_name,
        payload as line,
        {{ json_payload("documents.document") }} as data,
        loaded_at

    from documents

),

{% for place in ("line", "data") %}
    fields_of_{{ place }} as (

        select
            lines.event_name,
            '{{ place }}' as place,
            cast(json_key as varchar(256)) as field,
            lines.loaded_at

        from {{ json_keys("lines", place) }}

    ),
{% endfor %}

found as (

    select * from fields_of_line

    union all

    select * from fields_of_data

),

judged as (

    select
        *,
        case place
            when 'line'
                then
                    field in (
                        {% for key in line_keys() %}
                            '{{ key }}'{{ "," if not loop.last }}
                        {% endfor %}
                    )
            else case event_name
                {% for event in registry_events() if event.fields %}
                    when '{{ event.name }}'
                        then
                            field in (
                                {% for field in event.fields %}
                                    '{{ field.name }}'{{ "," if not loop.last }}
                                {% endfor %}
                            )
                {% endfor %}
                else false
            end
        end as is_registered

    from found

    where
        event_name in (
            {% for event in registry_events() %}
                '{{ event.name }}'{{ "," if not loop.last }}
            {% endfor %}
        )

)

select
    event_name,
    place,
    field,
    count(*) as line_count,
    min(loaded_at) as first_loaded_at,
    max(loaded_at) as last_loaded_at

from judged

where not is_registered

group by event_name, place, field

order by line_count desc, event_name asc, place asc, field asc
