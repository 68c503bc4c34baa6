{#
    The incremental strategy `rebuild`: delete the rows that the model's incremental_predicates name,
    and those with a unique_key of the new rows, then insert what the model selects, in one
    transaction. dbt's own delete+insert deletes only keys
    that the new rows hold; a key that is left without a row, such as a match that a late event took
    away, would stay. A predicate is rendered when the model runs, so it may name what the run affected.
    Without either nothing is deleted.
#}
{% macro get_incremental_rebuild_sql(arguments) %}
    {%- set columns = get_quoted_csv(arguments["dest_columns"] | map(attribute="name")) -%}
    {%- set predicates = [] -%}
    {%- for predicate in arguments["incremental_predicates"] or [] -%}
        {%- set rendered = render(predicate) | trim -%}
        {%- if rendered -%} {%- do predicates.append("(" ~ rendered ~ ")") -%} {%- endif -%}
    {%- endfor -%}
    {%- if arguments["unique_key"] -%}
        {%- set key = arguments["unique_key"] -%}
        {%- do predicates.append(key ~ " in (select " ~ key ~ " from " ~ arguments["temp_relation"] ~ ")") -%}
    {%- endif -%}
    {%- if predicates %}
    delete from {{ arguments["target_relation"] }}
    where {{ predicates | join(" or ") }};
    {% endif %}
    insert into {{ arguments["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arguments["temp_relation"] }}
{% endmacro %}
