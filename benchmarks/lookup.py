"""How long `fleet session` takes to answer from months of deliveries.

Run `python benchmarks/lookup.py`. One simulated day goes through the whole pipeline; its marts are
then multiplied in SQL, day by day, under ids that do not contain the day, until
delivery_session_events has the rows asked for. Times are this machine's; the ratios between ways
of asking, and between layouts, are the result.

The query is timed alone, on a new connection; the process is all of `fleet session`, from the start
of Python on. Cold: the operating system was asked to forget the file (posix_fadvise). The host
below it may still remember, so a truly cold disk is slower.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.fleets import build_fleet
from fleet.lookup import queries
from fleet.lookup.stores import READ_ONLY, DuckDBMarts
from fleet.simulator.world import Settings

FLEET = Path(sys.executable).parent / "fleet"
# The day's fleet, this many times at once under other ids.
FLEETS = 4
IDS = ("delivery_id", "previous_delivery_id", "next_delivery_id", "event_id", "order_id")
ID_TABLES = {
    "delivery_sessions": (*IDS[:3], "order_id", "robot_id"),
    "delivery_orders": ("delivery_id", "order_id"),
    "delivery_session_events": ("delivery_id", "event_id", "order_id", "robot_id"),
    "event_timeline": ("delivery_id", "event_id", "order_id", "robot_id"),
    "robot_state_intervals": ("state_event_id", "robot_id"),
}
ORDERS = {
    "delivery_sessions": "started_at",
    "delivery_orders": "first_event_at",
    "robot_state_intervals": "ended_at",
}

MART = "delivery_session_events"
SHUFFLED = "shuffled_session_events"

# What `fleet session` asked before it knew when a session was.
WITHOUT_BOUNDS = f"""
select *
from {MART}
where delivery_id = ?
order by sequence_number
"""


def multiply(source: Path, target: Path, rows: int) -> int:
    """Write the marts of `source`, moved on day by day, into `target` until there are `rows`.

    Each day is written in the order of time, as nightly runs do. Returns the number of days.
    """
    with duckdb.connect(target) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{source}' as day (read_only)")
        connection.execute("create schema fleet_marts")
        counted = "select count(*) from day.fleet_marts.delivery_session_events"
        per_day = int(connection.execute(counted).fetchall()[0][0])
        days = -(-rows // (per_day * FLEETS))
        for table in ID_TABLES:
            connection.execute(
                f"create table fleet_marts.{table} as from day.fleet_marts.{table} limit 0"
            )
        for number in range(days):
            for table, ids in ID_TABLES.items():
                kept = [
                    f"cast({name} + interval {number} day as {kind}) as {name}"
                    for name, kind in times(connection, table)
                ]
                # A hash, because the ids of a real fleet need not grow with time.
                kept += [
                    f"'X-' || left(md5({name} || '/{number}/' || fleet), 16) as {name}"
                    for name in ids
                    if name != "robot_id"
                ]
                if "robot_id" in ids:
                    kept.append("robot_id || '/' || fleet as robot_id")
                connection.execute(
                    f"insert into fleet_marts.{table}"
                    f" select columns(rows.*) from (select day.* exclude (fleet)"
                    f" replace ({', '.join(kept)}) from ("
                    f"select * from day.fleet_marts.{table}, range({FLEETS}) as fleets (fleet)"
                    f") as day) as rows order by {ORDERS.get(table, 'event_at')}"
                )
        connection.execute(
            f"create table fleet_marts.{SHUFFLED} as"
            " from fleet_marts.delivery_session_events order by hash(event_id)"
        )
        connection.execute("checkpoint")
    return days


def times(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    """The columns of a mart that are moved on, with their types."""
    described = connection.execute(f"describe day.fleet_marts.{table}").fetchall()
    return [(name, kind) for name, kind, *_ in described if kind.startswith(("DATE", "TIMESTAMP"))]


def forget(path: Path) -> None:
    """Ask the operating system to drop the file from its cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def some_ids(database: Path, column: str, count: int) -> list[str]:
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(
            f"select {column} from fleet_marts.delivery_sessions where {column} is not null"
            " and outcome <> 'open' order by hash(delivery_id) limit ?",
            [count],
        ).fetchall()
    return [str(row[0]) for row in found]


