"""What a night costs after short and after long history, and beside a run of empty models.

Run `python -m benchmarks.nightly`. The same night of the same fleet (one day's files, with the
late, repeated and broken lines the simulator makes) is loaded and run on top of each history,
turn by turn, each time on a fresh copy of the database. So is a project of as many models, of the
same materializations, that select one number each: what dbt itself takes. dbt runs in this process
with one thread, so that the seconds of a model are its own. Seconds are this machine's; the ratios
are the result.

History is one simulated block of days, repeated: ids and times are moved on with each repetition,
so that no event, order, delivery or boot comes twice. The project's own loader loads it in one go;
then each line is given the time at which a load of its day would have been. It is built by one
full `dbt run`.
"""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
import os
import re
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from unittest import mock

import click
import duckdb
import yaml
from dbt.artifacts.resources.types import NodeType
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from fleet.errors import FleetError
from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.dbt_runner import DbtRunner

ROOT = Path(__file__).parents[1]

MOST_DAYS = 1_000
# With all days still in the past: the loader's own times are later than all of them.
START = date(2021, 1, 1)
BLOCK_DAYS = 5
# Of the block, in its middle, so that the night sees no seam between repetitions.
NIGHT_DAY = 2
LOADED_AT = clock(hour=3)

# What must differ from one repetition to the next. Robots, pilots, merchants and places stay.
MOVED = re.compile(
    rb'"(?:(?P<day>\d{4}-\d\d-\d\d)T'
    rb"|(?P<time>[0-9a-f]{8}-[0-9a-f]{4})(?=-7[0-9a-f]{3}-)"
    rb"|(?P<kind>D|O|W|help|offer|session)-(?P<number>\d+)"
    rb'|(?P<last>last_)?emitter_id":"(?P<emitter>[^"]*))'
)
NUMBERS_PER_BLOCK = 1_000_000

# Starts a step with a name and a number of parts; what it returns is called with how many are done.
Step = Callable[[str, int], Callable[[int], None]]


def no_progress(name: str, parts: int) -> Callable[[int], None]:
    return lambda done: None


class BenchmarkError(FleetError):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True)
class Cost:
    """Seconds of one `dbt run`."""

    models: dict[str, float]
    whole: float
    processor: float
    load: float = 0.0

    @property
    def rest(self) -> float:
        """What is between the models: hooks and dbt itself."""
        return self.whole - sum(self.models.values())


@dataclass(frozen=True)
class Report:
    """What was measured, by days of history; of the nights and the empty runs, every round."""

    lines: dict[int, int]
    night_lines: int
    builds: dict[int, Cost]
    nights: dict[int, list[Cost]]
    empty_runs: list[Cost]


class Warehouse:
    """The dbt project, parsed once, on one DuckDB file after another.

    `settings` are DuckDB's, by their names, beside those of the project's own profile.

    Attributes:
        materializations: how many models the project has of each.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, project: Path = ROOT
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        profiles = yaml.safe_load((ROOT / "profiles.yml.example").read_text("utf-8"))
        profiles["fleet_analytics"]["outputs"]["dev"]["settings"] |= settings or {}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), "utf-8")
        self._dbt = DbtRunner(project, folder)
        with mock.patch.dict(os.environ, FLEET_DATABASE=str(database_in(folder / "parsed"))):
            manifest = self._dbt.parse()
        self.materializations = Counter(
            node.config.materialized
            for node in manifest.nodes.values()
            if node.resource_type == NodeType.Model
        )

    def __call__(self, *words: str, database: Path, landing: Path) -> Any:
        """Run one dbt command; raises DbtError when it fails."""
        with mock.patch.dict(os.environ, FLEET_DATABASE=str(database)):
            variables = {"landing_path": str(landing), "file_settle_seconds": 0}
            return self._dbt(*words, "--no-print", variables=variables)

    def load(self, database: Path, landing: Path) -> float:
        """Load the new files as if in the night after their day; returns the loader's seconds."""
        done = self("run-operation", "load_event_lines", database=database, landing=landing)
        date_loads(database)
        return float(done.elapsed_time)

    def run(self, *words: str, database: Path, landing: Path) -> Cost:
        """Run every model, one after the other."""
        began = time.process_time()
        done = self("run", "--threads", "1", *words, database=database, landing=landing)
        processor = time.process_time() - began
        models: dict[str, float] = defaultdict(float)
        for result in done.results:
            # Views hold no rows: whatever they cost is the same every night.
            is_view = result.node.config.materialized == "view"
            models["all views" if is_view else result.node.name] += result.execution_time
        return Cost(dict(models), done.elapsed_time, processor)


