"""The command `fleet session`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
from click.core import ParameterSource
from fleet_events.events import ID_PREFIXES
from rich.console import Console

from fleet.duckdb_file import database_option
from fleet.errors import FleetError
from fleet.lookup import queries
from fleet.lookup.ids import LONGEST_ID, find, is_id
from fleet.lookup.stores import DuckDBMarts, Marts, Row, open_marts
from fleet.lookup.wording import age, counted, incomplete, moment, plain, shortened
from fleet.project import find_project_dir
from fleet.session import screen

NEAREST_SHOWN = 5
MOST_LISTED = 10_000
# What goes with some of the things that can be shown: elsewhere it would do nothing.
BELONGING = (
    ("--from and --to go with --robot.", {"start", "end"}, {"robot_id"}),
    ("--limit goes with --failed.", {"limit"}, {"failed"}),
    (
        "--all goes with events, not with --failed.",
        {"every"},
        {"wanted", "robot_id", "order_id", "example"},
    ),
)


def utc_time(value: str) -> datetime:
    """ISO 8601 time in UTC; taken as UTC where it names no zone."""
    try:
        at = datetime.fromisoformat(value)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        # Past it there is no room for the time after the last event.
        if not 1970 <= at.year < 9999:
            raise ValueError
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{shortened(value)} is no UTC time such as 2026-11-02T20:30."
        ) from None
    return at


def refuse_unknown(store: Marts, what: str, wanted: str) -> NoReturn:
    """End with exit code 1 and the nearest ids."""
    until = store.rows(queries.LOADED_UNTIL)[0]["event_at"]
    if is_id(wanted):
        nearest = store.rows(queries.NEAREST[what], [wanted, NEAREST_SHOWN])
        close = [plain(row["id"]) for row in nearest]
        hint = f"nearest: {', '.join(close)}" if close else "none is like it"
    else:
        hint = f"an id has at most {LONGEST_ID} characters, all of them printable"
    loaded = f"events are loaded until {moment(until)} UTC" if until else "nothing is loaded"
    raise FleetError(f"There is no {what} {shortened(wanted)}; {hint}; {loaded}.")


def freshness(store: Marts, delivery: Row | None = None) -> str:
    """How old the newest loaded event is, and whether a delivery may lack events because of it."""
    until = store.rows(queries.LOADED_UNTIL)[0]["event_at"]
    if until is None:
        return "The timeline holds no event; run `dbt build`."
    said = f"Events are loaded until {moment(until)} UTC, {age(until, datetime.now(UTC))}."
    return f"{said} {incomplete(delivery, until)}".strip() if delivery else said


def show_delivery(store: Marts, console: Console, delivery_id: str, every: bool) -> bool:
    """False: there is no such delivery."""
    found = store.rows(queries.DELIVERY, [delivery_id])
    if not found:
        return False
    (delivery,) = found
    times = [delivery["started_at"], delivery["last_event_at"]]
    events = store.rows(queries.DELIVERY_EVENTS, [delivery_id, *times])
    console.print(screen.header(delivery))
    console.print(screen.timeline(events, with_match=True, every=every))
    console.print(freshness(store, delivery), style="dim", markup=False)
    return True


def show_order(store: Marts, console: Console, order_id: str, every: bool) -> bool:
    """False: there is no such order."""
    (bounds,) = store.rows(queries.ORDER_BOUNDS, [order_id, order_id])
    times = [bounds["started_at"], bounds["last_event_at"]]
    if None in times:
        return False
    events = store.rows(queries.ORDER_EVENTS, [*times, order_id, *times, order_id])
    first, last = (moment(events[place]["event_at"]) for place in (0, -1))
    console.print(
        f"order {plain(order_id)}, {counted(len(events), 'event')} from {first} to {last} UTC",
        markup=False,
    )
    for row in store.rows(queries.ORDER_DELIVERIES, [order_id]):
        robot = plain(row["robot_id"]) or "no robot"
        console.print(
            f"delivery {plain(row['delivery_id'])} {plain(row['outcome'])}, {robot}", markup=False
        )
    console.print(screen.timeline(events, with_match=False, every=every))
    console.print(freshness(store), style="dim", markup=False)
    return True


def show_robot(
    store: Marts,
    console: Console,
    robot_id: str,
    every: bool,
    start: datetime | None = None,
    end: datetime | None = None,
) -> bool:
    """False: there is no such robot."""
    last = store.rows(queries.LAST_SEEN, [robot_id])[0]["event_at"]
    if last is None:
        return False
    # Exclusive, so that the robot's last event is in it.
    end = end or max(last, start or last) + timedelta(milliseconds=1)
    start = start or end - timedelta(hours=1)
    if start >= end:
        raise click.UsageError("--from must lie before --to.")
    events = store.rows(queries.ROBOT_EVENTS, [robot_id, start, end])
    console.print(
        f"robot {plain(robot_id)}, {moment(start)} to {moment(end)} UTC, "
        f"{counted(len(events), 'event')}; its last is of {moment(last)}",
        markup=False,
    )
    if events:
        console.print(screen.timeline(events, with_match=False, every=every))
    console.print(freshness(store), style="dim", markup=False)
    return True


def show_any(store: Marts, console: Console, wanted: str, every: bool) -> None:
    """The delivery, order or robot of an id, as it was typed or in capitals."""
    show: dict[str, Callable[[Marts, Console, str, bool], bool]] = {
        "delivery": show_delivery,
        "order": show_order,
        "robot": show_robot,
    }
    prefix = ID_PREFIXES["order_id"]
    what = "order" if prefix and wanted.upper().startswith(prefix) else "delivery"
    if is_id(wanted):
        # To ask what an id is reads the whole timeline: only where the first guess is wrong.
        if show[what](store, console, wanted, every):
            return
        found, known_id = find(store.rows, wanted)
        if found and show[found](store, console, known_id, every):
            return
    refuse_unknown(store, what, wanted)


def as_typed_or_in_capitals(wanted: str) -> list[str]:
    """None for text that is no id."""
    return list(dict.fromkeys((wanted, wanted.upper()))) if is_id(wanted) else []


def show_failed(store: Marts, console: Console, limit: int) -> None:
    rows = store.rows(queries.FAILED, [limit])
    console.print(screen.failed_list(rows) if rows else "No delivery failed or was cancelled.")


def example_id(store: Marts) -> str:
    found = store.rows(queries.EXAMPLE)
    if not found:
        raise FleetError("No delivery has failed yet; simulate more robots or days.")
    return str(found[0]["delivery_id"])


@click.command()
@click.argument("wanted", metavar="[DELIVERY_ID | ORDER_ID | ROBOT_ID]", required=False)
@click.option("--robot", "robot_id", help="Replay a robot: its last hour, or --from until --to.")
@click.option("--order", "order_id", help="Replay an order with all of its deliveries.")
@click.option("--from", "start", type=utc_time, help="Start of a robot's replay, UTC.")
@click.option("--to", "end", type=utc_time, help="End of a robot's replay, UTC, exclusive.")
@click.option("--failed", is_flag=True, help="List recent failed and cancelled deliveries.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_LISTED),
    default=20,
    show_default=True,
    help="How many --failed lists.",
)
@click.option("--example", is_flag=True, help="Show one telling failed delivery.")
@click.option("--all", "every", is_flag=True, help="Show each heartbeat, not one row for a run.")
@database_option
@click.option(
    "--target",
    envvar="DBT_TARGET",
    help="In place of a file: a target of profiles.yml, such as redshift.  [default: DBT_TARGET]",
)
@click.pass_context
def session(
    context: click.Context,
    wanted: str | None,
    robot_id: str | None,
    order_id: str | None,
    start: datetime | None,
    end: datetime | None,
    failed: bool,
    limit: int,
    example: bool,
    every: bool,
    database: Path,
    target: str | None,
) -> None:
    """Show what happened in a delivery, or to an order or a robot, event by event."""
    wanted, robot_id, order_id = ((text or "").strip() for text in (wanted, robot_id, order_id))
    if sum(map(bool, (wanted, robot_id, order_id, failed, example))) != 1:
        raise click.UsageError(
            "Name one thing to show: a delivery, order or robot id, --robot, --order, --failed or "
            "--example."
        )
    given = {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    for sentence, options, shown in BELONGING:
        if given & options and not given & shown:
            raise click.UsageError(sentence)
    if given >= {"database", "target"}:
        raise click.UsageError("--database names a file, --target a profile's target: give one.")
    # To read a profile takes dbt a second, which a look-up in a file need not wait for.
    is_file = not target or "database" in given
    store = DuckDBMarts(database) if is_file else open_marts(find_project_dir(), target)
    context.call_on_close(store.close)
    # A pipe has no width; 150 columns hold a row of a timeline.
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    if failed:
        show_failed(store, console, limit)
    elif robot_id:
        for typed in as_typed_or_in_capitals(robot_id):
            if show_robot(store, console, typed, every, start, end):
                return
        refuse_unknown(store, "robot", robot_id)
    elif order_id:
        for typed in as_typed_or_in_capitals(order_id):
            if show_order(store, console, typed, every):
                return
        refuse_unknown(store, "order", order_id)
    else:
        show_any(store, console, wanted or example_id(store), every)
