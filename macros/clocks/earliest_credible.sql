{#
    From when on the times of a line are believed: a clock that tells less was never set. A line that was imported from
    old logs may say so itself, so that what is believed of history leaves today's clocks as they are.
#}
{% macro earliest_credible(relation=none) -%}
    coalesce(
        {{- relation ~ "." if relation }}earliest_credible_at, cast('{{ var("earliest_credible_at") }}' as timestamp)
    )
{%- endmacro %}
