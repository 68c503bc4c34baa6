-- A rule of the seed that macros/probable_cause.sql does not know would never match.
with

known as (

    {% for rule in probable_cause_rules() %}
        select '{{ rule.rule }}' as known_rule
        {{ "union all" if not loop.last }}
    {% endfor %}

)

select rule

from {{ ref("probable_cause_rules") }}

where rule not in (select known.known_rule from known)
