"""What only the page asks: sums and percentiles over marts, one text for DuckDB and Redshift."""

from __future__ import annotations

from fleet.lookup.wording import STEPS

LEGS = tuple(column for _, _, column in STEPS if column)
WAITS = ("pickup_wait_seconds", "dropoff_wait_seconds", "order_to_dropoff_seconds")

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


# Deliveries that failed in the same way between two times: the place of one among them.
LIKE_THIS = """
select
    delivery_id,
    started_at
from delivery_sessions
where
    started_at >= ?
    and started_at < ?
    and probable_cause = ?
    and coalesce(first_error_code, '') = ?
order by started_at, delivery_id
"""

# The last delivery of a merchant that went well before a time, one without trouble first.
LAST_NORMAL = """
select delivery_id
from delivery_sessions
where
    merchant_id = ?
    and outcome = 'completed'
    and started_at < ?
order by
    case when error_count = 0 and takeover_count = 0 then 0 else 1 end,
    started_at desc,
    delivery_id
limit 1
"""

# Lines that were lost between two times (the end first), of a robot or of services that have none.
GAPS_DURING = """
select *
from emitter_gaps
where
    coalesce(event_before_at, event_after_at) <= ?
    and coalesce(event_after_at, event_before_at) >= ?
    and coalesce(robot_id, '') in ('', ?)
order by emitter_id, first_missing_seq
"""

# What the robots of a session said of where they were.
PLACES = """
select
    events.event_id,
    events.event_at,
    events.event_name,
    events.robot_id,
    events.is_error,
    events.is_takeover,
    events.summary,
    payloads.data
from delivery_session_events as events
inner join event_payloads as payloads
    on events.event_id = payloads.event_id
where
    events.delivery_id = ?
    and events.event_at >= ?
    and events.event_at <= ?
    and payloads.event_date >= cast(? as date)
    and payloads.event_date <= cast(? as date)
    and events.stream = 'robot'
order by events.sequence_number
"""

# Each choice is given twice; '' is any. The pilot's events are looked for between two times.
FOUND_DELIVERIES = """
select *
from delivery_sessions
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and (cast(? as varchar(64)) = '' or outcome = ?)
    and (cast(? as varchar(64)) = '' or probable_cause = ?)
    and (cast(? as varchar(64)) = '' or first_error_code = ?)
    and (cast(? as varchar(64)) = '' or merchant_id = ?)
    and (cast(? as varchar(64)) = '' or robot_id = ?)
    and (
        cast(? as varchar(64)) = ''
        or delivery_id in (
            select delivery_id
            from delivery_session_events
            where
                pilot_id = ?
                and event_at >= ?
                and event_at < ?
        )
    )
order by started_at desc, delivery_id
limit ?
"""

# What there is to choose from on these days.
CAUSES = """
select
    probable_cause,
    count(*) as delivery_count
from delivery_sessions
where
    local_date >= ?
    and local_date <= ?
    and probable_cause is not null
group by probable_cause
order by delivery_count desc, probable_cause
"""

ERROR_CODES = """
select
    first_error_code,
    count(*) as delivery_count
from delivery_sessions
where
    local_date >= ?
    and local_date <= ?
    and first_error_code is not null
group by first_error_code
order by delivery_count desc, first_error_code
"""


def _leg(column: str, mart: str, window: str) -> str:
    # Redshift lets the percentiles of one select share one order only: a select for each leg.
    return f"""
select
    '{column}' as leg,
    count(*) as leg_count,
    percentile_cont(0.5) within group (order by {column}) as p50,
    percentile_cont(0.9) within group (order by {column}) as p90,
    percentile_cont(0.95) within group (order by {column}) as p95
from {mart}
where
    {column} is not null
    and {window}
    and (cast(? as varchar(64)) = '' or coalesce(market, 'unknown') = ?)
"""


