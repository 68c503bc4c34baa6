{#
    Name of the first id or field that the registry requires of the event and the line lacks, else null.
    One branch per event, so that an event is asked for its own fields only.

    relation    has the `document` of the line and the payload_groups()
#}
{% macro missing_required_field(relation) %}
    case {{ relation }}.event_name
        {% for event in registry_events() -%}
        when '{{ event.name }}' then case
            {% for id in event.ids if id in event.required_columns -%}
            when {{ relation }}.document."{{ id }}" is null then '{{ id }}'
            {% endfor -%}
            {% for field in event.fields if field.required -%}
            when {{ payload_value(relation, event, field) }} is null then '{{ field.name }}'
            {% endfor -%}
            else null
        end
        {% endfor -%}
    end
{%- endmacro %}

{#
    Name of the first key, id or field of the line whose value is of another JSON type than the registry's, else null.
    `relation` as above, with the typed ids and keys. Where one of those is not NULL, its value need not be looked at.
#}
{% macro mistyped_field(relation) %}
    coalesce(
        case
            {% for key in checked_envelope() -%}
            {%- set value = envelope_path(relation, key) %}
            when {{ relation }}.{{ key.column }} is null and {{ value }} is not null
            {%- if key.type != "timestamp" %} and ({{ json_mistyped(value, key) }}){% endif %} then '{{ key.name }}'
            {% endfor -%}
            {% for object in envelope_objects() + [{"name": "data", "type": "object"}] -%}
            when {{ json_mistyped(relation ~ '.document."' ~ object.name ~ '"', object) }} then '{{ object.name }}'
            {% endfor -%}
            {% for id in registry_ids() -%}
            {%- set value = relation ~ '.document."' ~ id.name ~ '"' %}
            when {{ relation }}.{{ id.name }} is null and {{ json_mistyped(value, id) }} then '{{ id.name }}'
            {% endfor -%}
            else null
        end,
        case {{ relation }}.event_name
            {% for event in registry_events() if event.fields -%}
            when '{{ event.name }}' then case
                {% for field in event.fields -%}
                when {{ json_mistyped(payload_value(relation, event, field), field) }} then '{{ field.name }}'
                {% endfor -%}
                else null
            end
            {% endfor -%}
        end
    )
{%- endmacro %}

{#
    Name of the first key, id or field of the line whose value the registry does not allow, else null; an id that is
    not of the event is one. Right only where nothing is of another type. `relation` as above, with the typed ids and
    keys.
#}
{% macro misvalued_field(relation) %}
    coalesce(
        case
            {% for key in checked_envelope() if key.type not in ("bool", "timestamp") -%}
            when {{ envelope_path(relation, key) }} is not null and {{ relation }}.{{ key.column }} is null
                then '{{ key.name }}'
            {% endfor -%}
            {% for id in registry_ids() -%}
            when {{ relation }}.document."{{ id.name }}" is not null and {{ relation }}.{{ id.name }} is null
                then '{{ id.name }}'
            {% endfor -%}
            else null
        end,
        case {{ relation }}.event_name
            {% for event in registry_events() -%}
            when '{{ event.name }}' then case
                {% for id in registry_ids() if id.name not in event.ids -%}
                when {{ relation }}.{{ id.name }} is not null then '{{ id.name }}'
                {% endfor -%}
                {% for field in event.fields if field.type not in ("bool", "timestamp") -%}
                when {{ json_misvalued(payload_value(relation, event, field), field) }} then '{{ field.name }}'
                {% endfor -%}
                else null
            end
            {% endfor -%}
        end
    )
{%- endmacro %}

{# Keys of the envelope that have no reason of their own, rows of registry_envelope(). #}
{% macro checked_envelope() %}
    {{- return(registry_envelope() | rejectattr("name", "in", ["event_id", "evt.name", "occurred_at"]) | list) -}}
{% endmacro %}
