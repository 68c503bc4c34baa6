{#
    The id of an event whose line has none: from emitter and seq, which name it as well, else from its content.
    Not from the whole line: received_at differs where it was sent again.
#}
{% macro derived_event_id() -%}
    {#- As a hash: two long texts joined may be longer than a text can be on Redshift. -#}
    {%- set data = "md5(" ~ json_line("data") ~ ")" -%}
    {%- set content = ["event_name", "cast(occurred_at as varchar(32))", "service", data] -%}
    'derived-' || md5(
        case
            when emitter_id is not null and seq is not null then emitter_id || '/' || cast(seq as varchar(20))
            else {% for part in content + (registry_ids() | map(attribute="name") | list) -%}
                {{- " || '|' || " if not loop.first }}coalesce({{ part }}, '')
            {%- endfor %}
        end
    )
{%- endmacro %}
