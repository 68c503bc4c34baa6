"""Seconds from the write of an event file to its event in the story of its delivery, on DuckDB.

Run `python -m benchmarks.freshness`. A fleet with a month of history is built; then `fleet follow`
runs on it, in a process of its own, while files with the lines of the following day arrive. Each
holds, among the fleet's lines, one event of a delivery that was never named before, and is timed
until a look-up as `fleet session` makes it returns that event. The look-ups themselves are timed
too: they wait while `fleet follow` writes.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from fleet_events import Events, get_logger
from rich.console import Console
from rich.progress import track

from benchmarks.fleets import ROOT, build_fleet
from fleet.duckdb_file import DatabaseError
from fleet.errors import FleetError
from fleet.lookup import queries
from fleet.lookup.stores import DuckDBMarts
from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings

# As many as 40 robots log in the seconds between two files.
LINES_BESIDE = 25
SECONDS_BETWEEN_LOOK_UPS = 0.2
GIVE_UP_AFTER_SECONDS = 300


def last_day() -> date:
    """Yesterday: the history goes on to it, its lines and events of now are what follows.

    Were there weeks without a line in between, each step would have to say of every robot that
    nobody knows what it did in them.
    """
    return datetime.now(UTC).date() - timedelta(days=1)


def event_line(delivery_id: str) -> bytes:
    """One event of a delivery that happens now, as Vector writes it."""
    lines: list[bytes] = []
    logger = get_logger(service="delivery-service", version="1.0.0", env="prod", write=lines.append)
    logger.event(
        Events.DELIVERY_CUSTOMER_NOTIFIED,
        {"delivery_id": delivery_id, "market": "la", "channel": "push", "delivered_ok": True},
    )
    line = json.loads(lines[0])
    return json.dumps(line | {"received_at": line["occurred_at"]}).encode()


def write_file(landing: Path, lines: list[bytes]) -> None:
    """Write a file whole or not at all."""
    hour = landing / f"{datetime.now(UTC):date=%Y-%m-%d/hour=%H}"
    hour.mkdir(parents=True, exist_ok=True)
    unfinished = hour / f"{uuid.uuid4()}.part"
    unfinished.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    unfinished.replace(unfinished.with_suffix(".ndjson.gz"))


def following_lines(folder: Path, settings: Settings) -> Iterator[bytes]:
    """Lines of the day after the history."""
    simulate_fleet(settings, load_registry(ROOT), folder)
    for path in sorted(landing_folder(folder).rglob("*.ndjson.gz"), key=lambda path: path.name):
        yield from gzip.decompress(path.read_bytes()).splitlines()


@contextmanager
def following(database: Path, landing: Path, every: str) -> Iterator[None]:
    """`fleet follow` in a process of its own, from its first step on."""
    log = database.with_name("follow.log")
    command = [sys.executable, "-m", "fleet.cli", "follow", "--every", every]
    environment = os.environ | {
        "FLEET_DATABASE": str(database),
        "DBT_PROFILES_DIR": str(database.parent),
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--landing", str(landing)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            while "sessions built" not in log.read_text():
                if process.poll() is not None:
                    raise FleetError(f"fleet follow ended: {log.read_text()}")
                time.sleep(0.2)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def look_up(marts: DuckDBMarts, delivery_id: str) -> bool:
    """Whether the story of the delivery has an event."""
    found = marts.rows(queries.DELIVERY, [delivery_id])
    if not found:
        return False
    times = [found[0]["started_at"], found[0]["last_event_at"]]
    return len(marts.rows(queries.DELIVERY_EVENTS, [delivery_id, *times])) > 0


def share(seconds: list[float], hundredth: int) -> float:
    """The time that so many hundredths of all times do not exceed."""
    return sorted(seconds)[max(0, -(-hundredth * len(seconds) // 100) - 1)]


@click.command(help=__doc__)
@click.option("--robots", default=40, show_default=True, type=click.IntRange(1, 1000))
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@click.option("--events", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--every", default="10s", show_default=True, help="As of fleet follow.")
@click.option("--seconds-between", default=3.0, show_default=True, help="Between two files.")
def main(robots: int, days: int, events: int, every: str, seconds_between: float) -> None:
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        console.print(f"Building {robots} robots and {days} days of history ...")
        today = last_day()
        start = today - timedelta(days=days)
        fleet = build_fleet(folder, Settings(robots, days, 7, start))
        landing = landing_folder(folder)
        lines = following_lines(folder / "following", Settings(robots, 1, 8, today))
        marts = DuckDBMarts(fleet.database, wait_seconds=60)
        seconds, look_ups = time_events(
            fleet.database, landing, marts, lines, events, every, seconds_between, console
        )
        (history,) = marts.rows("select count(*) as events from event_timeline")
    print(f"{events} events, one file each, {robots} robots, {history['events']:,} events in all")
    print(f"file written -> in the story   p50 {share(seconds, 50):.1f} s")
    print(f"                               p95 {share(seconds, 95):.1f} s")
    print(f"a look-up beside it            p50 {share(look_ups, 50):.2f} s")
    print(f"                               p95 {share(look_ups, 95):.2f} s")
    figures = {
        "p50_seconds": round(share(seconds, 50), 2),
        "p95_seconds": round(share(seconds, 95), 2),
        "mean_seconds": round(statistics.mean(seconds), 2),
        "look_up_p50_seconds": round(share(look_ups, 50), 3),
        "look_up_p95_seconds": round(share(look_ups, 95), 3),
        "events": events,
        "history_events": history["events"],
    }
    print(json.dumps(figures))


def time_events(
    database: Path,
    landing: Path,
    marts: DuckDBMarts,
    lines: Iterator[bytes],
    events: int,
    every: str,
    seconds_between: float,
    console: Console,
) -> tuple[list[float], list[float]]:
    """Seconds from file to story of each event, and of each look-up meanwhile."""
    written: dict[str, float] = {}
    seconds: list[float] = []
    look_ups: list[float] = []

    def look() -> None:
        for delivery_id, at in list(written.items()):
            began = time.monotonic()
            try:
                is_there = look_up(marts, delivery_id)
            except DatabaseError:
                continue
            look_ups.append(time.monotonic() - began)
            if is_there:
                seconds.append(time.monotonic() - at)
                del written[delivery_id]
            elif time.monotonic() - at > GIVE_UP_AFTER_SECONDS:
                raise FleetError(f"The event of {delivery_id} is in no story; see follow.log.")
            else:
                # What came later is not there either.
                break

    with following(database, landing, every):
        for number in track(range(events), "Waiting for events", console=console):
            delivery_id = f"D-fresh-{number}"
            beside = [line for line, _ in zip(lines, range(LINES_BESIDE), strict=False)]
            write_file(landing, [*beside, event_line(delivery_id)])
            written[delivery_id] = time.monotonic()
            until = time.monotonic() + seconds_between
            while time.monotonic() < until:
                look()
                time.sleep(SECONDS_BETWEEN_LOOK_UPS)
        while written:
            look()
            time.sleep(SECONDS_BETWEEN_LOOK_UPS)
    return seconds, look_ups


if __name__ == "__main__":
    main()
