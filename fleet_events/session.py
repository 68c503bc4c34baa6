"""`fleet session`: the story of one delivery, robot or order, read from the marts."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Row = dict[str, Any]

GAP_SECONDS = 300
CAUSES = {
    "no_robot": "no robot could be found",
    "merchant": "the merchant had nothing to load",
    "customer": "the customer could not be reached, or changed their mind",
    "safety_event": "a safety event",
    "robot_failure": "the robot failed",
    "robot_out_of_contact": "the robot was out of contact",
    "robot_stuck": "the robot was stuck",
    "unknown": "nothing in the log explains it",
}

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

DELIVERY_EVENTS = """
select
    event_at at time zone 'UTC' as at, seconds_since_start, seconds_since_previous_event, stream,
    event_name, summary, robot_state, match_method, is_ambiguous, is_error, is_first_error
from fleet_marts.delivery_session_events
where delivery_id = ?
order by sequence_number
"""

ORDER_EVENTS = """
select
    event_at at time zone 'UTC' as at, stream, event_name, summary, robot_state, delivery_id,
    is_error
from fleet_marts.event_timeline
where
    order_id = ?
    or delivery_id in (select delivery_id from fleet_marts.delivery_sessions where order_id = ?)
order by event_at, emitter_id, seq, event_id
"""

ROBOT_EVENTS = """
select
    event_at at time zone 'UTC' as at, stream, event_name, summary, robot_state, delivery_id,
    is_error
from fleet_marts.event_timeline
where robot_id = ? and event_at >= ? and event_at < ?
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