def query(database: Path, delivery_id: str, table: str, is_bounded: bool) -> float:
    """Seconds that the events of a session take, on a connection that was just opened."""
    found = DuckDBMarts(database).rows(queries.DELIVERY, [delivery_id])[0]
    sql, values = WITHOUT_BOUNDS, [delivery_id]
    if is_bounded:
        sql = queries.DELIVERY_EVENTS
        values += [found["started_at"], found["last_event_at"]]
    with duckdb.connect(database, read_only=True, config=READ_ONLY) as connection:
        connection.execute("use fleet_marts")
        began = time.perf_counter()
        rows = connection.execute(sql.replace(MART, table), values).fetchall()
        seconds = time.perf_counter() - began
    assert len(rows) == found["event_count"]
    return seconds


def process(database: Path, *words: str) -> float:
    """Seconds of `fleet session` as a person starts it."""
    command = [str(FLEET), "session", *words, "--database", str(database)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(database: Path, ids: int) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds of each way to ask, cold and warm, for `ids` deliveries or orders."""
    deliveries = some_ids(database, "delivery_id", ids)
    orders = some_ids(database, "order_id", ids)
    ways: dict[str, Callable[[int], float]] = {
        "query: time order, bounded": lambda n: query(database, deliveries[n], MART, True),
        "query: time order, unbounded": lambda n: query(database, deliveries[n], MART, False),
        "query: shuffled, bounded": lambda n: query(database, deliveries[n], SHUFFLED, True),
        "query: shuffled, unbounded": lambda n: query(database, deliveries[n], SHUFFLED, False),
        "process: fleet session D-…": lambda n: process(database, deliveries[n]),
        "process: fleet session O-…": lambda n: process(database, "--order", orders[n]),
    }
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    # Turn by turn, so that a slower minute of the machine favours no way.
    for number in range(ids):
        for name, way in ways.items():
            forget(database)
            found[name][0].append(way(number))
            found[name][1].append(way(number))
    return found


def quantile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def print_report(
    found: dict[str, tuple[list[float], list[float]]], rows: int, days: int, console: Console
) -> None:
    table = Table(title=f"{rows:,} session events of {days} days, milliseconds", box=None)
    table.add_column("")
    for name in ("cold p50", "cold p95", "warm p50", "warm p95", "warm, of the first"):
        table.add_column(name, justify="right")
    (_, first), *_ = found.values()
    for name, (cold, warm) in found.items():
        cells = [f"{quantile(times, share) * 1000:,.0f}" for times in (cold, warm) for share in (0.5, 0.95)]  # fmt: skip  # noqa: E501
        ratio = statistics.median(warm) / statistics.median(first)
        table.add_row(name, *cells, f"{ratio:.1f} ×")
    console.print(table)


@click.command()
@click.option("--rows", type=click.IntRange(min=1), default=10_000_000, show_default=True)
@click.option("--robots", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--ids", type=click.IntRange(min=1), default=25, show_default=True)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Keep the databases here and use them again.  [default: none is kept]",
)
def main(rows: int, robots: int, ids: int, folder: Path | None) -> None:
    """Time the look-up of one delivery among millions of session events."""
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        database, made = home / "months.duckdb", home / "months.txt"
        if not made.exists():
            database.unlink(missing_ok=True)
            day = build_fleet(home / "day", Settings(robots, 1, seed=7, start=date(2026, 1, 5)))
            days = multiply(day.database, database, rows)
            made.write_text(str(days))
        with duckdb.connect(database, read_only=True) as connection:
            ((count,),) = connection.execute(
                "select count(*) from fleet_marts.delivery_session_events"
            ).fetchall()
        print_report(measure(database, ids), count, int(made.read_text()), Console(width=120))


if __name__ == "__main__":
    main()
