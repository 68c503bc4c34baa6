{#
    How a count of a new version compares with that of the old one where the robots that run it, or the days of a
    service, differ and some of their failures come in groups. docs/definitions.md has the formulas and what they were
    tested with.

    z_96   the bounds are two-sided 96 %, a little wider than 95 %, because the spread itself is
           itself uncertain
    alarm  a verdict of worse, better or alike needs odds of 40, so that each of the two sides is wrong in
           at most one of forty releases, however often it is read
    least_units
           with fewer robots or days of a version nobody can tell how much they differ
    least_dispersion
           counts that differ from unit to unit by less than a fiftieth of what chance does are equal by luck
#}
{% macro release_constants() -%}
    {{ return({
        "z_96": 2.0537489106318225,
        "alarm": 40.0,
        "ratios": [1.5, 2.0, 3.0],
        "least_units": 3,
        "least_dispersion": 0.02,
    }) }}
{%- endmacro %}

{# Quantile of Student's t for the normal quantile z, by the expansion of Cornish and Fisher. #}
{% macro student_quantile(z, degrees) -%}
    ({{ z }}
    + {{ (z ** 3 + z) / 4 }} / nullif(cast({{ degrees }} as double precision), 0)
    + {{ (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 }} / nullif(power(cast({{ degrees }} as double precision), 2), 0)
    + {{ (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 }}
    / nullif(power(cast({{ degrees }} as double precision), 3), 0)
    + {{ (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 }}
    / nullif(power(cast({{ degrees }} as double precision), 4), 0)
    + {{ (27 * z ** 11 + 339 * z ** 9 + 930 * z ** 7 - 1782 * z ** 5 - 765 * z ** 3 + 17955 * z) / 368640 }}
    / nullif(power(cast({{ degrees }} as double precision), 5), 0))
{%- endmacro %}

{# The mean of the odds of several ratios from the logarithm of each; exp() of both engines ends near 700. #}
{% macro mean_odds(logarithms) -%}
    (
        {%- for logarithm in logarithms -%}
            {{ " + " if not loop.first }}exp(greatest(-600.0, least(600.0, {{ logarithm }})))
        {%- endfor -%}
    ) / {{ logarithms | length }}.0
{%- endmacro %}
