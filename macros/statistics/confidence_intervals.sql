{#
    Two-sided 90 % bounds throughout: how far chance alone may have moved what was counted.
#}

{#
    Wilson's interval, for the normal quantile 0.95, stays within 0 and 1 and is sound for few trials
    too. least and greatest, because rounding would put a bound on the wrong side of a share of 0 or 1.
#}
{% macro wilson_bound(successes, trials, side) -%}
    {%- set z = 1.6448536269514722 -%}
    {%- set n = "cast(" ~ trials ~ " as double precision)" -%}
    {%- set p = ratio(successes, trials) -%}
    {%- set within = "least" if side < 0 else "greatest" -%}
    case
        when {{ trials }} > 0 then {{ within }}({{ p }}, (
            {{ p }} + {{ z * z }} / (2.0 * {{ n }})
            {{ "-" if side < 0 else "+" }} {{ z }}
            * sqrt({{ p }} * (1.0 - {{ p }}) / {{ n }} + {{ z * z }} / (4.0 * {{ n }} * {{ n }}))
        ) / (1.0 + {{ z * z }} / {{ n }}))
    end
{%- endmacro %}

{#
    The factors come from the seed chi_square_factors, or beyond its last row from Wilson and Hilferty's
    approximation, which is within 0.1 % there.
#}
{% macro chi_square_lower_factor(count, factors) -%}
    coalesce(
        {{ factors }}.lower_factor,
        2.0 / {{ chi_square_quantile(1.6448536269514722, "2.0 * " ~ count ~ " + 2.0") }}
    )
{%- endmacro %}

{% macro chi_square_upper_factor(count, factors) -%}
    case
        when {{ count }} > 0 then coalesce(
            {{ factors }}.upper_factor,
            2.0 / {{ chi_square_quantile(-1.6448536269514722, "2.0 * " ~ count) }}
        )
    end
{%- endmacro %}

{# The bounds of count / time are the reciprocals of those of time / count. #}
{% macro rate_bound(count, time, side) -%}
    {%- set factors = count ~ "_factors" -%}
    {%- if side < 0 -%}
    case
        when {{ count }} = 0 and {{ time }} > 0 then 0.0
        else 1.0 / nullif({{ time }} * {{ chi_square_upper_factor(count, factors) }}, 0)
    end
    {%- else -%}
    1.0 / nullif({{ time }} * {{ chi_square_lower_factor(count, factors) }}, 0)
    {%- endif -%}
{%- endmacro %}

{% macro chi_square_quantile(z, degrees) -%}
    (({{ degrees }}) * power(
        1.0 - 2.0 / (9.0 * nullif({{ degrees }}, 0)) + ({{ z }}) * sqrt(2.0 / (9.0 * nullif({{ degrees }}, 0))), 3
    ))
{%- endmacro %}
