{#
    Bounds of what was counted, two-sided 90 % each: how far chance alone may have moved it.
#}

{#
    Wilson's interval of a proportion, successes / trials, for the normal quantile 0.95; it stays
    within 0 and 1 and is sound for few trials too. `side`: -1 for the lower bound, 1 for the upper.
    Rounding must not put a bound on the wrong side of the proportion itself, as it would at 0 and 1.
#}
{% macro wilson_bound(successes, trials, side) -%}
    {%- set z = 1.6448536269514722 -%}
    {%- set n = "cast(" ~ trials ~ " as double precision)" -%}
    {%- set p = ratio(successes, trials) -%}
    {%- set within = "least" if side < 0 else "greatest" -%}
    case
        when {{ trials }} > 0 then {{ within }}({{ p }}, (
            {{ p }} + {{ z * z }} / (2.0 * {{ n }})
            {{ "-" if side < 0 else "+" }} {{ z }} * sqrt({{ p }} * (1.0 - {{ p }}) / {{ n }} + {{ z * z }} / (4.0 * {{ n }} * {{ n }}))
        ) / (1.0 + {{ z * z }} / {{ n }}))
    end
{%- endmacro %}

{#
    What a time is multiplied with to get the bounds of time / count, from a row of the seed
    chi_square_factors joined on the count, or beyond its last row from Wilson and Hilferty's
    approximation, by then within 0.1 %. For a count of 0 the lower factor is one-sided, and there is
    no upper one.
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

{#
    Bounds of count / time, the reciprocals of those of time / count; the factors are joined as
    <count>_factors. `side`: -1 for the lower bound, 0 for a count of 0; 1 for the upper.
#}
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

{#
    How a measure of one release compares with that of the one before it. Clearly worse or better
    only where the intervals do not touch: chance alone then makes the difference in fewer than one
    of ten comparisons.
#}
{% macro comparison(measure, release, release_before) -%}
    case
        when {{ release }}.{{ measure }} is null then null
        when {{ release_before }}.version is null then 'no_previous_version'
        when not ({{ release }}.{{ measure }}_has_sample and {{ release_before }}.{{ measure }}_has_sample) then 'too_few'
        when {{ release }}.{{ measure }}_lower_90 > {{ release_before }}.{{ measure }}_upper_90 then 'worse'
        when {{ release }}.{{ measure }}_upper_90 < {{ release_before }}.{{ measure }}_lower_90 then 'better'
        else 'no_clear_difference'
    end
{%- endmacro %}

{# Wilson and Hilferty's chi-square quantile for the normal quantile `z`. #}
{% macro chi_square_quantile(z, degrees) -%}
    (({{ degrees }}) * power(
        1.0 - 2.0 / (9.0 * nullif({{ degrees }}, 0)) + ({{ z }}) * sqrt(2.0 / (9.0 * nullif({{ degrees }}, 0))), 3
    ))
{%- endmacro %}
