-- A rule of the seed that macros/probable_cause.sql does not know would never match.
select rule

from {{ ref("probable_cause_rules") }}

where rule not in ('{{ probable_cause_rules() | map(attribute="rule") | join("', '") }}')
