"""Our seconds for the core of a build beside those of hand-written programs.

Run `python -m benchmarks.peers`. Each takes the same gzipped event files to the same tables: lines
that cannot be used in quarantine by reason, repeated events dropped, every event attributed to
deliveries, a row per delivery, time per robot, hour and state, and operating time and failing
errors per robot and month. On our side that is `load_event_lines` and a `dbt run` of the models
that these tables need; the peers are one file each in `peer_programs`, as fast as we could write
them. What they write must equal our tables row for row, else the benchmark ends with a sentence.

The peers do less: they read a dozen fields, know four rules for lines, make no failures of errors
and states, infer nothing that the log does not tell, correct no clock, and keep nothing that a
second night could use. The simulated lines are therefore damaged in those ways only, and deliveries
are compared of which the log tells all. Each turn is a process of its own; what is measured begins
after imports, for ours after dbt has read the project. Peak memory is that of this process; polars
and pandas decode lines in others beside it.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unittest import mock

import click
import duckdb

from benchmarks.nightly import (
    ROOT,
    BenchmarkError,
    Step,
    Warehouse,
    database_in,
    line_count,
    no_progress,
    progress_bar,
)
from benchmarks.own_process import in_own_process
from benchmarks.peer_programs.rules import OUTPUTS, load_rules
from fleet.registry import load_registry
from fleet.registry.schema import Event
from fleet.registry_constants import QuarantineReason
from fleet.simulator import troubles
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings

PEERS = {"polars": "polars", "pandas": "pandas", "chdb": "chdb", "duckdb": "duckdb"}
"""The package that each peer needs."""

MODELS = ("+int_event_delivery_matches", "+delivery_sessions", "+supply_hours", "+robot_mtbf")
OURS = {
    "quarantine": """
        select reason, count(*) as line_count from (
            select quarantine_reason as reason
            from fleet_staging.base_event_log__typed_lines where quarantine_reason is not null
            union all select reason from event_log.rejected_lines
        ) group by reason
    """,
    "matches": """
        select event_id, delivery_id, match_method
        from fleet_intermediate.int_event_delivery_matches
    """,
    "sessions": """
        select delivery_id, outcome, epoch_ms(started_at) as started_ms,
            epoch_ms(last_event_at) as last_event_ms, event_count
        from fleet_marts.delivery_sessions
    """,
    "supply_hours": """
        select robot_id, epoch_ms(hour_at) as hour_ms, state,
            cast(sum(duration_seconds) * 1000 as bigint) as duration_ms
        from fleet_marts.supply_hours group by robot_id, hour_at, state
    """,
    "mtbf": """
        select robot_id, strftime(month_start, '%Y-%m') as month,
            cast(round(operating_hours * 3600000) as bigint) as operating_ms,
            count(event_id) as error_count
        from fleet_marts.robot_mtbf
        left join (
            select robot_id, event_id, date_trunc('month', event_at) as month_start
            from fleet_intermediate.int_failure_events where event_name = 'robot.error'
        ) using (robot_id, month_start)
        group by all
    """,
}


# Deliveries of which the log tells all: the peers infer nothing of others, nor that a robot knew of
# its assignment before dispatch logged it.
TOLD = """
    select delivery_id from fleet_marts.delivery_sessions
    where outcome_basis = 'reported' and coalesce(window_basis, 'reported') = 'reported'
    and delivery_id not in (
        select windows.delivery_id from fleet_intermediate.int_assignment_windows as windows
        inner join fleet_staging.stg_event_log__events as events
            on windows.assignment_id = events.event_id
        where windows.assigned_at < events.event_at
    )
"""


@dataclass(frozen=True)
class Cost:
    """Seconds and peak megabytes of one turn; for ours the loader's seconds as well."""

    seconds: float
    peak_mb: float
    load: float = 0.0


def ours(folder: Path, database: Path, landing: Path) -> tuple[float, float]:
    """Load the files into a new database and run the models; seconds of the load, and of both."""
    warehouse = Warehouse(folder)
    # The seeds are no part of the work: they are the same every time.
    warehouse("seed", database=database, landing=landing)
    load = warehouse("run-operation", "load_event_lines", database=database, landing=landing)
    run = warehouse.run("--select", *MODELS, database=database, landing=landing)
    return load.elapsed_time, load.elapsed_time + run.whole


def theirs(peer: str, landing: Path, out: Path) -> float:
    """Seconds that a peer takes to write its tables into `out`."""
    program, rules = importlib.import_module(f"benchmarks.peer_programs.on_{peer}"), load_rules()
    began = time.perf_counter()
    program.run(landing, out, rules)
    return time.perf_counter() - began


def compare(peer: str, database: Path, out: Path) -> dict[str, int]:
    """Rows of each table; raises BenchmarkError where the peer's are not ours."""
    counts = {}
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, columns in OUTPUTS.items():
            where = f"where delivery_id in ({TOLD})" if "delivery_id" in columns else ""
            our = f"(select {columns} from ({OURS[name]}) {where})"
            their = f"(select {columns} from '{out / name}.parquet' {where})"
            only_ours, only_theirs, counts[name] = connection.execute(
                f"select (select count(*) from (from {our} except all from {their})),"
                f" (select count(*) from (from {their} except all from {our})),"
                f" (select count(*) from {our})"
            ).fetchall()[0]
            if only_ours or only_theirs:
                raise BenchmarkError(
                    f"The {peer} program and our models differ in {name}: {only_ours:,} rows are"
                    f" only in ours, {only_theirs:,} only in theirs, of {counts[name]:,}."
                )
    return counts


