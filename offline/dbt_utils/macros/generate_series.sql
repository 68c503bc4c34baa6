{#
    Rows `generated_number` 1, 2, … `upper_bound`, ascending, as double precision like the real
    package's. Counts in decimal digits, because Redshift cannot join generate_series() to tables.
#}
{% macro generate_series(upper_bound) %}
    {%- if upper_bound < 1 -%}
        {{ exceptions.raise_compiler_error("generate_series needs an upper bound of 1 or more, got " ~ upper_bound ~ ".") }}
    {%- endif -%}
    {%- set places = (upper_bound - 1) | string | length -%}

    with digits as (
        {%- for digit in range(10) %}
        select cast({{ digit }} as double precision) as digit{{ " union all" if not loop.last }}
        {%- endfor %}
    ),

    counted as (
        select
            1 {%- for place in range(places) %} + place_{{ place }}.digit * {{ 10 ** place }}{% endfor %} as generated_number
        from
            {%- for place in range(places) %}
            {{ "cross join " if not loop.first }}digits as place_{{ place }}
            {%- endfor %}
    )

    select generated_number from counted where generated_number <= {{ upper_bound }} order by generated_number
{% endmacro %}