@dataclass(frozen=True)
class Marts:
    """The marts in a DuckDB file.

    Opened for each query and closed again: an open connection keeps a nightly run from writing.
    """

    database: Path

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Rows of a query as dictionaries; raises ClickException that says what to do next."""
        if not self.database.exists():
            raise click.ClickException(
                f"There is no database {self.database}; run `make demo`, or name yours with "
                "--database."
            )
        try:
            with duckdb.connect(str(self.database), read_only=True) as connection:
                cursor = connection.execute(sql, list(parameters))
                names = [column[0] for column in cursor.description or []]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.IOException as error:
            raise click.ClickException(
                f"{self.database} is in use by another process, such as a nightly run; "
                "try again when it has ended."
            ) from error
        except duckdb.CatalogException as error:
            raise click.ClickException(
                f"{self.database} holds no delivery sessions; run `dbt build` first."
            ) from error


def nearest(marts: Marts, column: str, wanted: str) -> list[str]:
    """Up to five known ids that `wanted` may have meant: by prefix first, then by likeness."""
    table = "delivery_sessions" if column == "delivery_id" else "event_timeline"
    known = [
        str(row[column])
        for row in marts.rows(
            f"select distinct {column} from fleet_marts.{table} "
            f"where {column} is not null order by 1"
        )
    ]
    by_prefix = [name for name in known if wanted and name.startswith(wanted)]
    alike = difflib.get_close_matches(wanted, known, n=5, cutoff=0.5)
    return list(dict.fromkeys([*by_prefix, *alike]))[:5]


def refuse_unknown(marts: Marts, what: str, column: str, wanted: str) -> None:
    """End with exit code 1 and the nearest ids."""
    until = marts.rows(LOADED_UNTIL)[0]["at"]
    close = nearest(marts, column, wanted)
    hint = f"nearest: {', '.join(close)}" if close else "none is like it"
    loaded = f"events are loaded until {clock(until, True)} UTC" if until else "nothing is loaded"
    raise click.ClickException(f"There is no {what} {wanted}; {hint}; {loaded}.")


def clock(at: datetime | None, with_date: bool = False) -> str:
    if at is None:
        return "–"
    text = at.strftime("%Y-%m-%d %H:%M:%S" if with_date else "%H:%M:%S")
    return text if with_date else f"{text}.{at.microsecond // 1000:03d}"


def span(seconds: Decimal | float | None) -> str:
    """Seconds as 12.3 s, 4 min 05 s or 1 h 02 min."""
    if seconds is None:
        return "–"
    whole = round(float(seconds))
    if abs(whole) < 60:
        return f"{float(seconds):.1f} s"
    if abs(whole) < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def header(delivery: Row) -> Panel:
    """Outcome, cause, funnel legs and neighbours of one delivery."""
    lines = Text()
    outcome = str(delivery["outcome"])
    style = {"completed": "bold green", "open": "bold"}.get(outcome, "bold red")
    lines.append(outcome.upper(), style)
    if delivery["outcome_event_name"]:
        lines.append(f" by {delivery['outcome_event_name']}")
        if delivery["outcome_reason"]:
            lines.append(f" ({delivery['outcome_reason']})")
        lines.append(f" at {clock(delivery['ended_at'])} UTC")
    lines.append(
        f"\norder {delivery['order_id'] or '–'}   merchant {delivery['merchant_id'] or '–'}"
        f"   robot {delivery['robot_id'] or '–'}"
    )
    if delivery["robot_count"] > 1:
        lines.append(f" (the last of {delivery['robot_count']})")
    lines.append(f"   market {delivery['market'] or '–'}")
    if delivery["probable_cause"]:
        cause = str(delivery["probable_cause"])
        lines.append("\nprobable cause  ", "dim")
        lines.append(CAUSES.get(cause, cause.replace("_", " ")), "bold")
    if delivery["first_error_code"]:
        lines.append("\nfirst error     ", "dim")
        lines.append(f"{delivery['first_error_code']} at {clock(delivery['first_error_at'])}")
        if delivery["seconds_from_error_to_arrival"] is not None:
            lines.append(
                f", {span(abs(delivery['seconds_from_error_to_arrival']))} from the arrival"
            )
    lines.append("\nOrder ", "dim")
    lines.append(clock(delivery["order_created_at"]))
    for name, at, leg in (
        ("Dispatch", "dispatched_at", "order_to_dispatch_seconds"),
        ("Pickup", "pickup_completed_at", "dispatch_to_pickup_seconds"),
        ("Dropoff", "dropoff_completed_at", "pickup_to_dropoff_seconds"),
    ):
        lines.append(f"  → {span(delivery[leg])} →  ", "dim")
        lines.append(f"{name} ", "dim")
        lines.append(clock(delivery[at]))
    if delivery["missing_steps"]:
        lines.append(f"\nnot in the log: {delivery['missing_steps']}")
    lines.append(
        f"\n{delivery['event_count']} events, {delivery['error_count']} errors, "
        f"{delivery['takeover_count']} takeovers   before on this robot "
        f"{delivery['previous_delivery_id'] or '–'}, after {delivery['next_delivery_id'] or '–'}",
        "dim",
    )
    day = delivery["started_at"].strftime("%Y-%m-%d")
    return Panel(lines, title=f"delivery {delivery['delivery_id']}, {day}", title_align="left")


def fold_heartbeats(events: list[Row]) -> list[Row]:
    """Runs of heartbeats as one row each, with how many there were."""
    folded: list[Row] = []
    for event in events:
        last = folded[-1] if folded else None
        if event["event_name"] == "robot.heartbeat" and last and last.get("heartbeats"):
            last["heartbeats"] += 1
            last["last_at"] = event["at"]
        elif event["event_name"] == "robot.heartbeat":
            folded.append({**event, "heartbeats": 1})
        else:
            folded.append(event)
    return folded


def timeline(events: list[Row], with_match: bool) -> Table:
    """Events in order; errors carry a mark beside their colour."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("time UTC", no_wrap=True)
    if with_match:
        table.add_column("since start", justify="right", no_wrap=True)
    table.add_column("event", no_wrap=True)
    table.add_column("what it means", overflow="fold")
    table.add_column("robot state", no_wrap=True)
    table.add_column("matched by" if with_match else "delivery", no_wrap=True)
    previous: datetime | None = None
    for event in events:
        if previous and (event["at"] - previous).total_seconds() >= GAP_SECONDS:
            gap = (event["at"] - previous).total_seconds()
            table.add_row(
                *[""] * (2 if with_match else 1), Text(f"· {span(gap)} without an event", "dim")
            )
        previous = event.get("last_at", event["at"])
        count = event.get("heartbeats", 0)
        name = event["event_name"] if count < 2 else f"{event['event_name']} × {count}"
        mark = "✗ " if event["is_error"] else "  "
        takeover = event["event_name"] == "pilot.control_changed"
        style = (
            "bold red" if event["is_error"] else "magenta" if takeover else "dim" if count else ""
        )
        cells = [clock(event["at"])]
        if with_match:
            cells.append(f"+{float(event['seconds_since_start']):.1f} s")
        cells += [
            mark + ("▲ " if takeover else "") + name,
            str(event["summary"] or ""),
            str(event["robot_state"] or ""),
        ]
        if with_match:
            cells.append(
                str(event["match_method"]) + (" (ambiguous)" if event["is_ambiguous"] else "")
            )
        else:
            cells.append(str(event["delivery_id"] or ""))
        table.add_row(*cells, style=style)
    return table