def date_loads(database: Path) -> None:
    """Set the `loaded_at` of what was just loaded back to the night after the day of its file.

    Else all days would be loaded within minutes, and years after their events.
    """
    after_all = datetime.combine(START + timedelta(days=MOST_DAYS + 2), LOADED_AT)
    with duckdb.connect(database) as connection:
        connection.execute("begin")
        for table in ("event_lines", "rejected_lines", "loaded_files"):
            connection.execute(
                f"update event_log.{table} set loaded_at = $night"
                " + to_days(cast(regexp_extract(source_file, $day, 1) as date) - $start)"
                " where loaded_at > $after_all",
                {
                    "night": datetime.combine(START + timedelta(days=1), LOADED_AT),
                    "day": r"date=([\d-]+)",
                    "start": START,
                    "after_all": after_all,
                },
            )
        connection.execute("commit")


def write_days(simulated: Path, files: Path, days: int, step: Step) -> None:
    """Write days 0 to `days` into `files`: one folder per day of arrival, as the simulator does.

    Day `days` is the night's; it falls on NIGHT_DAY of its block. Lines that arrive after their
    block ended go to the first day of the next, as the late lines that they are.
    """
    paths = sorted(simulated.rglob("*.ndjson.gz"))
    advance = step(f"Writing {days + 1} days", len(paths))
    lead = (days - NIGHT_DAY) % BLOCK_DAYS
    for number, path in enumerate(paths, 1):
        stamp, digest = path.name.split("-", 1)
        received_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        day_of_block = (received_at.date() - START).days
        content = gzip.decompress(path.read_bytes())
        for block in range(days // BLOCK_DAYS + 2):
            ahead = (block - 1) * BLOCK_DAYS + lead
            if 0 <= day_of_block + ahead <= days:
                moved_at = received_at + timedelta(days=ahead)
                folder = files / day_folder(moved_at) / f"hour={moved_at:%H}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{moved_at:%Y%m%dT%H%M%SZ}-{digest}").write_bytes(
                    gzip.compress(move(content, ahead, block), compresslevel=1, mtime=0)
                )
        advance(number)


def move(content: bytes, days: int, block: int) -> bytes:
    """Move event lines ahead by `days`, with the ids of `block` in place of the simulated ones.

    Works on text, so that broken lines move too.
    """

    @functools.cache
    def moved_day(text: bytes) -> bytes:
        try:
            day = date.fromisoformat(text.decode())
        except ValueError:
            return text
        return (day + timedelta(days=days)).isoformat().encode()

    def moved(match: re.Match[bytes]) -> bytes:
        kind = match.lastgroup
        if kind == "day":
            return b'"%bT' % moved_day(match["day"])
        if kind == "time":
            milliseconds = int(match["time"].replace(b"-", b""), 16) + days * 86_400_000
            return b'"%08x-%04x' % divmod(milliseconds, 1 << 16)
        if kind == "number":
            return b'"%b-%d' % (match["kind"], block * NUMBERS_PER_BLOCK + int(match["number"]))
        last = match["last"] or b""
        return b'"%bemitter_id":"%b%02x' % (last, match["emitter"], block)

    return MOVED.sub(moved, content)


def day_folder(day: date) -> str:
    return f"date={day:%Y-%m-%d}"


def arrive(files: Path, landing: Path, day: date) -> None:
    """Let the files of one day land, without a copy of them."""
    shutil.copytree(
        files / day_folder(day),
        landing / day_folder(day),
        copy_function=os.link,
        dirs_exist_ok=True,
    )


