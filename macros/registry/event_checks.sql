{% macro missing_required_field(document) %}
    {#-
    Name of the first id or field that the registry requires of the event and `document` lacks, else null.
    One branch per event, so that an event is asked for its own fields only.
    -#}
    case event_name
        {% for event in registry_events() -%}
        when '{{ event.name }}' then case
            {% for id in event.ids if id in event.required_columns -%}
            when {{ id }} is null and {{ json_lacks_id(document ~ '."' ~ id ~ '"') }} then '{{ id }}'
            {% endfor -%}
            {% for field in event.fields if field.required -%}
            when {{ document }}."data"."{{ field.name }}" is null then '{{ field.name }}'
            {% endfor -%}
            else null
        end
        {% endfor -%}
    end
{%- endmacro %}


{% macro mistyped_field(document) %}
    {#-
    Name of the first id or field of the event that `document` holds but whose typed column stayed null,
    else null: the value was of another type than the registry's.
    -#}
    case event_name
        {% for event in registry_events() -%}
        when '{{ event.name }}' then case
            {% for id in event.ids -%}
            when {{ id }} is null and not {{ json_lacks_id(document ~ '."' ~ id ~ '"') }} then '{{ id }}'
            {% endfor -%}
            {% for field in event.fields -%}
            when {{ document }}."data"."{{ field.name }}" is not null and {{ field.column }} is null
                then '{{ field.name }}'
            {% endfor -%}
            else null
        end
        {% endfor -%}
    end
{%- endmacro %}
