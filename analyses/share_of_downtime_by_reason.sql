-- Which reasons kept robots from being available, and what share of a day's unplanned downtime had each?
-- One row per local day, market and reason, the largest share first.
select
    local_date,
    market,
    reason,
    downtime_hours,
    share_of_downtime_ratio

from {{ ref("downtime_reasons_daily") }}

where state_class = 'unplanned_down'

order by local_date asc, market asc, share_of_downtime_ratio desc