# Each leg takes the same four values: from, to, market twice; '' is every market.
USUAL_LEGS = "union all".join(
    _leg(column, "delivery_sessions", "started_at >= ? and started_at < ?") for column in LEGS
)
ORDER_LEGS = (*LEGS, *WAITS)
ALL_LEGS = "union all".join(
    _leg(column, "funnel_orders", "local_date >= ? and local_date <= ?") for column in ORDER_LEGS
)

DAYS = "select min(local_date) as first_date, max(local_date) as last_date from supply_hours_daily"
MARKETS = """
select
    market,
    max(market_name) as market_name,
    max(time_zone) as time_zone
from supply_hours_daily
group by market
order by market
"""

SUPPLY_DAYS = """
select *
from supply_hours_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
order by local_date, market
"""

DOWNTIME_REASONS = """
select
    reason,
    max(reason_class) as reason_class,
    sum(downtime_hours) as downtime_hours
from downtime_reasons_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and state_class = ?
group by reason
order by downtime_hours desc, reason
"""

DOWNTIME_ROBOTS = """
select
    robot_id,
    cast(sum(duration_seconds) as double precision) / 3600 as downtime_hours
from robot_hours_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and state_class = ?
    and reason = ?
group by robot_id
order by downtime_hours desc, robot_id
limit ?
"""

DOWNTIME_MINUTES = """
select *
from robot_state_intervals
where
    robot_id = ?
    and ended_date >= cast(? as date)
    and ended_at > ?
    and started_at < ?
    and state_class = ?
    and reason = ?
order by started_at
limit ?
"""

FUNNEL_DAYS = """
select *
from delivery_funnel_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
order by local_date, market
"""

LEG_TREND = """
select *
from leg_times_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and leg = ?
order by local_date, market
"""

FUNNEL_LOSSES = """
select
    lost_step,
    lost_reason,
    sum(order_count) as order_count
from funnel_losses_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
group by lost_step, lost_reason
order by order_count desc, lost_step, lost_reason
"""

LOST_ORDERS = """
select *
from funnel_orders
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and lost_step = ?
    and lost_reason = ?
order by entered_at desc, order_key
limit ?
"""

MONTHS = "select distinct month_start from fleet_mtbf order by month_start desc"

FLEET_MTBF = """
select *
from fleet_mtbf
where month_start = ?
order by hardware_version, software_version
"""

HARDWARE_MTBF = "select * from hardware_mtbf order by hardware_version, month_start"

ROBOT_MTBF = """
select *
from robot_mtbf
where month_start = ?
order by failure_count desc, operating_hours, robot_id
limit ?
"""

FAILURES = """
select *
from robot_failures
where
    started_at >= ?
    and started_at < ?
    and (cast(? as varchar(64)) = '' or robot_id = ?)
    and (cast(? as varchar(128)) = '' or software_version = ?)
order by started_at desc, failure_id
limit ?
"""

RELEASE_HEALTH = "select * from release_health order by service, first_event_at, version"

RELEASE_VERDICTS = """
select *
from release_verdicts
where previous_version is not null
order by measure, service, released_at desc, version, period_number desc
"""

LOADS = """
select
    loaded_at,
    sum(line_count) as line_count,
    sum(accepted_count) as accepted_count,
    sum(duplicate_count) as duplicate_count,
    sum(quarantined_count) as quarantined_count,
    sum(other_environment_count) as other_environment_count
from event_reconciliation
group by loaded_at
order by loaded_at desc
limit ?
"""

LOAD_STREAMS = """
select *
from event_reconciliation
where loaded_at = ?
order by line_count desc, stream, other_environment
"""

LATENESS = """
select
    lateness_bucket,
    count(*) as event_count,
    count(distinct delivery_id) as delivery_count,
    sum(case when has_changed_outcome then 1 else 0 end) as changed_outcome_count,
    sum(case when has_changed_first_error then 1 else 0 end) as changed_first_error_count,
    min(event_to_load_seconds) as least_seconds
from late_events
group by lateness_bucket
order by least_seconds
"""

