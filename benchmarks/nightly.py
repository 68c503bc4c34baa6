"""What a night costs after short and after long history, and a full build beside a bare parse.

Run `python benchmarks/nightly.py`. The same night of the same fleet (one day's files, with the
late, repeated and broken lines the simulator makes) is loaded and run on top of each history,
turn by turn, each time on a fresh copy of the database. dbt runs in this process with one thread,
so that the seconds of a model are its own. Seconds are this machine's; the ratios are the result.

History is one simulated block of days, repeated: ids and times are moved on with each repetition,
so that no event, order, delivery or boot comes twice. It is loaded day by day by the project's
own loader and built by one full `dbt run`.
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
from collections import defaultdict
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
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from fleet.errors import FleetError
from fleet.registry import Registry, load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.dbt_runner import DbtRunner

ROOT = Path(__file__).parents[1]
TARGET = 1.15

# With a year of days still in the past: the loader's own times are later than all of them.
START = date(2025, 1, 1)
BLOCK_DAYS = 5
# Of the block, in its middle, so that the night sees no seam between repetitions.
NIGHT_DAY = 2
LOADED_AT = clock(hour=3)

# What must differ from one repetition to the next. Robots, pilots, merchants and places stay.
MOVED = re.compile(
    rb'"(?:(?P<day>\d{4}-\d\d-\d\d)T'
    rb"|(?P<time>[0-9a-f]{8}-[0-9a-f]{4})(?=-7[0-9a-f]{3}-)"
    rb"|(?P<kind>D|O|W|help|offer|session)-(?P<number>\d+)"
    rb'|emitter_id":"(?P<emitter>[^"]*))'
)
NUMBERS_PER_BLOCK = 1_000_000

JSON_TYPES = {"number": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "timestamp": "TIMESTAMP"}

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
    """What was measured, by days of history; of the nights and the bare parses, every round."""

    lines: dict[int, int]
    night_lines: int
    builds: dict[int, Cost]
    parses: dict[int, list[float]]
    nights: dict[int, list[Cost]]


class Warehouse:
    """The dbt project, parsed once, on one DuckDB file after another.

    `settings` are DuckDB's, by their names, beside those of the project's own profile.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        profiles = yaml.safe_load((ROOT / "profiles.yml.example").read_text("utf-8"))
        profiles["fleet_analytics"]["outputs"]["dev"]["settings"] |= settings or {}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), "utf-8")
        self._dbt = DbtRunner(ROOT, folder)
        with mock.patch.dict(os.environ, FLEET_DATABASE=str(database_in(folder / "parsed"))):
            self._dbt.parse()

    def __call__(self, *words: str, database: Path, landing: Path) -> Any:
        """Run one dbt command; raises DbtError when it fails."""
        with mock.patch.dict(os.environ, FLEET_DATABASE=str(database)):
            return self._dbt(*words, "--no-print", variables={"landing_path": str(landing)})

    def load(self, day: date, database: Path, landing: Path) -> float:
        """Load the new files as if it were the night after `day`; returns the loader's seconds."""
        done = self("run-operation", "load_event_lines", database=database, landing=landing)
        date_load(database, day)
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


