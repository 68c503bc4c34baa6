{#
    The md5 of the columns' text joined by '-', a NULL counting as a fixed word: byte for byte the
    key that the real package makes, so that tables built with either can be joined.
#}
{%- macro generate_surrogate_key(field_list) -%}
    {%- set null_text = "" if var("surrogate_key_treat_nulls_as_empty_strings", false) else "_dbt_utils_surrogate_key_null_" -%}
    {%- set texts = [] -%}
    {%- for field in field_list -%}
        {%- if texts -%} {%- do texts.append("'-'") -%} {%- endif -%}
        {%- do texts.append("coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '" ~ null_text ~ "')") -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(texts)) }}
{%- endmacro -%}
