{# Fails with each combination of values that more than one row has. #}
{% test unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
    {%- set columns = [] -%}
    {%- for column in combination_of_columns -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor %}
    select {{ columns | join(", ") }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}


{# Fails with each row for which the expression is false; a NULL passes. #}
{% test expression_is_true(model, expression, column_name=none) %}
    select {{ "*" if should_store_failures() else "1" }}
    from {{ model }}
    where not ({{ column_name if column_name is not none }} {{ expression }})
{% endtest %}


{# Fails with each row whose value lies outside the range; a NULL passes. #}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- set equal = "" if inclusive else "=" -%}
    {%- set outside = [] -%}
    {%- if min_value is not none -%} {%- do outside.append(column_name ~ " <" ~ equal ~ " " ~ min_value) -%} {%- endif -%}
    {%- if max_value is not none -%} {%- do outside.append(column_name ~ " >" ~ equal ~ " " ~ max_value) -%} {%- endif %}
    select * from {{ model }} where {{ outside | join(" or ") if outside else "1 = 2" }}
{% endtest %}