def date_load(database: Path, day: date) -> None:
    """Set the `loaded_at` of the newest load back to the night after `day`.

    Else all days would be loaded within minutes, and months after their events.
    """
    night = datetime.combine(day + timedelta(days=1), LOADED_AT)
    with duckdb.connect(database) as connection:
        connection.execute("begin")
        first_of_load = "select min(loaded_at) from event_log.loaded_files where loaded_at > ?"
        (first,) = connection.execute(first_of_load, [night]).fetchall()[0]
        for table in ("event_lines", "rejected_lines", "loaded_files"):
            connection.execute(
                f"update event_log.{table} set loaded_at = ? + (loaded_at - ?)"
                " where loaded_at >= ?",
                [night, first, first],
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
        return b'"emitter_id":"%b%02x' % (match["emitter"], block)

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


def bare_parse(landing: Path, registry: Registry) -> float:
    """Seconds to read the files with DuckDB's own reader and one from_json() per line.

    The lower bound for anything that takes every registered field, typed, from JSON with DuckDB:
    nothing is checked or stored, and lines that are no JSON become NULL. The hash is there to make
    DuckDB read each field. read_json() with the same fields as columns takes four times as long,
    because it sets up each of them for each of the small files.
    """
    data = {
        name: JSON_TYPES.get(field.type, "VARCHAR") for name, field in registry.distinct_fields()
    }
    structure: dict[str, Any] = {**dict.fromkeys(registry.ids, "VARCHAR"), "data": data}
    for key in registry.envelope_values:
        *above, name = key.path
        holder = structure.setdefault(above[0], {}) if above else structure
        holder[name] = JSON_TYPES.get(key.type, "VARCHAR")
    with duckdb.connect() as connection:
        began = time.perf_counter()
        connection.execute(
            f"select max(hash(from_json(json, '{json.dumps(structure)}')))"
            " from read_ndjson_objects(?, ignore_errors = true)",
            [f"{landing}/**/*.ndjson.gz"],
        ).fetchall()
        return time.perf_counter() - began


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
        advance = step(f"Loading {history} days", history)
        landing = folder / f"landing-{history}"
        for number in range(history):
            day = START + timedelta(days=days - history + number)
            arrive(folder / "files", landing, day)
            warehouse.load(day, database_in(folder / f"raw-{history}"), landing)
            advance(number + 1)


def measure(
    folder: Path, robots: int, histories: list[int], rounds: int, step: Step = no_progress
) -> Report:
    """Build each history, then run the same night on each of them in turn.

    Event files and loaded histories that an earlier call left in `folder` are used again.
    """
    registry = load_registry(ROOT)
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

    parses: dict[int, list[float]] = defaultdict(list)
    nights: dict[int, list[Cost]] = defaultdict(list)
    for number in range(rounds):
        # Turn by turn and in both orders, so that a slower minute of the machine favours none.
        for days in histories if number % 2 == 0 else reversed(histories):
            step(f"Night after {days} days, round {number + 1} of {rounds}", 1)
            landing, database = folder / f"landing-{days}", database_in(folder / f"night-{days}")
            shutil.rmtree(landing / day_folder(night), ignore_errors=True)
            parses[days].append(bare_parse(landing, registry))
            arrive(folder / "files", landing, night)
            shutil.copyfile(database_in(folder / f"built-{days}"), database)
            os.sync()
            load = warehouse.load(night, database, landing)
            run = warehouse.run(database=database, landing=landing)
            nights[days].append(dataclasses.replace(run, load=load))
    return Report(lines, line_count(database) - lines[days], builds, dict(parses), dict(nights))


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
    rounds = len(report.nights[short])
    console.print(
        f"\n{long} days / {short} days: [bold]{whole[-1]}[/bold], target at most {TARGET}."
        f" Median of {rounds} rounds.\n"
    )

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("a full build")
    for heading in ("lines", "bare parse s", "dbt run s", "ratio"):
        table.add_column(heading, justify="right")
    for days, build in report.builds.items():
        parse = statistics.median(report.parses[days])
        table.add_row(
            f"{days} days",
            f"{report.lines[days]:,}",
            f"{parse:.2f}",
            f"{build.whole:.2f}",
            f"{build.whole / parse:.1f}",
        )
    console.print(table)
    console.print(
        "\nBare parse: DuckDB reads the same files, one from_json() per line, every registered"
        " field typed, nothing checked or stored."
    )


def histories_of(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    """The days of history, the shortest first."""
    try:
        days = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise click.BadParameter("give whole numbers of days, such as 10,100") from None
    if len(days) < 2 or days[0] < 1 or days[-1] > 300:
        raise click.BadParameter("give two numbers or more between 1 and 300, such as 10,100")
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
    default="10,100",
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


if __name__ == "__main__":
    main()
