"""A full `dbt run` beside one query that types every registered field of the same lines.

Run `python -m benchmarks.full_build`. Both read lines that are in `event_lines` already, turn by
turn, each in a process of its own. The query is the least that has every field in a typed column:
it takes envelope and fields of each line with one from_json() and writes them to a table in a new
file; nothing is checked, no copy dropped. dbt builds one model after the other, so that the
seconds of a model are its own; DuckDB takes as many threads as it likes in both. Seconds are this
machine's; the ratio is the result.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb

from benchmarks.nightly import (
    ROOT,
    Cost,
    Step,
    Warehouse,
    database_in,
    line_count,
    no_progress,
    progress_bar,
)
from benchmarks.own_process import in_own_process
from fleet.registry import Registry, load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings

JSON_TYPES = {"number": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "timestamp": "TIMESTAMP"}


@dataclass
class Report:
    """What was measured, every round: seconds, and peak megabytes of each process."""

    lines: int
    runs: list[Cost] = field(default_factory=list)
    run_peaks: list[float] = field(default_factory=list)
    parses: list[Cost] = field(default_factory=list)
    parse_peaks: list[float] = field(default_factory=list)


def typed_columns(registry: Registry) -> dict[tuple[str, ...], str]:
    """DuckDB's type of each value of a line, by its path: envelope, ids, each event's fields."""
    columns: dict[tuple[str, ...], str] = {
        tuple(key.path): JSON_TYPES.get(key.type, "VARCHAR") for key in registry.envelope_values
    }
    columns |= {(name,): "VARCHAR" for name in registry.ids}
    for name, each in registry.distinct_fields():
        columns["data", name] = JSON_TYPES.get(each.type, "VARCHAR")
    return columns


def typed_parse_sql(registry: Registry) -> str:
    """The query that writes `typed` in database `typed_file` from the lines of `raw`."""
    columns = typed_columns(registry)
    structure: dict[str, Any] = {}
    for (*above, name), kind in columns.items():
        holder = structure.setdefault(above[0], {}) if above else structure
        holder[name] = kind
    selected = ", ".join(
        "line." + ".".join(f'"{part}"' for part in path) + f' as "{"_".join(path)}"'
        for path in columns
    )
    return (
        f"create table typed_file.typed as select {selected} from"
        f" (select from_json(payload, '{json.dumps(structure)}') as line"
        " from raw.event_log.event_lines)"
    )


def typed_parse(raw: Path, typed: Path) -> Cost:
    """What it costs to write the typed lines of a database to a new one, which is on disk then."""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{raw}' as raw (read_only)")
        sql = typed_parse_sql(load_registry(ROOT))
        began, processor = time.perf_counter(), time.process_time()
        connection.execute(f"attach '{typed}' as typed_file")
        connection.execute(sql)
        connection.execute("detach typed_file")
        return Cost({}, time.perf_counter() - began, time.process_time() - processor)


def full_run(folder: Path, database: Path, landing: Path, settings: dict[str, str]) -> Cost:
    """The cost of a `dbt run` of the whole project; DuckDB has the settings, by their names."""
    return Warehouse(folder, settings).run(database=database, landing=landing)


def measure(folder: Path, landing: Path, rounds: int, step: Step = no_progress) -> Report:
    """Load the files below `landing`, then run and parse them in turn; works in `folder`."""
    step("Loading", 1)
    raw, built, typed = (database_in(folder / name) for name in ("raw", "built", "typed"))
    warehouse = Warehouse(folder / "dbt")
    warehouse("run-operation", "load_event_lines", database=raw, landing=landing)
    warehouse("seed", database=raw, landing=landing)
    report = Report(line_count(raw))
    for number in range(rounds):
        for turn in ("parse", "run") if number % 2 == 0 else ("run", "parse"):
            step(f"{turn.capitalize()}, round {number + 1} of {rounds}", 1)
            if turn == "run":
                shutil.copyfile(raw, built)
                os.sync()
                cost, peak = in_own_process(full_run, folder / "dbt", built, landing, {})
                report.runs.append(cost)
                report.run_peaks.append(peak)
            else:
                typed.unlink(missing_ok=True)
                os.sync()
                cost, peak = in_own_process(typed_parse, raw, typed)
                report.parses.append(cost)
                report.parse_peaks.append(peak)
    return report


def show(report: Report) -> None:
    """Print the seconds of each model, then of each round; the figures last, as JSON."""
    print(
        f"{'a full run of ' + format(report.lines, ',') + ' lines':55}{'seconds':>10}{'share':>8}"
    )
    whole = statistics.median(cost.whole for cost in report.runs)
    models = {
        name: statistics.median(cost.models[name] for cost in report.runs)
        for name in report.runs[0].models
    }
    models["hooks, and dbt itself"] = statistics.median(cost.rest for cost in report.runs)
    for name, seconds in sorted(models.items(), key=lambda item: -item[1]):
        print(f"{name:55}{seconds:10.2f}{seconds / whole:8.1%}")
    print()
    print(f"{'each round':15}{'seconds':>28}{'of processors':>28}{'peak MB':>28}")
    for name, costs, peaks in (
        ("dbt run", report.runs, report.run_peaks),
        ("typed parse", report.parses, report.parse_peaks),
    ):
        wall = "  ".join(f"{cost.whole:.1f}" for cost in costs)
        processor = "  ".join(f"{cost.processor:.1f}" for cost in costs)
        print(f"{name:15}{wall:>28}{processor:>28}{'  '.join(f'{peak:.0f}' for peak in peaks):>28}")
    print(json.dumps(figures(report)))


def figures(report: Report) -> dict[str, float]:
    """Medians over the rounds; of memory the most of any round.

    Beside other work on the machine only the ratio of processor seconds says much.
    """
    run = statistics.median(cost.whole for cost in report.runs)
    parse = statistics.median(cost.whole for cost in report.parses)
    processor_of_run = statistics.median(cost.processor for cost in report.runs)
    processor_of_parse = statistics.median(cost.processor for cost in report.parses)
    return {
        "ratio_to_typed_parse": round(run / parse, 2),
        "lines_per_second": round(report.lines / run),
        "peak_mb": round(max(report.run_peaks)),
        "processor_ratio_to_typed_parse": round(processor_of_run / processor_of_parse, 2),
        "run_seconds": round(run, 2),
        "typed_parse_seconds": round(parse, 2),
        "typed_parse_peak_mb": round(max(report.parse_peaks)),
    }


@click.command(help=__doc__)
@click.option("--days", default=100, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--robots", default=10, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option(
    "--landing",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take these files, not those of a simulated fleet.",
)
def main(days: int, robots: int, rounds: int, landing: Path | None) -> None:
    with tempfile.TemporaryDirectory() as temporary, progress_bar() as step:
        folder = Path(temporary)
        if landing is None:
            settings = Settings(robots, days, seed=7, start=date(2026, 1, 5))
            advance = step(f"Simulating {days} days", settings.end)
            simulate_fleet(settings, load_registry(ROOT), folder / "fleet", advance)
            landing = landing_folder(folder / "fleet")
        report = measure(folder, landing.resolve(), rounds, step)
    show(report)


if __name__ == "__main__":
    main()
