"""The queries of `fleet session`, and how they are run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb

Row = dict[str, Any]

# Times leave the marts as UTC without a zone: DuckDB would need pytz to hand out timestamptz.
DELIVERY = """
select
    * replace (
        order_created_at at time zone 'UTC' as order_created_at,
        dispatched_at at time zone 'UTC' as dispatched_at,
        pickup_arrived_at at time zone 'UTC' as pickup_arrived_at,
        pickup_completed_at at time zone 'UTC' as pickup_completed_at,
        dropoff_arrived_at at time zone 'UTC' as dropoff_arrived_at,
        dropoff_completed_at at time zone 'UTC' as dropoff_completed_at,
        started_at at time zone 'UTC' as started_at,
        requested_at at time zone 'UTC' as requested_at,
        ended_at at time zone 'UTC' as ended_at,
        first_error_at at time zone 'UTC' as first_error_at,
        last_event_at at time zone 'UTC' as last_event_at,
        last_loaded_at at time zone 'UTC' as last_loaded_at
    )
from fleet_marts.delivery_sessions
where delivery_id = ?
"""

# Events lie in the order of event_at, so the session's own bounds let DuckDB skip all other blocks.
DURING = """
    event_at >= cast($start as timestamp) at time zone 'UTC'
    and event_at <= cast($end as timestamp) at time zone 'UTC'
"""

DELIVERY_EVENTS = f"""
select
    event_at at time zone 'UTC' as at, seconds_since_start, event_name, summary, robot_state,
    match_method, is_ambiguous, is_error
from fleet_marts.delivery_session_events
where delivery_id = $delivery_id and {DURING}
order by sequence_number
"""

ORDER_DELIVERIES = """
select delivery_id, outcome, robot_id
from fleet_marts.delivery_sessions
where order_id = ?
order by started_at, delivery_id
"""

# The order's own events and all of its deliveries', among them those that name only the robot.
ORDER_EVENTS = f"""
select
    event_at at time zone 'UTC' as at, event_name, summary, robot_state, delivery_id, is_error
from fleet_marts.event_timeline
where
    {DURING}
    and (
        order_id = $order_id
        or event_id in (
            select events.event_id
            from fleet_marts.delivery_session_events as events
            inner join fleet_marts.delivery_sessions as sessions
                on events.delivery_id = sessions.delivery_id
            where sessions.order_id = $order_id and {DURING}
        )
    )
order by event_at, emitter_id, seq, event_id
"""

# From the first to the last event of the order and of its deliveries. Reads two columns of the
# timeline where the events themselves take eight.
ORDER_BOUNDS = """
select
    min(first_at) at time zone 'UTC' as "start", max(last_at) at time zone 'UTC' as "end"
from (
    select min(event_at) as first_at, max(event_at) as last_at
    from fleet_marts.event_timeline
    where order_id = $order_id
    union all
    select min(started_at), max(last_event_at)
    from fleet_marts.delivery_sessions
    where order_id = $order_id
)
"""

ROBOT_EVENTS = """
select
    event_at at time zone 'UTC' as at, event_name, summary, robot_state, delivery_id, is_error
from fleet_marts.event_timeline
where
    robot_id = $robot_id
    and event_at >= cast($start as timestamp) at time zone 'UTC'
    and event_at < cast($end as timestamp) at time zone 'UTC'
order by event_at, emitter_id, seq, event_id
"""

FAILED = """
select
    delivery_id, started_at at time zone 'UTC' as started_at, outcome, outcome_reason,
    probable_cause, robot_id, error_count
from fleet_marts.delivery_sessions
where outcome in ('failed', 'cancelled')
order by started_at desc, delivery_id
limit ?
"""

# The delivery whose story shows most: it failed through its robot, and events that name only the
# robot belong to it.
EXAMPLE = """
select sessions.delivery_id
from fleet_marts.delivery_sessions as sessions
inner join fleet_marts.delivery_session_events as events
    on sessions.delivery_id = events.delivery_id
where sessions.outcome in ('failed', 'cancelled')
group by sessions.delivery_id, sessions.outcome, sessions.probable_cause
order by
    sessions.outcome = 'failed' and sessions.probable_cause = 'robot_failure' desc,
    count(*) filter (where events.match_method = 'robot_window' and events.is_error) > 0 desc,
    count(*) filter (where events.is_ambiguous),
    count(*) filter (where events.event_name <> 'robot.heartbeat'),
    sessions.delivery_id
limit 1
"""

LOADED_UNTIL = "select max(event_at) at time zone 'UTC' as at from fleet_marts.event_timeline"
LAST_SEEN = f"{LOADED_UNTIL} where robot_id = ?"

# Ids that begin with the one asked for come first, then those one or two slips of the pen away.
NEAREST_TO = """
select distinct
    id,
    not starts_with(upper(id), upper($wanted)) as is_slip,
    levenshtein(upper(id), upper($wanted)) as slips
from ids
where starts_with(upper(id), upper($wanted)) or levenshtein(upper(id), upper($wanted)) <= 2
order by is_slip, slips, id
limit 5
"""
NEAREST = {
    "delivery": "with ids as (select delivery_id as id from fleet_marts.delivery_sessions)"
    + NEAREST_TO,
    "order": "with ids as (select order_id as id from fleet_marts.event_timeline)" + NEAREST_TO,
    "robot": "with ids as (select robot_id as id from fleet_marts.event_timeline)" + NEAREST_TO,
}


@dataclass(frozen=True)
class Marts:
    """The marts in a DuckDB file.

    Opened for each query and closed again: an open connection keeps a nightly run from writing.
    """

    database: Path

    def rows(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> list[Row]:
        """Rows of a query as dictionaries; raises ClickException that says what to do next."""
        if not self.database.exists():
            raise click.ClickException(
                f"There is no database {self.database}; run `make demo`, or name yours with "
                "--database."
            )
        try:
            with duckdb.connect(str(self.database), read_only=True) as connection:
                cursor = connection.execute(sql, parameters)
                names = [column[0] for column in cursor.description or []]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.IOException as error:
            if "Could not set lock" in str(error):
                reason = "is in use by another process, such as a nightly run; try again later."
            else:
                reason = "is not a DuckDB file that can be read; name another with --database."
            raise click.ClickException(f"{self.database} {reason}") from error
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise click.ClickException(
                f"{self.database} holds no delivery sessions of this version; "
                "run `dbt build` first."
            ) from error