def make_histories(
    folder: Path, robots: int, histories: list[int], warehouse: Warehouse, step: Step
) -> None:
    """Write the event files and load each history into a database in `raw-DAYS`.

    The shorter history is the end of the longer one, so that the night is the same for both.
    """
    days = max(histories)
    settings = Settings(robots, BLOCK_DAYS, seed=7, start=START)
    advance = step(f"Simulating {BLOCK_DAYS} days", settings.end)
    simulate_fleet(settings, load_registry(ROOT), folder / "simulated", advance)
    write_days(landing_folder(folder / "simulated"), folder / "files", days, step)
    for history in histories:
        step(f"Loading {history} days", 1)
        landing = folder / f"landing-{history}"
        for number in range(history):
            arrive(folder / "files", landing, START + timedelta(days=days - history + number))
        warehouse.load(database_in(folder / f"raw-{history}"), landing)


def write_empty_project(folder: Path, materializations: Mapping[str, int]) -> None:
    """Write a dbt project with so many models of each materialization, all with one row."""
    shutil.rmtree(folder / "models", ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    project = {"name": "empty", "version": "1.0.0", "profile": "fleet_analytics"}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project), "utf-8")
    for materialized, count in materializations.items():
        for number in range(count):
            (folder / "models" / f"{materialized}_{number}.sql").write_text(
                f"{{{{ config(materialized='{materialized}') }}}}\nselect 1 as x\n", "utf-8"
            )


def measure(
    folder: Path, robots: int, histories: list[int], rounds: int, step: Step = no_progress
) -> Report:
    """Build each history, then run the same night on each of them in turn.

    Event files and loaded histories that an earlier call left in `folder` are used again.
    """
    step("Parsing the project", 1)
    warehouse = Warehouse(folder)
    made, wanted = folder / "made.json", {"robots": robots, "days": histories}
    if not made.exists():
        make_histories(folder, robots, histories, warehouse, step)
        made.write_text(json.dumps(wanted))
    elif json.loads(made.read_text()) != wanted:
        raise BenchmarkError(f"{folder} holds other histories ({made.read_text()}).")

    builds, lines = {}, {}
    night = START + timedelta(days=max(histories))
    for days in histories:
        step(f"Full build of {days} days", 1)
        landing, built = folder / f"landing-{days}", database_in(folder / f"built-{days}")
        shutil.copyfile(database_in(folder / f"raw-{days}"), built)
        warehouse("seed", database=built, landing=landing)
        builds[days] = warehouse.run(database=built, landing=landing)
        lines[days] = line_count(built)

    write_empty_project(folder / "empty", warehouse.materializations)
    empty = Warehouse(folder / "empty", project=folder / "empty")
    empty_database = database_in(folder / "built-empty")
    # As with the nights, what is measured finds its tables there.
    empty.run(database=empty_database, landing=folder)

    empty_runs: list[Cost] = []
    nights: dict[int, list[Cost]] = defaultdict(list)
    for number in range(rounds):
        # Turn by turn and in both orders, so that a slower minute of the machine favours none.
        for days in histories if number % 2 == 0 else reversed(histories):
            step(f"Night after {days} days, round {number + 1} of {rounds}", 1)
            landing, database = folder / f"landing-{days}", database_in(folder / f"night-{days}")
            shutil.rmtree(landing / day_folder(night), ignore_errors=True)
            arrive(folder / "files", landing, night)
            shutil.copyfile(database_in(folder / f"built-{days}"), database)
            os.sync()
            load = warehouse.load(database, landing)
            run = warehouse.run(database=database, landing=landing)
            nights[days].append(dataclasses.replace(run, load=load))
        step(f"Empty models, round {number + 1} of {rounds}", 1)
        empty_runs.append(empty.run(database=empty_database, landing=folder))
    return Report(lines, line_count(database) - lines[days], builds, dict(nights), empty_runs)


