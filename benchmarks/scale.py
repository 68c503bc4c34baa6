"""Seconds per line and memory of a full `dbt run`, from a million lines to thirty.

Run `python -m benchmarks.scale`. Each log is a simulated day, repeated with ids and times moved on
and written straight into `event_lines`. All logs have the same shape, so that only their length
differs:

- one old robot, with a tenth of all lines, is there from the first day to the last;
- ninety robots share the other lines, in the last tenth of the days;
- nine robots were last heard on the first day: what they did then lasts to the end of the log.

DuckDB may take so much memory and no more; what dbt and Python hold comes on top. Each run is a
process of its own. Seconds are this machine's; the ratio is the result.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import re
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import duckdb
import pyarrow as pa

from benchmarks.full_build import full_run
from benchmarks.nightly import (
    LOADED_AT,
    ROOT,
    Step,
    Warehouse,
    database_in,
    move,
    no_progress,
    progress_bar,
)
from benchmarks.own_process import in_own_process
from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.event_lines import check

START = date(2020, 6, 1)
YOUNG_ROBOTS = 9
YOUNG_FLEETS = 10
# A fleet of its own, of as many robots as a young one.
OPEN_FLEET = YOUNG_FLEETS + 1
AT_ONCE = 8

# What `move` leaves: robots, pilots and merchants, and of an event's id the random part.
OF_FLEET = re.compile(rb"\b(?P<kind>[RPM])-(?P<number>\d+)|-7[0-9a-f]{3}-(?=[89ab])")
NUMBERS_PER_FLEET = 1_000


class Block(NamedTuple):
    """A day of a fleet; fleet 0 is the old robot. Numbers are unique in a log."""

    number: int
    day: int
    fleet: int


@dataclass(frozen=True)
class Cost:
    """One full run of a log."""

    lines: int
    seconds: float
    peak_mb: float


def blocks_of(days: int) -> Iterator[Block]:
    """The days of each fleet in a log, in the order of time."""
    first_young_day = days - -(-days // YOUNG_FLEETS)
    number = 0
    for day in range(days):
        fleets = [0]
        if day == 0:
            fleets.append(OPEN_FLEET)
        if day >= first_young_day:
            # As many days of young fleets as of the old robot, so that its share is a tenth.
            left = days - (day - first_young_day) * YOUNG_FLEETS
            fleets += range(1, 1 + min(left, YOUNG_FLEETS))
        for fleet in fleets:
            yield Block(number, day, fleet)
            number += 1


def moved(content: bytes, block: Block) -> bytes:
    """The lines of a simulated day as those of a block; no id of a fleet is in another one."""

    def renamed(match: re.Match[bytes]) -> bytes:
        if match["kind"] is None:
            return b"-7%03x-" % block.fleet
        number = block.fleet * NUMBERS_PER_FLEET + int(match["number"])
        return b"%b-%d" % (match["kind"], number)

    return OF_FLEET.sub(renamed, move(content, block.day, block.number))


def simulated_day(folder: Path, robots: int) -> bytes:
    """The lines of a day that are JSON objects; the loader would keep no others."""
    settings = Settings(robots, 1, seed=robots, start=START)
    simulate_fleet(settings, load_registry(ROOT), folder)
    found = bytearray()
    for path in sorted(landing_folder(folder).rglob("*.ndjson.gz")):
        lines = check(gzip.decompress(path.read_bytes()))
        ends = lines.sizes.cumsum()
        for start, end in zip(ends - lines.sizes, ends, strict=True):
            found += lines.accepted[start:end] + b"\n"
    return bytes(found)


def write_log(database: Path, old: bytes, young: bytes, lines: int, step: Step) -> int:
    """Write a log of about so many lines into the raw tables; returns how many they are."""
    lines_per_day = old.count(b"\n") + young.count(b"\n")
    days = max(YOUNG_FLEETS, round(lines / lines_per_day))
    planned = list(blocks_of(days))
    advance = step(f"Writing {lines:,} lines", len(planned))
    written = 0
    context = multiprocessing.get_context("forkserver")
    with duckdb.connect(database) as connection, ProcessPoolExecutor(mp_context=context) as pool:
        # No more at once, because what is done waits in memory.
        for begun in range(0, len(planned), AT_ONCE):
            batch = planned[begun : begun + AT_ONCE]
            contents = [young if block.fleet else old for block in batch]
            for block, text in zip(batch, pool.map(moved, contents, batch), strict=True):
                written += insert(connection, block, text)
            advance(begun + len(batch))
    return written


def insert(connection: duckdb.DuckDBPyConnection, block: Block, text: bytes) -> int:
    """Write the lines of a block as one file of one load, the night after; returns their count."""
    payload = text.decode().splitlines()
    loaded_at = datetime.combine(START + timedelta(days=block.day + 1), LOADED_AT)
    values = {"file": f"block-{block.number}", "loaded_at": loaded_at}
    connection.register("block", pa.table({"payload": payload}))
    connection.execute(
        "insert into event_log.event_lines (payload, source_file, loaded_at)"
        " select payload, $file, $loaded_at from block",
        values,
    )
    connection.execute(
        "insert into event_log.loaded_files"
        " (source_file, line_count, rejected_count, loaded_at)"
        " values ($file, $lines, 0, $loaded_at)",
        {**values, "lines": len(payload)},
    )
    return len(payload)


def measure(
    folder: Path, sizes: list[int], rounds: int, memory_limit: str, step: Step = no_progress
) -> dict[int, list[Cost]]:
    """Write a log of each size, then run them in turn; every round, by size."""
    step("Simulating a day", 1)
    old, young = (simulated_day(folder / f"{robots}", robots) for robots in (1, YOUNG_ROBOTS))
    landing = folder / "landing"
    landing.mkdir()
    warehouse = Warehouse(folder / "dbt")
    lines = {}
    for size in sizes:
        database = database_in(folder / f"raw-{size}")
        warehouse("run-operation", "load_event_lines", database=database, landing=landing)
        warehouse("seed", database=database, landing=landing)
        lines[size] = write_log(database, old, young, size, step)

    costs: dict[int, list[Cost]] = defaultdict(list)
    for number in range(rounds):
        for size in sizes if number % 2 == 0 else reversed(sizes):
            step(f"Full run of {lines[size]:,} lines, round {number + 1} of {rounds}", 1)
            database = database_in(folder / "built")
            shutil.copyfile(database_in(folder / f"raw-{size}"), database)
            os.sync()
            settings = {"memory_limit": memory_limit}
            run, peak_mb = in_own_process(full_run, folder / "dbt", database, landing, settings)
            costs[size].append(Cost(lines[size], run.whole, peak_mb))
    return dict(costs)


def figures(costs: dict[int, list[Cost]]) -> dict[str, float]:
    """The ratio of medians, longest log to shortest; of memory the most of any run."""
    per_line = {
        size: statistics.median(cost.seconds / cost.lines for cost in of)
        for size, of in costs.items()
    }
    return {
        "seconds_per_line_ratio": round(per_line[max(per_line)] / per_line[min(per_line)], 3),
        "peak_mb": round(max(cost.peak_mb for of in costs.values() for cost in of)),
        **{f"lines_per_second_{size}": round(1 / seconds) for size, seconds in per_line.items()},
    }


@click.command(help=__doc__)
@click.option(
    "--lines",
    "sizes",
    multiple=True,
    default=(1_000_000, 10_000_000, 30_000_000),
    show_default=True,
    type=click.IntRange(1_000, 1_000_000_000),
    help="Lines of a log, about; repeat it for each log.",
)
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(1, 20))
@click.option("--memory-limit", default="2GB", show_default=True, help="Of DuckDB.")
def main(sizes: tuple[int, ...], rounds: int, memory_limit: str) -> None:
    with tempfile.TemporaryDirectory() as temporary, progress_bar() as step:
        costs = measure(Path(temporary), sorted(set(sizes)), rounds, memory_limit, step)
    print(
        f"{'lines':>12}{'seconds':>12}{'lines/s':>12}{'peak MB':>12}   DuckDB limit {memory_limit}"
    )
    for of in costs.values():
        for cost in of:
            rate = cost.lines / cost.seconds
            print(f"{cost.lines:12,}{cost.seconds:12.1f}{rate:12,.0f}{cost.peak_mb:12,.0f}")
    print(json.dumps(figures(costs)))


if __name__ == "__main__":
    main()