LATE_EVENTS = """
select *
from late_events
where (cast(? as varchar(32)) = '' or lateness_bucket = ?)
order by loaded_at desc, event_at desc, event_id
limit ?
"""

QUARANTINE_REASONS = """
select reason, count(*) as line_count
from quarantined_lines
group by reason
order by line_count desc, reason
"""

QUARANTINED_LINES = """
select *
from quarantined_lines
where (cast(? as varchar(32)) = '' or reason = ?)
order by loaded_at desc, received_at desc, quarantined_line_id
limit ?
"""

GAPS = """
select
    service,
    place,
    count(*) as gap_count,
    count(distinct emitter_id) as emitter_count,
    sum(missing_count) as missing_count
from emitter_gaps
group by service, place
order by missing_count desc, service, place
"""

EMITTER_GAPS = """
select *
from emitter_gaps
order by missing_count desc, emitter_id, first_missing_seq
limit ?
"""

CLOCKS = """
select *
from clock_skew_daily
order by abs(clock_ahead_estimate_seconds) desc, robot_id, received_date
limit ?
"""

# Observed: what the log covers of the robots that are in the fleet.
SUPPLY_BY_DAY = """
select
    local_date,
    sum(usable_hours) as usable_hours,
    sum(total_hours - unobserved_hours - out_of_fleet_hours) as observed_hours
from supply_hours_daily
where (cast(? as varchar(64)) = '' or market = ?)
group by local_date
order by local_date
"""

DELIVERIES_BY_DAY = """
select
    local_date,
    count(*) as delivery_count,
    sum(case when outcome = 'completed' then 0 else 1 end) as failed_count
from delivery_sessions
where
    outcome in ('completed', 'failed', 'cancelled')
    and local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
group by local_date
order by local_date
"""

REASONS_BY_DAY = """
select
    local_date,
    reason,
    sum(downtime_hours) as hours
from downtime_reasons_daily
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and state_class = 'unplanned_down'
group by local_date, reason
order by local_date, reason
"""

CAUSES_BY_DAY = """
select
    local_date,
    probable_cause,
    count(*) as deliveries
from delivery_sessions
where
    local_date >= ?
    and local_date <= ?
    and (cast(? as varchar(64)) = '' or market = ?)
    and probable_cause is not null
group by local_date, probable_cause
order by local_date, probable_cause
"""

OPEN_FAILURES = """
select *
from robot_failures
where
    is_open
    and (cast(? as varchar(64)) = '' or market = ?)
order by started_at desc, failure_id
limit ?
"""

MTBF_BY_MONTH = """
select
    month_start,
    sum(operating_hours) as operating_hours,
    sum(failure_count) as failure_count
from fleet_mtbf
group by month_start
order by month_start
"""

# Usable seconds that changed from one local day to another, by robot or market: they add up.
CHANGE_BY = {
    by: f"""
select
    coalesce({by}, 'unknown') as name,
    sum(case when local_date = ? then usable_seconds else -usable_seconds end) as seconds_change
from robot_hours_daily
where
    local_date in (?, ?)
    and (cast(? as varchar(64)) = '' or market = ?)
group by coalesce({by}, 'unknown')
having sum(case when local_date = ? then usable_seconds else -usable_seconds end) <> 0
order by seconds_change, name
"""
    for by in ("robot_id", "market")
}

# The same by reason: what a robot has is the time that the log covers less what reasons took.
CHANGE_BY_REASON = """
select
    name,
    sum(case when local_date = ? then seconds else -seconds end) as seconds_change
from (
    select
        local_date,
        market,
        case when reason = 'none' then state else reason end as name,
        usable_seconds - duration_seconds as seconds
    from robot_hours_daily
    union all
    select
        local_date,
        market,
        'robots in the log' as name,
        duration_seconds as seconds
    from robot_hours_daily
) as parts
where
    local_date in (?, ?)
    and (cast(? as varchar(64)) = '' or market = ?)
group by name
having sum(case when local_date = ? then seconds else -seconds end) <> 0
order by seconds_change, name
"""