def database_in(folder: Path) -> Path:
    """The database of a folder; always of one name, because dbt parsed the project with it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "warehouse.duckdb"


def line_count(database: Path) -> int:
    with duckdb.connect(database) as connection:
        count = "select sum(line_count) from event_log.loaded_files"
        return int(connection.execute(count).fetchall()[0][0])


def show(report: Report, console: Console) -> None:
    """Print the nights by model, then the full builds."""
    histories = list(report.nights)
    short, long = histories[0], histories[-1]

    def median(of: Callable[[Cost], float], days: int) -> float:
        return statistics.median(of(cost) for cost in report.nights[days])

    def row(name: str, of: Callable[[Cost], float]) -> list[str]:
        seconds = [median(of, days) for days in histories]
        return [name, *(f"{value:.3f}" for value in seconds), f"{seconds[-1] / seconds[0]:.2f}"]

    def of_model(model: str) -> Callable[[Cost], float]:
        return lambda cost: cost.models[model]

    def growth(model: str) -> float:
        return median(of_model(model), long) - median(of_model(model), short)

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"a night of {report.night_lines:,} lines, seconds")
    for days in histories:
        table.add_column(f"after {days} days", justify="right")
    table.add_column("ratio", justify="right")
    for model in sorted(report.nights[short][0].models, key=growth, reverse=True):
        table.add_row(*row(model, of_model(model)))
    table.add_row(*row("hooks, and dbt itself", lambda cost: cost.rest))
    whole = row("dbt run", lambda cost: cost.whole)
    table.add_row(*whole, style="bold")
    table.add_row(*row("dbt run, processor time", lambda cost: cost.processor))
    table.add_row(*row("load_event_lines", lambda cost: cost.load))
    console.print(table)
    empty = statistics.median(cost.whole for cost in report.empty_runs)
    console.print(
        f"\nMedians of {len(report.empty_runs)} rounds."
        f" A run of as many empty models: {empty:.3f} seconds.\n"
    )

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("a full build")
    for heading in ("lines", "dbt run s", "lines/s"):
        table.add_column(heading, justify="right")
    for days, build in report.builds.items():
        lines = report.lines[days]
        table.add_row(
            f"{days} days", f"{lines:,}", f"{build.whole:.2f}", f"{lines / build.whole:,.0f}"
        )
    console.print(table)


def figures(report: Report) -> dict[str, float]:
    """Ratios of medians: each history to the shortest, and the longest to the empty run."""
    night = {
        days: statistics.median(cost.whole for cost in costs)
        for days, costs in report.nights.items()
    }
    short, *longer = night
    empty = statistics.median(cost.whole for cost in report.empty_runs)
    return {
        **{f"ratio_{days}_{short}": round(night[days] / night[short], 3) for days in longer},
        "ratio_to_empty_run": round(night[max(night)] / empty, 2),
        **{f"seconds_{days}": round(seconds, 3) for days, seconds in night.items()},
        "seconds_empty_run": round(empty, 3),
    }


def histories_of(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    """The days of history, the shortest first."""
    try:
        days = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise click.BadParameter("give whole numbers of days, such as 10,100") from None
    if len(days) < 2 or days[0] < 1 or days[-1] > MOST_DAYS:
        raise click.BadParameter(
            f"give two numbers or more between 1 and {MOST_DAYS:,}, such as 10,100"
        )
    return days


@contextmanager
def progress_bar() -> Iterator[Step]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("")

        def step(name: str, parts: int) -> Callable[[int], None]:
            if not console.is_terminal:
                console.print(f"{time.strftime('%H:%M:%S')} {name}", highlight=False)
            bar.reset(task, description=name, total=parts)
            return lambda done: bar.update(task, completed=done)

        yield step


@click.command()
@click.option("--robots", default=10, show_default=True, type=click.IntRange(1, 1_000))
@click.option(
    "--days",
    "histories",
    default="10,100,1000",
    show_default=True,
    callback=histories_of,
    help="Lengths of history to compare.",
)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Leave files, databases and compiled SQL here, and use those of an earlier run again.",
)
def main(robots: int, histories: list[int], rounds: int, keep: Path | None) -> None:
    """Measure what a night costs after short and after long history."""
    with tempfile.TemporaryDirectory() as temporary, progress_bar() as step:
        folder = keep.resolve() if keep else Path(temporary)
        report = measure(folder, robots, histories, rounds, step)
    show(report, Console())
    print(json.dumps(figures(report)))


if __name__ == "__main__":
    main()
