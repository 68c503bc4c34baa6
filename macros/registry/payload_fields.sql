{#
    Payload fields in groups of events that share a document, for json_document(): one per stream, and
    one for heartbeats, which are nearly all lines and have few fields. Rows of name, condition (SQL that
    says whether a line with `stream` is of the group), fields (rows of registry_fields()).
#}
{% macro payload_groups() %}
    {%- set groups = {} -%}
    {%- for event in registry_events() if event.fields -%}
        {%- do groups.setdefault(payload_group_of(event), []).append(event) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for name, events in groups.items() -%}
        {%- set names = events | map(attribute="fields") | sum(start=[]) | map(attribute="name") | unique | list -%}
        {%- do rows.append({
            "name": name,
            "condition": payload_group_condition(events[0]),
            "fields": registry_fields() | selectattr("name", "in", names) | list,
        }) -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}

{# By the stream, and no list of names, of which DuckDB makes a join. #}
{% macro payload_group_condition(event) -%}
    {%- if payload_group_of(event) == "heartbeat" -%} event_name = '{{ event.name }}'
    {%- else -%} stream = '{{ event.stream }}'{{ " and event_name <> 'robot.heartbeat'" if event.stream == "robot" }}
    {%- endif -%}
{%- endmacro %}

{% macro payload_group_of(event) %}
    {{- return("heartbeat" if event.name == "robot.heartbeat" else event.stream) -}}
{% endmacro %}

{#
    Fields that models after staging read, rows of registry_fields(). Each has a column in the base layer, so that no
    later model needs the payload: `fleet retention` takes it away from old lines.
#}
{% macro shared_fields() %}
    {{- return(registry_fields() | selectattr("column", "in", [
        "reason", "disposition", "cancelled_by", "error_code", "component", "from_mode", "to_mode", "software_version",
        "is_failure", "session_id", "error_event_id", "last_emitter_id", "last_seq", "fulfilled_by",
        "from_state", "to_state", "state", "dispatchable", "hardware_version", "kind", "severity_value", "outcome",
        "cause", "available", "promised_at", "eligible", "late_seconds", "version", "previous_version",
    ]) | list) -}}
{% endmacro %}

{# A shared field of a line as its typed column; `relation` has the payload_groups(), one of which is not NULL. #}
{% macro shared_payload_column(relation, field) -%}
    {%- set groups = [] -%}
    {%- for group in payload_groups() if group.fields | selectattr("name", "equalto", field.name) | list -%}
        {%- do groups.append(relation ~ "." ~ group.name ~ "_payload") -%}
    {%- endfor -%}
    {%- if groups | length == 1 -%}
    {{ payload_column(groups[0], field.column) }}
    {%- else -%}
    case
        {% for payload in groups -%}
        when {{ payload }} is not null then {{ payload_column(payload, field.column) }}
        {% endfor -%}
    end
    {%- endif -%}
{%- endmacro %}

{# A field of a stream's events as its staging model shows it: as the base layer has typed it, else from the payload. #}
{% macro stream_column(column) -%}
    {%- if shared_fields() | selectattr("column", "equalto", column) | list -%} events.{{ column }}
    {%- else -%} {{ payload_column("events.document", column) }}
    {%- endif -%}
{%- endmacro %}

{# Names of the events that have one of the fields. #}
{% macro events_with(fields) %}
    {%- set names = fields | map(attribute="name") | list -%}
    {%- set found = [] -%}
    {%- for event in registry_events() if event.fields | selectattr("name", "in", names) | list -%}
        {%- do found.append(event.name) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# A field of an event in its payload, as the path that both engines read; `relation` has the payload_groups(). #}
{% macro payload_value(relation, event, field) -%}
    {{ relation }}.{{ payload_group_of(event) }}_payload."{{ field.name }}"
{%- endmacro %}

{# Fields of all events of a stream, rows of registry_fields(). #}
{% macro fields_of_stream(stream) %}
    {%- set events = registry_events() | selectattr("stream", "equalto", stream) -%}
    {%- set names = events | map(attribute="fields") | sum(start=[]) | map(attribute="name") | unique | list -%}
    {{- return(registry_fields() | selectattr("name", "in", names) | list) -}}
{% endmacro %}

{# A registered field as its typed column; `document`: what json_document() made of the payload. #}
{% macro payload_column(document, column) -%}
    {%- set field = registry_fields() | selectattr("column", "equalto", column) | first -%}
    {{ json_field(document ~ '."' ~ field.name ~ '"', field) }}
{%- endmacro %}
