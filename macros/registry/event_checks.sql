{#
    Name of the first id or field that the registry requires of the event and the line lacks, else null.
    One branch per event, so that an event is asked for its own fields only.

    relation    has the typed ids, lacks_<id> for each, and the payload_groups()
#}
{% macro missing_required_field(relation) %}
    case {{ relation }}.event_name
        {% for event in registry_events() -%}
        when '{{ event.name }}' then case
            {% for id in event.ids if id in event.required_columns -%}
            when lacks_{{ id }} then '{{ id }}'
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
    Name of the first id or field of the event whose value is of another type than the registry's, else
    null. `relation` as above.
#}
{% macro mistyped_field(relation) %}
    {%- set types = {} -%}
    {%- for field in registry_fields() %}{% do types.update({field.name: field}) %}{% endfor %}
    case {{ relation }}.event_name
        {% for event in registry_events() -%}
        when '{{ event.name }}' then case
            {% for id in event.ids -%}
            when {{ relation }}.{{ id }} is null and not lacks_{{ id }} then '{{ id }}'
            {% endfor -%}
            {% for field in event.fields -%}
            {%- set value = payload_value(relation, event, field) %}
            when {{ json_misfits(value, types[field.name]) }} then '{{ field.name }}'
            {% endfor -%}
            else null
        end
        {% endfor -%}
    end
{%- endmacro %}
