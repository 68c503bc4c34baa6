{#
    Text of the steps that a delivery lacks although the log has a later one, as ', dispatched, pickup_arrived';
    an order comes before any delivery. The columns are those of registry_funnel_steps().
#}
{% macro missing_funnel_steps() -%}
    {%- set columns = registry_funnel_steps() | map(attribute="column") | list -%}
    {%- for step in registry_funnel_steps() -%}
        {%- set later = columns[loop.index:] -%}
        {%- if later -%}
            {{ "|| " if not loop.first }}case
                when
                    {{ step.column }} is null
                    {%- if not loop.first %}
                    and {{ "coalesce(" ~ later | join(", ") ~ ")" if later | length > 1 else later[0] }} is not null
                    {%- endif %}
                    then ', {{ step.step }}'
                else ''
            end
            {% endif -%}
    {%- endfor -%}
{%- endmacro %}