def simulate(folder: Path, robots: int, days: int, step: Step) -> Path:
    """Simulate a fleet whose heartbeats are damaged and doubled in ways that the peers look for.

    All else of its log is clean: the peers correct, derive and infer nothing.
    """

    def drop_id(self: troubles.Damager, record: dict[str, object], event: Event) -> bool:
        required = [name for name, need in event.ids.items() if need == "required"]
        if required:
            del record[self._chance.choice(required)]
        return bool(required)

    registry = load_registry(ROOT)
    settings = Settings(robots, days, seed=7, start=date(2026, 1, 1), clean=True)
    simulate_fleet(settings, registry, folder, step(f"Simulating {days} days", settings.end))
    unknown_to_peers = {QuarantineReason.BAD_TYPE, QuarantineReason.MISSING_EVENT_ID}
    kinds = tuple(kind for kind in troubles.DAMAGES if kind not in unknown_to_peers)
    with (
        mock.patch.object(troubles, "DAMAGES", kinds),
        mock.patch.object(troubles.Damager, "_drop_required", drop_id),
    ):
        damager = troubles.Damager(registry, random.Random(settings.seed))
        heartbeats = itertools.count(1)
        for path in sorted(landing_folder(folder).rglob("*.ndjson.gz")):
            lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
            path.write_bytes(gzip.compress(b"".join(damaged(lines, damager, heartbeats)), mtime=0))
    return landing_folder(folder)


def damaged(
    lines: list[bytes], damager: troubles.Damager, heartbeats: Iterator[int]
) -> Iterator[bytes]:
    """Of each hundred heartbeats one is twice, one cut off, one no object, and one does not fit."""
    for line in lines:
        number = next(heartbeats) % 100 if b'"robot.heartbeat"' in line else 1
        match number:
            case 0:
                yield from (line, line)
            case 25:
                yield line[: len(line) // 2].rstrip(b"\n") + b"\n"
            case 50:
                yield b"[1]\n"
            case 75:
                yield damager.damage(line)[1].rstrip(b"\n") + b"\n"
            case _:
                yield line


def measure(
    folder: Path, landing: Path, peers: list[str], rounds: int, step: Step = no_progress
) -> tuple[int, dict[str, int], dict[str, list[Cost]]]:
    """Lines, rows of each table, and every round's cost of ours and of each peer, in turn."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    database, rows = database_in(folder / "ours"), {}
    for number in range(rounds):
        for name in ["ours", *(peers if number % 2 == 0 else reversed(peers))]:
            step(f"{name}, round {number + 1} of {rounds}", 1)
            os.sync()
            if name == "ours":
                database.unlink(missing_ok=True)
                (load, seconds), peak_mb = in_own_process(ours, folder / "dbt", database, landing)
                costs[name].append(Cost(seconds, peak_mb, load))
            else:
                out = folder / name
                out.mkdir(exist_ok=True)
                seconds, peak_mb = in_own_process(theirs, name, landing, out)
                costs[name].append(Cost(seconds, peak_mb))
                rows = compare(name, database, out)
    return line_count(database), rows, dict(costs)


def show(lines: int, rows: dict[str, int], costs: dict[str, list[Cost]]) -> None:
    """Print each round; the ratios last, as JSON."""
    print(f"{lines:,} lines. Equal, row for row:")
    print("  " + ", ".join(f"{count:,} of {name}" for name, count in rows.items()) + "\n")
    print(f"{'':20}{'seconds of each round':>40}{'peak MB':>12}")
    for name, of in costs.items():
        seconds = "  ".join(f"{cost.seconds:.1f}" for cost in of)
        print(f"{name:20}{seconds:>40}{max(cost.peak_mb for cost in of):12,.0f}")
    print(
        f"{'ours, of it loading':20}{'  '.join(f'{cost.load:.1f}' for cost in costs['ours']):>40}"
    )
    our = statistics.median(cost.seconds for cost in costs["ours"])
    ratios = {
        name: round(our / statistics.median(cost.seconds for cost in of), 2)
        for name, of in costs.items()
        if name != "ours"
    }
    print(json.dumps({**ratios, "seconds": round(our, 2)}))


@click.command(help=__doc__)
@click.option("--days", default=100, show_default=True, type=click.IntRange(1, 300))
@click.option("--robots", default=10, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option(
    "--peer", "peers", multiple=True, type=click.Choice(list(PEERS)), help="All, where not given."
)
def main(days: int, robots: int, rounds: int, peers: tuple[str, ...]) -> None:
    present = []
    for name in peers or PEERS:
        if importlib.util.find_spec(PEERS[name]):
            present.append(name)
        else:
            click.echo(
                f"Without {name}, which is not installed: `pip install {PEERS[name]}`, or all of"
                " them with `pip install --group benchmarks`.",
                err=True,
            )
    if not present:
        raise BenchmarkError("There is no peer to compare with.")
    with tempfile.TemporaryDirectory() as temporary, progress_bar() as step:
        folder = Path(temporary)
        landing = simulate(folder / "fleet", robots, days, step)
        found = measure(folder, landing, present, rounds, step)
    show(*found)


if __name__ == "__main__":
    main()