def show_delivery(marts: Marts, console: Console, delivery_id: str, every: bool) -> None:
    found = marts.rows(DELIVERY, [delivery_id])
    if not found:
        refuse_unknown(marts, "delivery", "delivery_id", delivery_id)
    events = marts.rows(DELIVERY_EVENTS, [delivery_id])
    console.print(header(found[0]))
    console.print(timeline(events if every else fold_heartbeats(events), with_match=True))


def show_order(marts: Marts, console: Console, order_id: str, every: bool) -> None:
    events = marts.rows(ORDER_EVENTS, [order_id, order_id])
    if not events:
        refuse_unknown(marts, "order", "order_id", order_id)
    console.print(f"order {order_id}, {len(events)} events")
    console.print(timeline(events if every else fold_heartbeats(events), with_match=False))


def show_robot(
    marts: Marts,
    console: Console,
    robot_id: str,
    start: datetime | None,
    end: datetime | None,
    every: bool,
) -> None:
    last = marts.rows(LAST_SEEN, [robot_id])[0]["at"]
    if last is None:
        refuse_unknown(marts, "robot", "robot_id", robot_id)
    end = end or last + timedelta(milliseconds=1)
    start = start or end - timedelta(hours=1)
    events = marts.rows(
        ROBOT_EVENTS, [robot_id, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)]
    )
    console.print(
        f"robot {robot_id}, {clock(start, True)} to {clock(end, True)} UTC, {len(events)} events"
    )
    console.print(timeline(events if every else fold_heartbeats(events), with_match=False))


def show_failed(marts: Marts, console: Console, limit: int) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in (
        "delivery",
        "started UTC",
        "outcome",
        "reason",
        "probable cause",
        "robot",
        "errors",
    ):
        table.add_column(name)
    rows = marts.rows(FAILED, [limit])
    for row in rows:
        table.add_row(
            row["delivery_id"],
            clock(row["started_at"], True),
            row["outcome"],
            row["outcome_reason"] or "",
            row["probable_cause"] or "",
            row["robot_id"] or "",
            str(row["error_count"]),
        )
    console.print(table if rows else "No delivery has failed or was cancelled.")


INSTANT = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])


@click.command()
@click.argument("delivery_id", required=False)
@click.option(
    "--robot", "robot_id", help="Replay a robot; its last hour unless --from and --to say."
)
@click.option("--order", "order_id", help="Replay an order.")
@click.option("--from", "start", type=INSTANT, help="Start of a robot's replay, UTC.")
@click.option("--to", "end", type=INSTANT, help="End of a robot's replay, UTC, exclusive.")
@click.option("--failed", is_flag=True, help="List recent failed and cancelled deliveries.")
@click.option("--limit", default=20, show_default=True, help="How many --failed lists.")
@click.option("--example", is_flag=True, help="Show one telling failed delivery.")
@click.option("--all", "every", is_flag=True, help="Show each heartbeat, not one row for a run.")
@click.option(
    "--database",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("FLEET_DATABASE", "data/fleet.duckdb")),
    help="DuckDB file with the marts.  [default: FLEET_DATABASE or data/fleet.duckdb]",
)
def session(
    delivery_id: str | None,
    robot_id: str | None,
    order_id: str | None,
    start: datetime | None,
    end: datetime | None,
    failed: bool,
    limit: int,
    example: bool,
    every: bool,
    database: Path,
) -> None:
    """Show what happened in DELIVERY_ID, or to a robot or an order, event by event."""
    marts, console = Marts(database), Console(width=None if os.isatty(1) else 150)
    if sum(map(bool, (delivery_id, robot_id, order_id, failed, example))) != 1:
        raise click.UsageError(
            "Name one thing to show: a delivery id, --robot, --order, --failed or --example."
        )
    if failed:
        show_failed(marts, console, limit)
    elif robot_id:
        show_robot(marts, console, robot_id, start, end, every)
    elif order_id:
        show_order(marts, console, order_id, every)
    else:
        if example:
            found = marts.rows(EXAMPLE)
            if not found:
                raise click.ClickException(
                    "No delivery has failed yet; simulate more robots or days."
                )
            delivery_id = found[0]["delivery_id"]
        show_delivery(marts, console, str(delivery_id), every)
