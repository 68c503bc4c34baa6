"""Lines that `load_event_lines` takes per second, beside the bare work of it.

Run `python -m benchmarks.load`. The bare work is to gunzip the same files in threads, cut them
into lines, and write those to the same table, where DuckDB scans each as JSON: nothing is checked
by the letter, recorded, rejected or loaded once. It and the loader take turns, each on a new
database. Then a landing folder of many tiny files is loaded, and loaded again when there is
nothing new. Seconds are this machine's; the ratios are the result.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import duckdb
import pyarrow as pa

from benchmarks.nightly import ROOT, Warehouse, database_in
from fleet.registry import load_registry
from fleet.simulator.simulation import simulate_fleet
from fleet.simulator.world import Settings

FILES_AT_ONCE = 500


@dataclass
class Cost:
    """Seconds by the clock, and of all processors together."""

    wall: float = 0.0
    processor: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    cost = Cost()
    wall, processor = time.perf_counter(), time.process_time()
    yield cost
    cost.wall = time.perf_counter() - wall
    cost.processor = time.process_time() - processor


def bare(files: list[Path], database: Path) -> Cost:
    """Gunzip, scan and write, and no more."""

    def read(path: Path) -> list[str]:
        return gzip.decompress(path.read_bytes()).decode(errors="replace").split("\n")

    with measured() as cost, duckdb.connect(database) as connection:
        connection.execute(
            "create table event_lines (payload json using compression zstd, source_file varchar)"
        )
        with ThreadPoolExecutor() as threads:
            # One ahead, so that threads read while DuckDB writes.
            shares = [files[n : n + FILES_AT_ONCE] for n in range(0, len(files), FILES_AT_ONCE)]
            ahead = [threads.submit(read, path) for path in shares[0]]
            for number, share in enumerate(shares):
                reading = ahead
                following = shares[number + 1] if number + 1 < len(shares) else []
                ahead = [threads.submit(read, path) for path in following]
                texts = [done.result() for done in reading]
                lines = [line for text in texts for line in text]
                names = [path.name for path, text in zip(share, texts, strict=True) for _ in text]
                connection.register("lines", pa.table({"line": lines, "name": names}))
                connection.execute(
                    "insert into event_lines select payload, name from"
                    " (select try_cast(line as json) as payload, name from lines)"
                    " where payload is not null"
                )
    return cost


def loaded(warehouse: Warehouse, landing: Path, database: Path) -> Cost:
    with measured() as cost:
        done = warehouse("run-operation", "load_event_lines", database=database, landing=landing)
    # Without what dbt does before and after, which no number of lines changes.
    cost.wall = done.elapsed_time
    return cost


def to_find_nothing(warehouse: Warehouse, folder: Path, files: int) -> list[Cost]:
    """Load so many files, and then what is new: nothing."""
    landing, database = folder / "landing", database_in(folder / "tiny")
    line = gzip.compress(b'{"event_id": "1"}\n', mtime=0)
    for number in range(files):
        hour = landing / f"events/v1/hour={number // 100}"
        if number % 100 == 0:
            hour.mkdir(parents=True)
        (hour / f"{number}.ndjson.gz").write_bytes(line)
    costs = [loaded(warehouse, landing, database) for _ in range(4)]
    return costs[1:]


@click.command(help=__doc__)
@click.option("--days", default=10, show_default=True, type=click.IntRange(1, 100))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option("--files", default=50_000, show_default=True, help="Known files, to find nothing.")
@click.option(
    "--landing",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Load these files, not those of a simulated fleet.",
)
def main(days: int, rounds: int, files: int, landing: Path | None) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if landing is None:
            landing = folder / "fleet/landing"
            settings = Settings(robots=10, days=days, seed=7, start=date(2026, 11, 2), clean=False)
            simulate_fleet(settings, load_registry(ROOT), folder / "fleet", lambda now: None)
        paths = sorted(landing.rglob("*.ndjson.gz"))
        warehouse = Warehouse(folder / "dbt")
        costs: dict[str, list[Cost]] = {"bare": [], "loader": []}
        for number in range(rounds):
            database = database_in(folder / f"bare-{number}")
            costs["bare"].append(bare(paths, database))
            database.unlink()
            database = database_in(folder / f"loader-{number}")
            costs["loader"].append(loaded(warehouse, landing, database))
            lines = line_count(database)
            database.unlink()
        nothing = to_find_nothing(warehouse, folder / "tiny", files)

    print(f"{lines:,} lines in {len(paths):,} files, {os.cpu_count()} processors")
    print(f"{'seconds of each round':30}{'by the clock':>30}{'of processors':>30}")
    for name, of in {**costs, f"nothing new in {files:,} files": nothing}.items():
        wall = "  ".join(f"{cost.wall:.2f}" for cost in of)
        processor = "  ".join(f"{cost.processor:.2f}" for cost in of)
        print(f"{name:30}{wall:>30}{processor:>30}")
    print(json.dumps(figures(lines, costs, nothing)))


def figures(lines: int, costs: dict[str, list[Cost]], nothing: list[Cost]) -> dict[str, float]:
    """Medians over the rounds. Beside other work only those of processors say much."""
    wall = {name: statistics.median(cost.wall for cost in of) for name, of in costs.items()}
    processor = {
        name: statistics.median(cost.processor for cost in of) for name, of in costs.items()
    }
    return {
        "lines_per_second": round(lines / wall["loader"]),
        "lines_per_processor_second": round(lines / processor["loader"]),
        "seconds_to_find_nothing": round(statistics.median(cost.wall for cost in nothing), 2),
        "processor_seconds_to_find_nothing": round(
            statistics.median(cost.processor for cost in nothing), 2
        ),
        "ratio_to_bare_work": round(wall["loader"] / wall["bare"], 2),
        "processor_ratio_to_bare_work": round(processor["loader"] / processor["bare"], 2),
    }


def line_count(database: Path) -> int:
    with duckdb.connect(database) as connection:
        count = "select sum(line_count) from event_log.loaded_files"
        return int(connection.execute(count).fetchall()[0][0])


if __name__ == "__main__":
    main()
