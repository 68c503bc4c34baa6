"""What only the page asks: sums and percentiles over marts, one text for DuckDB and Redshift."""

from __future__ import annotations

from fleet_events.marts.wording import STEPS

LEGS = tuple(column for _, _, column in STEPS if column)

ORDER_OR_ROBOT = """
select 'order' as what
from event_timeline
where order_id = ?

union

select 'robot' as what
from event_timeline
where robot_id = ?

order by what
"""

ORDER_DELIVERIES = """
select *
from delivery_sessions
where order_id = ?
order by started_at, delivery_id
"""

# Deliveries under way between two times (the end of the window is asked first).
ROBOT_DELIVERIES = """
select *
from delivery_sessions
where
    robot_id = ?
    and started_at < ?
    and last_event_at >= ?
order by started_at desc, delivery_id
limit ?
"""


def _leg(column: str) -> str:
    # Redshift lets the percentiles of one select share one order only: a select for each leg.
    return f"""
select
    '{column}' as leg,
    count(*) as delivery_count,
    percentile_cont(0.5) within group (order by {column}) as p50,
    percentile_cont(0.9) within group (order by {column}) as p90,
    percentile_cont(0.95) within group (order by {column}) as p95
from delivery_sessions
where
    {column} is not null
    and started_at >= ?
    and started_at < ?
    and coalesce(market, 'unknown') = coalesce(?, 'unknown')
"""


USUAL_LEGS = "union all".join(_leg(column) for column in LEGS)
