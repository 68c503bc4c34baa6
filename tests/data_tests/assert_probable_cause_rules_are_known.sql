-- A rule of the seed that macros/probable_cause.sql does not know would never match.
with

known as (

    {% for rule in probable_cause_rules() %}
        select '{{ rule.rule }}' as known_rule
        {{ "union all" if not loop.last }}
    {% endfor %}

)

select diagnosed.rule

from {{ ref("probable_cause_rules") }} as diagnosed

left join known
    on diagnosed.rule = known.known_rule

where known.known_rule is null
