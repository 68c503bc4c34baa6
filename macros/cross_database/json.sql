{#
    Reading JSON. The raw payload is JSON on DuckDB and SUPER on Redshift. Models reach a value by
    the same path on both, `document."data"."wait_s"`, and turn it into a typed column with one of
    the macros below. Each gives NULL when the value is absent or of another JSON type: a wrong type
    must become visible in quarantine, never be coerced.
#}

{#
    DuckDB: one from_json() call per value reads all keys at once; a call per column would parse the
    text as many times as there are columns. Redshift: SUPER is parsed already.
#}
{% macro json_document(column, fields, when=none) %}
    {{- return(adapter.dispatch("json_document", "fleet_analytics")(column, fields, when)) -}}
{% endmacro %}

{% macro default__json_document(column, fields, when) -%}
    {{- "case when " ~ when ~ " then " ~ column ~ " end" if when else column -}}
{%- endmacro %}

{% macro duckdb__json_document(column, fields, when) %}
    {%- set document = {} -%}
    {%- for field in fields -%}
        {%- set path = field.path or [field.name] -%}
        {%- if path | length > 1 -%}
            {%- do document.setdefault(path[0], {}).update({path[1]: "JSON"}) -%}
        {%- else -%}
            {%- do document.update({path[0]: "JSON"}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set parsed = "from_json(" ~ column ~ ", '" ~ tojson(document) ~ "')" -%}
    {{- "case when " ~ when ~ " then " ~ parsed ~ " end" if when else parsed -}}
{%- endmacro %}

{% macro json_payload(document) %}{{ document }}."data"{% endmacro %}

{% macro envelope_keys() %}
    {{- return(registry_ids() + registry_envelope() + [{"name": "data"}]) -}}
{% endmacro %}

{# Redshift counts VARCHAR in bytes and refuses or cuts a longer text, so that is NULL on both engines. #}
{% macro json_text(value, width) %}
    {{- return(adapter.dispatch("json_text", "fleet_analytics")(value, width)) -}}
{% endmacro %}

{% macro default__json_text(value, width) -%}
    case
        when json_typeof({{ value }}) = 'string' and octet_length({{ value }}::varchar(65535)) <= {{ width }}
            then {{ value }}::varchar({{ width }})
    end
{%- endmacro %}

{#
    from_json() leaves each value as its own JSON text, so the first character shows its type: a
    JSON function per value would parse each of them again, which is most of the work of a load.
    Only a string with an escape needs one.
#}
{% macro duckdb__json_text(value, width) -%}
    case
        when ascii({{ value }}) = 34 then case
            when contains({{ value }}, chr(92)) then
                case when strlen({{ value }} ->> '$') <= {{ width }} then {{ value }} ->> '$' end
            when strlen({{ value }}) <= {{ width + 2 }} then {{ value }}[2:-2]
        end
    end
{%- endmacro %}

{# An empty id names nothing, and would join with all other empty ones. #}
{% macro json_id(value, width) -%}
    nullif({{ json_text(value, width) }}, '')
{%- endmacro %}

{% macro json_lacks_id(value) %}
    {{- return(adapter.dispatch("json_lacks_id", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_lacks_id(value) -%}
    ({{ value }} is null or coalesce({{ json_text(value, 1) }} = '', false))
{%- endmacro %}

{% macro duckdb__json_lacks_id(value) %}coalesce(cast({{ value }} as varchar) = '""', true){% endmacro %}

{% macro json_number(value) %}
    {{- return(adapter.dispatch("json_number", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_number(value) -%}
    case when json_typeof({{ value }}) = 'number' then {{ value }}::double precision end
{%- endmacro %}

{% macro duckdb__json_number(value) -%}
    case when ascii({{ value }}) between 45 and 57 then try_cast(cast({{ value }} as varchar) as double) end
{%- endmacro %}

{% macro json_integer(value) -%}
    case
        when
            floor({{ json_number(value) }}) = {{ json_number(value) }}
            and abs({{ json_number(value) }}) <= 9007199254740992
            then cast({{ json_number(value) }} as bigint)
    end
{%- endmacro %}

{% macro json_boolean(value) %}
    {{- return(adapter.dispatch("json_boolean", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_boolean(value) -%}
    case when json_typeof({{ value }}) = 'boolean' then {{ value }}::boolean end
{%- endmacro %}

{% macro duckdb__json_boolean(value) -%}
    case cast({{ value }} as varchar) when 'true' then true when 'false' then false end
{%- endmacro %}

{#
    The pattern comes first, because each engine reads other forms than RFC 3339 too, and not the same
    ones. Through timestamptz, because a cast to timestamp silently drops the offset.
#}
{% macro json_timestamp(value) -%}
    {%- set date = "[0-9]{4}-[0-9]{2}-[0-9]{2}" -%}
    {%- set time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]" -%}
    case
        when {{ json_text(value, 40) }} ~ '^{{ date }}T{{ time }}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'
            then {{ adapter.dispatch("json_timestamptz", "fleet_analytics")(value) }} at time zone 'UTC'
    end
{%- endmacro %}

{% macro default__json_timestamptz(value) %}{{ value }}::timestamptz{% endmacro %}

{% macro duckdb__json_timestamptz(value) %}try_cast({{ value }} ->> '$' as timestamptz){% endmacro %}

{% macro json_array(value, width) %}
    {{- return(adapter.dispatch("json_array", "fleet_analytics")(value, width)) -}}
{% endmacro %}

{% macro default__json_array(value, width) -%}
    case
        when json_typeof({{ value }}) = 'array' and octet_length(json_serialize({{ value }})) <= {{ width }}
            then cast(json_serialize({{ value }}) as varchar({{ width }}))
    end
{%- endmacro %}

{% macro duckdb__json_array(value, width) -%}
    case
        when ascii({{ value }}) = 91 and strlen(cast({{ value }} as varchar)) <= {{ width }}
            then cast({{ value }} as varchar)
    end
{%- endmacro %}

{% macro json_line(value) %}
    {{- return(adapter.dispatch("json_line", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_line(value) %}json_serialize({{ value }}){% endmacro %}

{% macro duckdb__json_line(value) %}cast({{ value }} as varchar){% endmacro %}

{% macro json_misfits(value, field) %}
    {{- return(adapter.dispatch("json_misfits", "fleet_analytics")(value, field)) -}}
{% endmacro %}

{% macro default__json_misfits(value, field) -%}
    {{ value }} is not null and {{ json_field(value, field) }} is null
{%- endmacro %}

{#
    By the first character, which shows the type of a JSON text: a fifth of the SQL, and it is planned
    every night. NULL where there is no value. Only a text longer than its column must be read to know
    its length without escapes.
#}
{% macro duckdb__json_misfits(value, field) -%}
    {%- if field.type == "bool" -%} cast({{ value }} as varchar) not in ('true', 'false')
    {%- elif field.type in ("id", "string", "enum") -%}
        ascii({{ value }}) <> 34
        or (strlen({{ value }}) > {{ field.width + 2 }} and strlen({{ value }} ->> '$') > {{ field.width }})
    {%- else -%} {{ default__json_misfits(value, field) }}
    {%- endif -%}
{%- endmacro %}

{% macro json_field(value, field) -%}
    {%- if field.type == "number" -%} {{ json_number(value) }}
    {%- elif field.type == "int" -%} {{ json_integer(value) }}
    {%- elif field.type == "bool" -%} {{ json_boolean(value) }}
    {%- elif field.type == "timestamp" -%} {{ json_timestamp(value) }}
    {%- elif field.type == "list[string]" -%} {{ json_array(value, field.width) }}
    {%- else -%} {{ json_text(value, field.width) }}
    {%- endif -%}
{%- endmacro %}

{# A value of the envelope as its typed column. `key`: a row of registry_envelope(). #}
{% macro json_envelope_value(document, key) -%}
    {%- set value = document ~ '."' ~ key.path | join('"."') ~ '"' -%}
    {%- if key.type == "id" -%} {{ json_id(value, key.width) }}
    {%- else -%} {{ json_field(value, key) }}
    {%- endif -%}
{%- endmacro %}
