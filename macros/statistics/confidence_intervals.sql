{#
    Two-sided 90 % bounds throughout, that hold the truth in 90 % of cases: of a rate Jeffreys's, of a share Wilson's.

    They are of chance alone for one robot, in which lines or failures are independent. For all robots like those that
    were counted (or days, of a service) they go by the spread between these: the normal quantile 1.645 gives way to
    t √dispersion. docs/definitions.md has the formulas, benchmarks.coverage how often they hold.
#}
{% macro z_90() %}{{ return(1.6448536269514722) }}{% endmacro %}

{#
    The sums over units, robots or days, that spread_degrees() and spread_quantile() read. Of whole numbers, because a
    sum of doubles depends on their order, and a night would differ from a full refresh.
#}
{% macro spread_sums(count, exposure) -%}
        {%- set count = "cast(" ~ count ~ " as decimal(38, 0))" -%}
        {%- set exposure = "cast(" ~ exposure ~ " as decimal(38, 0))" -%}
        sum(case when {{ count }} > 0 or {{ exposure }} > 0 then 1 else 0 end) as unit_count,
        cast(sum({{ count }}) as double precision) as unit_counts,
        cast(sum({{ exposure }}) as double precision) as unit_exposures,
        cast(sum({{ count }} * {{ count }}) as double precision) as count_squares,
        cast(sum({{ count }} * {{ exposure }}) as double precision) as count_exposures,
        cast(sum({{ exposure }} * {{ exposure }}) as double precision) as exposure_squares,
        cast(sum({{ exposure }} * {{ exposure }} * {{ exposure }}) as double precision) as exposure_cubes
{%- endmacro %}

{#
    Exposures differ, so that units weigh as many as (Σt)² / Σt² of equal exposure. Below three units, or the weight of
    two, nobody can tell how much they differ. For a rate the counts have their sum for a variance by chance, for a
    share less, and as much less are they skewed.
#}
{% macro spread_degrees(chance_variance) -%}
    {%- set total, squares = "unit_exposures", "exposure_squares" -%}
    {%- set degrees -%}
        power({{ total }} * {{ total }} - {{ squares }}, 2) / nullif(
            {{ total }} * {{ total }} * {{ squares }}
            - 2.0 * {{ total }} * exposure_cubes
            + {{ squares }} * {{ squares }},
            0
        )
    {%- endset -%}
    {%- set concentration -%}
        (
            {{ total }} * {{ total }} / nullif({{ squares }}, 0)
            * (count_squares - unit_counts) / nullif(unit_counts * unit_counts, 0) - 1.0
        ) * power(2.0 - unit_counts / nullif({{ chance_variance }}, 0), 2)
    {%- endset -%}
    case
        when
            unit_count >= {{ release_constants()["least_units"] }}
            and {{ total }} * {{ total }} >= 2.0 * {{ squares }}
            then {{ shared_degrees(degrees, concentration) }}
    end
{%- endmacro %}

{#
    Where few units have most of the counts, the spread tells less than that of as many alike. A quarter more than what
    is seen, because few units show too little of how much they differ; no more than once, because beyond that what
    looks like few units is failures in groups.
#}
{% macro shared_degrees(degrees, concentration) -%}
    greatest(1.0, {{ degrees }} / (1.0 + 1.25 * least(1.0, greatest(0.0, {{ concentration }}))))
{%- endmacro %}

{#
    Student's t makes up for a spread that came out too small by luck, whatever it is in truth. So the least dispersion
    is only what keeps a width where units happen to be equal: with a larger one, bounds of few units would hold more
    than they claim.
#}
{% macro spread_quantile(degrees, chance_variance) -%}
    {%- set rate = "(unit_counts / nullif(unit_exposures, 0))" -%}
    {%- set units = "(unit_exposures * unit_exposures / nullif(exposure_squares, 0))" -%}
    {{ student_quantile(z_90(), degrees) }} * sqrt(greatest(
        {{ release_constants()["least_dispersion"] }},
        coalesce(
            (
                count_squares - 2.0 * {{ rate }} * count_exposures
                + {{ rate }} * {{ rate }} * exposure_squares
            ) * {{ units }} / nullif({{ units }} - 1.0, 0) / nullif({{ chance_variance }}, 0),
            1.0
        )
    ))
{%- endmacro %}

{#
    Wilson's interval stays within 0 and 1 and is sound for few trials too. least and greatest, because rounding would
    put a bound on the wrong side of a share of 0 or 1.
#}
{% macro wilson_bound(successes, trials, side, quantile) -%}
    {%- set n = "cast(" ~ trials ~ " as double precision)" -%}
    {%- set p = ratio(successes, trials) -%}
    {%- set within = "least" if side < 0 else "greatest" -%}
    case
        when {{ trials }} > 0 and {{ quantile }} is not null then {{ within }}({{ p }}, (
            {{ p }} + {{ quantile }} * {{ quantile }} / (2.0 * {{ n }})
            {{ "-" if side < 0 else "+" }} {{ quantile }} * sqrt(
                {{ p }} * (1.0 - {{ p }}) / {{ n }} + {{ quantile }} * {{ quantile }} / (4.0 * {{ n }} * {{ n }})
            )
        ) / (1.0 + {{ quantile }} * {{ quantile }} / {{ n }}))
    end
{%- endmacro %}

{#
    The factors come from the seed chi_square_factors, or beyond its last row from Wilson and Hilferty's
    approximation, which is within 0.1 % there.
#}
{% macro chi_square_factor(count, side, factors) -%}
    {%- set z = z_90() if side < 0 else -z_90() -%}
    {%- set known = factors ~ (".lower_factor" if side < 0 else ".upper_factor") -%}
    case
        when {{ count }} > 0 then coalesce({{ known }}, 2.0 / {{ chi_square_quantile(z, "2.0 * " ~ count ~ " + 1.0") }})
        else {{ known }}
    end
{%- endmacro %}

{# As many times as far from time / count, on a logarithmic scale, as the quantile is of the normal one. #}
{% macro widened_bound(factor, count, quantile) -%}
    power(greatest({{ count }}, 1) * {{ factor }}, {{ quantile }} / {{ z_90() }}) / greatest({{ count }}, 1)
{%- endmacro %}

{# The bounds of count / time are the reciprocals of those of time / count. #}
{% macro rate_bound(count, time, side, quantile) -%}
    {%- set factor = widened_bound(chi_square_factor(count, -side, count ~ "_factors"), count, quantile) -%}
    {%- if side < 0 -%}
    case
        when {{ count }} = 0 and {{ time }} > 0 and {{ quantile }} is not null then 0.0
        else 1.0 / nullif({{ time }} * {{ factor }}, 0)
    end
    {%- else -%}
    1.0 / nullif({{ time }} * {{ factor }}, 0)
    {%- endif -%}
{%- endmacro %}

{% macro chi_square_quantile(z, degrees) -%}
    (({{ degrees }}) * power(
        1.0 - 2.0 / (9.0 * nullif({{ degrees }}, 0)) + ({{ z }}) * sqrt(2.0 / (9.0 * nullif({{ degrees }}, 0))), 3
    ))
{%- endmacro %}
