"""Look-ups of deliveries, orders and robots: one text for DuckDB and Redshift.

A query names no schema, its store does; `?` are bound values, in order. Rows of
delivery_session_events are found by delivery_id and by time: both engines keep them in time order
and skip the blocks of other days.
"""

from __future__ import annotations

DELIVERY = "select * from delivery_sessions where delivery_id = ?"

DELIVERY_EVENTS = """
select *
from delivery_session_events
where
    delivery_id = ?
    and event_at >= ?
    and event_at <= ?
order by sequence_number
"""

# A delivery may carry several orders; its session names the first.
ORDER_DELIVERIES = """
select *
from delivery_sessions
where delivery_id in (select delivery_id from delivery_orders where order_id = ?)
order by started_at, delivery_id
"""

# From the first to the last event of an order and of its deliveries: it reads two columns of the
# timeline where the events take all of them.
ORDER_BOUNDS = """
select min(first_at) as started_at, max(last_at) as last_event_at
from (
    select min(event_at) as first_at, max(event_at) as last_at
    from event_timeline
    where order_id = ?
    union all
    select min(started_at) as first_at, max(last_event_at) as last_at
    from delivery_sessions
    where delivery_id in (select delivery_id from delivery_orders where order_id = ?)
) as bounds
"""

# The order's own events and all of its deliveries', among them those that name only the robot;
# between the ORDER_BOUNDS, given twice.
ORDER_EVENTS = """
select timeline.*
from event_timeline as timeline
where
    timeline.event_at >= ?
    and timeline.event_at <= ?
    and (
        timeline.order_id = ?
        or timeline.event_id in (
            select events.event_id
            from delivery_session_events as events
            inner join delivery_orders
                on events.delivery_id = delivery_orders.delivery_id
            where
                events.event_at >= ?
                and events.event_at <= ?
                and delivery_orders.order_id = ?
        )
    )
order by timeline.event_at, timeline.emitter_id, timeline.seq, timeline.event_id
"""

ROBOT_EVENTS = """
select *
from event_timeline
where
    robot_id = ?
    and event_at >= ?
    and event_at < ?
order by event_at, emitter_id, seq, event_id
"""

EVENT = "select * from event_timeline where event_id = ?"

# By the day, too: both engines skip the blocks of other days.
EVENT_PAYLOAD = """
select *
from event_payloads
where
    event_id = ?
    and event_date = cast(? as date)
"""

# The states that a robot was in between two times; the first began before, the last may go on.
ROBOT_STATES = """
select *
from robot_state_intervals
where
    robot_id = ?
    and ended_date >= cast(? as date)
    and ended_at > ?
    and started_at < ?
order by started_at, ended_at
"""

FAILED = """
select *
from delivery_sessions
where outcome in ('failed', 'cancelled')
order by started_at desc, delivery_id
limit ?
"""

# The newest deliveries of a merchant or pilot.
DELIVERIES_OF = {
    "merchant": """
select *
from delivery_sessions
where merchant_id = ?
order by started_at desc, delivery_id
limit ?
""",
    "pilot": """
select *
from delivery_sessions
where delivery_id in (select delivery_id from delivery_session_events where pilot_id = ?)
order by started_at desc, delivery_id
limit ?
""",
}

# The delivery whose story shows most: it failed through its robot, and events that name only the
# robot belong to it.
EXAMPLE = """
select sessions.delivery_id
from delivery_sessions as sessions
inner join delivery_session_events as events
    on sessions.delivery_id = events.delivery_id
where sessions.outcome in ('failed', 'cancelled')
group by sessions.delivery_id, sessions.outcome, sessions.probable_cause
order by
    case
        when sessions.outcome = 'failed' and sessions.probable_cause = 'robot_failure' then 0 else 1
    end,
    min(case when events.match_method = 'robot_window' and events.is_error then 0 else 1 end),
    sum(case when events.is_ambiguous then 1 else 0 end),
    sum(case when events.event_name <> 'robot.heartbeat' then 1 else 0 end),
    sessions.delivery_id
limit 1
"""

LOADED_UNTIL = "select max(event_at) as event_at, max(loaded_at) as loaded_at from event_timeline"
LAST_SEEN = "select max(event_at) as event_at from event_timeline where robot_id = ?"

# An id as it was typed and in capitals; the first that is known comes first.
DELIVERY_ID = """
select delivery_id as id
from delivery_sessions
where delivery_id in (?, ?)
order by case when delivery_id = ? then 0 else 1 end
"""

ORDER_OR_ROBOT = """
select distinct 'order' as what, order_id as id
from event_timeline
where order_id in (?, ?)

union all

select distinct 'robot' as what, robot_id as id
from event_timeline
where robot_id in (?, ?)

order by what, id desc
"""

MERCHANT_OR_PILOT = """
select distinct 'merchant' as what, merchant_id as id
from event_timeline
where merchant_id in (?, ?)

union all

select distinct 'pilot' as what, pilot_id as id
from event_timeline
where pilot_id in (?, ?)

order by what, id desc
"""

# Deliveries whose id begins so: how many characters, and these in capitals.
BEGINNING = """
select *
from delivery_sessions
where upper(left(delivery_id, cast(? as integer))) = ?
order by length(delivery_id), delivery_id
limit ?
"""

# How an id differs from the one asked for: the places before and after which they are equal. A
# sum over places, because Redshift has no edit distance; 36 places hold a UUID.
PLACES = range(1, 37)
SAME_START, SAME_END = (
    " + ".join(
        f"case when {side}(id, {place}) = {side}(wanted, {place}) then 1 else 0 end"
        for place in PLACES
    )
    for side in ("left", "right")
)

# Ids that begin with the one asked for come first, then those that differ in one place of at most
# two characters: a typing error.
NEAREST_TO = f"""
, asked as (
    select upper(cast(? as varchar(64))) as wanted
),

candidates as (
    select distinct
        ids.id as known_id,
        upper(ids.id) as id,
        asked.wanted,
        case
            when left(upper(ids.id), length(asked.wanted)) = asked.wanted then 0 else 1
        end as is_typo
    from ids
    cross join asked
    where
        left(upper(ids.id), length(asked.wanted)) = asked.wanted
        or length(ids.id) between length(asked.wanted) - 2 and length(asked.wanted) + 2
),

compared as (
    select
        *,
        greatest(length(id), length(wanted)) as longest,
        {SAME_START} as same_start,
        {SAME_END} as same_end
    from candidates
)

select known_id as id
from compared
where is_typo = 0 or same_start + same_end >= longest - 2
order by
    is_typo,
    case when is_typo = 1 then longest - same_start - same_end else 0 end,
    length(known_id),
    known_id
limit ?
"""
IDS = {
    "delivery": "select delivery_id as id from delivery_sessions",
    "order": "select order_id as id from event_timeline where order_id is not null",
    "robot": "select robot_id as id from event_timeline where robot_id is not null",
}
NEAREST = {
    what: f"with ids as (select distinct id from ({ids}) as every_id)" + NEAREST_TO
    for what, ids in IDS.items()
}
