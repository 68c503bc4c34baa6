-- Why were robots not available? Each reason's share of the unplanned downtime of a day.
select
    downtime_date,
    market,
    reason,
    downtime_hours,
    share_of_downtime_ratio

from {{ ref("downtime_reasons_daily") }}

where state_class = 'unplanned_down'

order by downtime_date asc, market asc, share_of_downtime_ratio desc
