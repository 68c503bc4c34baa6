{# From one step to another, the column of each. #}
{% macro legs() %}
    {{- return({
        "order_to_dispatch": ("order_created_at", "dispatched_at"),
        "dispatch_to_pickup": ("dispatched_at", "pickup_completed_at"),
        "pickup_to_dropoff": ("pickup_completed_at", "dropoff_completed_at"),
        "order_to_dropoff": ("order_created_at", "dropoff_completed_at"),
    }) -}}
{% endmacro %}

{# A leg whose end a wrong clock stamps before its start has no length: a mean would be of nothing that was. #}
{% macro leg_columns() -%}
    {%- for leg, (start, end) in legs().items() %}
        {{ seconds_between("(case when " ~ start ~ " <= " ~ end ~ " then " ~ start ~ " end)", end) }}
            as {{ leg }}_seconds,
    {%- endfor %}
        {%- for start, end in legs().values() %}
        {{ "+ " if not loop.first }}case when {{ start }} > {{ end }} then 1 else 0 end
        {%- endfor %}
            as negative_leg_count
{%- endmacro %}
