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
    {%- set keys = registry_envelope() | rejectattr("apart") | list -%}
    {{- return(registry_ids() + keys + envelope_objects() + [{"name": "data"}]) -}}
{% endmacro %}

{# All keys that may stand on top of a line. #}
{% macro line_keys() %}
    {{- return(
        (registry_ids() | map(attribute="name") | list)
        + (registry_envelope() | map(attribute="path") | map("first") | unique | list)
        + ["data"]
    ) -}}
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

{#
    Whether a text is an id: printable ASCII that says more than the prefix. No blank at an end, because Redshift's
    comparisons leave trailing ones out: `D-26 ` would be another delivery here and the same one there.
#}
{% macro is_id(text, prefix) -%}
    {{ text }} ~ '^{{ prefix ~ "[ -~]*[!-~]" if prefix else "[!-~]([ -~]*[!-~])?" }}$'
{%- endmacro %}

{# Whether an id of the envelope has no blank at an end, and so is not empty. #}
{% macro has_blunt_ends(text) -%}
    {{ text }} <> '' and {{ text }} not like ' %' and {{ text }} not like '% '
{%- endmacro %}

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
    ones; it is that of the JSON Schemas. Through timestamptz, because a cast to timestamp silently drops the offset.
#}
{% macro json_timestamp(value) -%}
    {%- set years = "000[2-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8]" -%}
    {%- set day = "-[0-9]{2}-[0-9]{2}" -%}
    {%- set time = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?" -%}
    {%- set offset = "(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)" -%}
    {%- set moment = day ~ time -%}
    case
        when {{ json_text(value, 40) }} ~ '^(({{ years }}){{ moment }}{{ offset }}|(0001|9999){{ moment }}Z)$'
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
        when json_typeof({{ value }}) = 'array' and json_size({{ value }}) <= {{ width }}
            then cast(json_serialize({{ value }}) as varchar({{ width }}))
    end
{%- endmacro %}

{% macro duckdb__json_array(value, width) -%}
    case
        when ascii({{ value }}) = 91 and strlen(cast({{ value }} as varchar)) <= {{ width }}
            then cast({{ value }} as varchar)
    end
{%- endmacro %}

{# Bytes of a value as text. json_serialize() fails on Redshift beyond the longest text, json_size() does not. #}
{% macro json_size(value) %}
    {{- return(adapter.dispatch("json_size", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_size(value) %}json_size({{ value }}){% endmacro %}

{% macro duckdb__json_size(value) %}strlen(cast({{ value }} as varchar)){% endmacro %}

{% macro json_line(value) %}
    {{- return(adapter.dispatch("json_line", "fleet_analytics")(value)) -}}
{% endmacro %}

{% macro default__json_line(value) %}json_serialize({{ value }}){% endmacro %}

{% macro duckdb__json_line(value) %}cast({{ value }} as varchar){% endmacro %}

{#
    A relation and the keys of an object in it, for FROM: a row per key, the column json_key. Nothing where there is
    no object. Whatever the keys are called: all else here reads keys that it knows.
#}
{% macro json_keys(relation, column) %}
    {{- return(adapter.dispatch("json_keys", "fleet_analytics")(relation, column)) -}}
{% endmacro %}

{% macro default__json_keys(relation, column) -%}
    {{ relation }}, unpivot {{ relation }}.{{ column }} as json_value at json_key
{%- endmacro %}

{% macro duckdb__json_keys(relation, column) -%}
    {{ relation }} cross join unnest(json_keys({{ relation }}.{{ column }})) as json_keys (json_key)
{%- endmacro %}

{#
    Whether a value is of another JSON type than its field. Falsy, so perhaps NULL, where there is no value. `field`
    is a field of registry_events(), an id or a key of the envelope.
#}
{% macro json_mistyped(value, field) %}
    {{- return(adapter.dispatch("json_mistyped", "fleet_analytics")(value, field)) -}}
{% endmacro %}

{% macro default__json_mistyped(value, field) -%}
    {%- if field.type == "timestamp" -%} {{ value }} is not null and {{ json_timestamp(value) }} is null
    {%- elif field.type == "int" -%}
        json_typeof({{ value }}) <> 'number' or floor({{ json_number(value) }}) <> {{ json_number(value) }}
    {%- elif field.type == "list[string]" -%}
        json_typeof({{ value }}) <> 'array'
        {%- for place in range(field["items"]) %}
            or (
                get_array_length({{ value }}) > {{ place }}
                and coalesce(json_typeof({{ value }}[{{ place }}]), 'null') <> 'string'
            )
        {%- endfor %}
    {%- else -%} json_typeof({{ value }}) <> '{{ json_type_of(field) }}'
    {%- endif -%}
{%- endmacro %}

{# By the first character, which shows the type of a JSON text: SQL that is short, because it is planned every night. #}
{% macro duckdb__json_mistyped(value, field) -%}
    {%- if field.type == "bool" -%} cast({{ value }} as varchar) not in ('true', 'false')
    {%- elif field.type == "number" -%} ascii({{ value }}) not between 45 and 57
    {%- elif field.type == "int" -%}
        ascii({{ value }}) not between 45 and 57
        or (
            (contains({{ value }}, '.') or contains({{ value }}, 'e-'))
            and floor({{ json_number(value) }}) <> {{ json_number(value) }}
        )
    {%- elif field.type == "timestamp" -%} {{ default__json_mistyped(value, field) }}
    {%- elif field.type == "object" -%} ascii({{ value }}) <> 123
    {%- elif field.type == "list[string]" -%}
        ascii({{ value }}) <> 91
        or list_bool_or([coalesce(ascii(item) <> 34, true) for item in from_json({{ value }}, '["JSON"]')])
    {%- else -%} ascii({{ value }}) <> 34
    {%- endif -%}
{%- endmacro %}

{% macro json_type_of(field) -%}
    {{- {"bool": "boolean", "number": "number", "object": "object"}.get(field.type, "string") -}}
{%- endmacro %}

{#
    Whether a value of the right type is none that its field takes: not in the list of an enum, out of bounds, too
    long, no id. A number that no double holds is out of bounds. Falsy where there is no value.
#}
{% macro json_misvalued(value, field) %}
    {{- return(adapter.dispatch("json_misvalued", "fleet_analytics")(value, field)) -}}
{% endmacro %}

{# Words with a point behind each, because Redshift's comparisons leave trailing blanks out. #}
{% macro default__json_misvalued(value, field) -%}
    {%- if field.type in ("int", "number") -%}
        {{ value }} is not null
        and not coalesce({{ json_number(value) }} between {{ field.min }} and {{ field.max }}, false)
    {%- elif field.type == "id" -%}
        {{ value }} is not null and not coalesce({{ is_id(json_text(value, field.width), field.prefix) }}, false)
    {%- elif field.type == "enum" -%}
        {{ value }} is not null
        and not coalesce({{ json_text(value, 64) }} || '.' in ('{{ field["values"] | join(".', '") }}.'), false)
    {%- elif field.type == "string" -%} len({{ value }}::varchar(65535)) > {{ field.length }}
    {%- else -%}
        get_array_length({{ value }}) > {{ field["items"] }}
        {%- for place in range(field["items"]) %}
        or len({{ value }}[{{ place }}]::varchar(65535)) > {{ field.length }}
        {%- endfor %}
        or ({{ value }} is not null and {{ json_array(value, field.width) }} is null)
    {%- endif -%}
{%- endmacro %}

{#
    Not `in`: DuckDB makes a join of a longer list, over all lines, whatever branch of a case it stands in. A line break
    never stands in a JSON text as it is. A text has no more characters than bytes, so most need not be read to know
    that they are short enough.
#}
{% macro duckdb__json_misvalued(value, field) -%}
    {%- if field.type in ("int", "number") -%}
        try_cast(cast({{ value }} as varchar) as double) not between {{ field.min }} and {{ field.max }}
    {%- elif field.type == "id" -%} {{ default__json_misvalued(value, field) }}
    {%- elif field.type == "enum" -%}
        not contains('"{{ field["values"] | join('"\n"') }}"', cast({{ value }} as varchar))
    {%- elif field.type == "string" -%}
        strlen({{ value }}) > {{ field.length + 2 }} and length({{ value }} ->> '$') > {{ field.length }}
    {%- else -%}
        json_array_length({{ value }}) > {{ field["items"] }}
        or list_bool_or([length(item ->> '$') > {{ field.length }} for item in from_json({{ value }}, '["JSON"]')])
        or ({{ value }} is not null and {{ json_array(value, field.width) }} is null)
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
{% macro json_envelope_value(relation, key) -%}
    {%- set value = envelope_path(relation, key) -%}
    {%- if key.type == "int" -%}
        case when {{ json_integer(value) }} between {{ key.min }} and {{ key.max }} then {{ json_integer(value) }} end
    {%- else -%} {{ json_field(value, key) }}
    {%- endif -%}
{%- endmacro %}

{# A key of the envelope; `relation` has `document`, and <name>_document of each of envelope_objects(). #}
{% macro envelope_path(relation, key) -%}
    {{ relation }}.{{ key.path[0] ~ "_document" if key.apart else 'document."' ~ key.path[0] ~ '"' }}
    {%- if key.path | length > 1 %}."{{ key.path[1] }}"{% endif %}
{%- endmacro %}

{# An object of the envelope as its own document; `object`: a row of envelope_objects(). #}
{% macro json_envelope_object(relation, object) -%}
    {%- set value = relation ~ '.document."' ~ object.name ~ '"' -%}
    {{ json_document(value, object.fields, when=value ~ " is not null") }}
{%- endmacro %}

{#
    Objects of the envelope that lines may leave out, with the keys in them. They are read by themselves: within the
    document of the line one would not see whether the value is an object.
#}
{% macro envelope_objects() %}
    {%- set keys = {} -%}
    {%- for key in registry_envelope() if key.apart -%}
        {%- do keys.setdefault(key.path[0], []).append({"name": key.path[1]}) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for name, fields in keys.items() -%}
        {%- do rows.append({"name": name, "type": "object", "fields": fields}) -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}
