"""What a warehouse goes through in years, in any order: one clean night then equals a full refresh.

Each seed gives worlds of events and a series of operations. After each of them a small model says
what must be true. One seed is fixed; a soak tries OPERATIONS others, of which every second begins
with the database of the last release, upgraded.
"""

import gzip
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import duckdb
import pytest
import yaml

from fleet.mapping.importer import Importer, import_log
from fleet.mapping.loader import load_mapping
from fleet.mapping.sources import find_logs
from fleet.registry import load_registry
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.erase import Eraser
from fleet.warehouse.target import Target
from tests.python.conftest import ROOT, Warehouse
from tests.python.nightly.differences import Difference, differences, tables
from tests.python.nightly.nights import Nights, kill_run
from tests.python.nightly.test_killed_runs import MODELS, after
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED
from tests.python.nightly.test_retention import without_payload
from tests.python.nightly.worlds import ARRIVALS, FIRST_LOAD, arrivals, last_event, markets
from tests.python.upgrade.steps import take_over, upgrade

T = TypeVar("T")
Operation = Literal[
    "land",  # a file with lines that were not there yet
    "half",  # the same, while it is being written
    "grow",  # the rest of such a file
    "replace",  # other lines under the name of a file that was loaded
    "load",
    "load_ahead",  # by a clock that is a day ahead, and right again later
    "night",
    "intraday",
    "kill",  # a night, at some model
    "backfill",
    "replay",  # of the quarantine
    "forget",  # an event is taken out of the registry
    "register",  # all events are in it, and what was refused is read again
    "erase",  # an order
    "retain",  # raw lines of yesterday and before are exported and trimmed
    "remap",  # a log of another shape is imported, by another mapping than the last time
]
FORGOTTEN = "robot.stuck"
RAW = ("event_lines", "rejected_lines", "loaded_files")
SINCE = FIRST_LOAD.replace(tzinfo=None)
SOAK = int(os.environ.get("SOAK", "0"))
STEPS = 12 if SOAK else 7
# A log of another shape, and what changes in its mapping: where the wait stands, and in which unit.
FOREIGN = [
    {"t": f"2025-02-01T10:{n:02}:00Z", "d": str(n), "o": n, "r": "7", "m": "4", "wait": wait}
    | {"waited": n}
    for n, wait in enumerate([60, 120, "no number", 240])
]
WAITS: Sequence[Any] = ("wait", {"path": "waited", "times": 60})
# In a few operations of this seed is nearly every kind of them.
OPERATIONS = int(os.environ.get("OPERATIONS", "1"))
SEEDS = [1000 * SOAK + n for n in range(OPERATIONS)] if SOAK else [15001]


@dataclass(frozen=True)
class Step:
    """An operation, and a number from 0 to 1 that says on what."""

    operation: Operation
    chance: float


def steps_of(seed: int) -> list[Step]:
    """Lines first, and each operation about as often as any other."""
    chance = random.Random(seed)
    drawn = chance.choices(get_args(Operation), k=STEPS)
    return [Step(name, chance.random()) for name in ("land", "half", "load", *drawn)]


@dataclass
class Operator:
    """Does one operation after the other on a warehouse and its landing folder.

    files     the lines of each file, as they are in the landing folder
    unloaded  files that are new or changed since the last load
    raw       how many lines the raw tables and exports of them hold
    since     when the loads begin, an hour apart
    exports   folders to which raw lines were exported
    imports   how often the log of another shape was imported
    imported  what that left in the landing folder, and when it was written
    """

    warehouse: Warehouse
    nights: Nights
    waiting: list[list[str]]
    files: dict[str, list[str]] = field(default_factory=dict)
    halves: dict[str, list[str]] = field(default_factory=dict)
    unloaded: set[str] = field(default_factory=set)
    raw: int = 0
    loads: int = 0
    since: datetime = SINCE
    exports: list[Path] = field(default_factory=list)
    imports: int = 0
    imported: dict[str, int] = field(default_factory=dict)
    has_erased: bool = False
    has_forgotten: bool = False

    def do(self, step: Step) -> None:
        getattr(self, step.operation)(step.chance)
        self.check()

    # ---------------------------------------------------------------- files

    def land(self, chance: float) -> None:
        if self.waiting:
            self._write(self._new_name(), self.waiting.pop(0))

    def half(self, chance: float) -> None:
        if self.waiting:
            lines, name = self.waiting.pop(0), self._new_name()
            middle = int(len(lines) * chance)
            self.halves[name] = lines[middle:]
            self._write(name, lines[:middle])

    def grow(self, chance: float) -> None:
        if self.halves:
            name, rest = self.halves.popitem()
            self._write(name, [*self.files[name], *rest])

    def replace(self, chance: float) -> None:
        if names := sorted(name for name in self.files if name.endswith(".ndjson")):
            name = pick(names, chance)
            lines = self.files[name]
            self._write(name, [*reversed(lines), *lines[:1], "{"])

    def remap(self, chance: float) -> None:
        if not self.imports:
            self._import()
            self.load(chance)
        self._import()

    def _import(self) -> None:
        registry = load_registry(ROOT)
        folder = self.warehouse.database.parent / "foreign"
        folder.mkdir(exist_ok=True)
        rule = {"name": "pickup", "when": {"r": "7"}, "event": "delivery.pickup_completed"}
        mapping = {
            "brief": "Another shape.",
            "line": {"occurred_at": "t"},
            "ids": {"delivery_id": "d", "order_id": "o", "robot_id": "r", "merchant_id": "m"},
            "rules": [rule | {"fields": {"wait_s": WAITS[self.imports % len(WAITS)]}}],
        }
        (folder / "foreign.yml").write_text(yaml.safe_dump(mapping), "utf-8")
        (folder / "a.log").write_text("".join(f"{json.dumps(line)}\n" for line in FOREIGN), "utf-8")
        importer = Importer(load_mapping(folder / "foreign.yml", registry), registry, ROOT)
        (log,) = find_logs([str(folder / "a.log")])
        counts = import_log(importer, log, str(self.warehouse.landing))
        assert counts.accounted == counts.lines == len(FOREIGN)
        self.imports += 1
        found = {
            str(path.relative_to(self.warehouse.landing)): path.stat().st_mtime_ns
            for path in self.warehouse.landing.rglob("*.ndjson.gz")
        }
        for name in self.imported.keys() - found.keys():
            del self.files[name]
            self.unloaded.discard(name)
        for name in {name for name, at in found.items() if self.imported.get(name) != at}:
            self.files[name] = lines_of(self.warehouse.landing / name)
            self.unloaded.add(name)
        self.imported = found

    def _new_name(self) -> str:
        return f"{sum(name.endswith('.ndjson') for name in self.files)}.ndjson"

    def _write(self, name: str, lines: list[str]) -> None:
        self.files[name] = lines
        self.unloaded.add(name)
        self.warehouse.land(name, [line.encode() for line in lines])

    # ---------------------------------------------------------------- loads

    def load(self, chance: float, ahead: timedelta = timedelta()) -> None:
        (newest,) = self.warehouse.rows("select max(loaded_at) from event_log.loaded_files")[0]
        self.warehouse.load()
        if not self.has_erased:
            self.raw += sum(len(self.files[name]) for name in self.unloaded)
        self.unloaded.clear()
        self.loads += 1
        # As if the loads were an hour apart, soon after what they tell of.
        at = self.since + timedelta(hours=self.loads) + ahead
        if newest:  # As the loader does, whose watermark this is: never before an earlier load.
            at = max(at, newest + timedelta(microseconds=1))
        with duckdb.connect(self.warehouse.database) as connection:
            for table in RAW:
                connection.execute(
                    f"update event_log.{table} set loaded_at = $1"
                    " where loaded_at > $2 or $2 is null",
                    [at, newest],
                )

    def load_ahead(self, chance: float) -> None:
        self.load(chance, ahead=timedelta(days=1))

    # ---------------------------------------------------------------- runs

    def night(self, chance: float) -> None:
        self.nights.run(self.warehouse)
        judged = (
            "select (select count(*) from fleet_staging.base_event_log__lines)"
            " + (select count(*) from event_log.rejected_lines)"
        )
        assert self.warehouse.rows(judged) == [(self.raw_lines(),)], "lines in = lines out"

    def intraday(self, chance: float) -> None:
        self.nights.run(self.warehouse, "--selector", "intraday")

    def kill(self, chance: float) -> None:
        assert not kill_run(self.warehouse, after(1 + int(chance * (len(MODELS) - 1))))

    def backfill(self, chance: float) -> None:
        since = FIRST_LOAD + timedelta(hours=chance * (self.loads + 1))
        times = {
            "backfill_from": f"{since:%Y-%m-%d %H:%M:%S}",
            "backfill_to": "2100-01-01 00:00:00",
        }
        if self.exports:
            with pytest.raises(DbtError, match="were trimmed, and backfill_from is earlier"):
                self._run(**times)
            times["backfill_from"] = f"{self.since:%Y-%m-%d %H:%M:%S}"
        self._run(**times)

    def replay(self, chance: float) -> None:
        self._run(replay_quarantine=True)

    def _run(self, **variables: Any) -> None:
        self.nights.runs += 1
        self.warehouse("run", "--selector", "backfill", **variables)

    # ---------------------------------------------------------------- changes

    def forget(self, chance: float) -> None:
        self.has_forgotten = True
        self._sql(f"delete from fleet_seeds.event_registry where event_name = '{FORGOTTEN}'")

    def register(self, chance: float) -> None:
        if self.has_forgotten:
            self.warehouse("seed", "--select", "event_registry")
            self.replay(chance)
            self.has_forgotten = False

    def erase(self, chance: float) -> None:
        # Nothing of the order is left in files that are yet to be read, or are half written.
        self.night(chance)
        orders = self.warehouse.rows(
            "select distinct order_id from fleet_staging.base_event_log__lines"
            " where order_id is not null order by 1"
        )
        if orders:
            (order,) = pick(orders, chance)
            target = Target("duckdb", "fleet", "dev", self.warehouse.database)
            landing = str(self.warehouse.landing)
            eraser = Eraser(target, lambda: self.nights.run(self.warehouse), landing, self.exports)
            before = self.raw_lines(with_exports=False)
            done = eraser.erase(order)
            after = self.raw_lines(with_exports=False)
            assert before - after == done.removed + done.rejected
            assert done.traces == []
            self.has_erased = True
            for name in self.files:
                self.files[name] = lines_of(self.warehouse.landing / name)

    def retain(self, chance: float) -> None:
        # Lines that no run has read are not trimmed.
        self.night(chance)
        before = without_payload(tables(self.warehouse.database))
        folder = self.warehouse.database.parent / "exports"
        arguments = json.dumps({"days": 1, "export_to": str(folder)})
        folder.mkdir(exist_ok=True)
        self.warehouse("run-operation", "trim_raw_lines", "--args", arguments)
        self.exports = sorted(folder.iterdir())
        # What is loaded from now on is of today.
        self.since = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0)
        found = differences(without_payload(tables(self.warehouse.database)), before)
        assert not found, f"a trim changes {found[0]}"

    # ---------------------------------------------------------------- what must be true

    def check(self) -> None:
        if not self.has_erased:
            assert self.raw_lines() == self.raw, "lines in the raw tables"

    def finish(self) -> None:
        """All is loaded, the registry is whole, and then there is one clean night."""
        while self.waiting:
            self.land(0)
        while self.halves:
            self.grow(0)
        self.load(0)
        if self.has_forgotten:
            self.register(0)
        self.night(0)

    def raw_lines(self, with_exports: bool = True) -> int:
        counted = [f"event_log.{name}" for name in RAW[:2]]
        if with_exports:
            counted += [f"'{folder}/**/*.parquet'" for folder in self.exports]
        rows = (self.warehouse.rows(f"select count(*) from {one}")[0][0] for one in counted)
        return sum(rows)

    def _sql(self, statement: str) -> None:
        with duckdb.connect(self.warehouse.database) as connection:
            connection.execute(statement)


def lines_of(path: Path) -> list[str]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return text.decode().splitlines()


def pick(of: Sequence[T], chance: float) -> T:
    return of[min(int(chance * len(of)), len(of) - 1)]


def differences_after(
    nights: Nights, start: Path | None, seed: int, steps: Sequence[Step]
) -> list[Difference]:
    """What one clean night leaves otherwise than a full refresh; the model's word is an error."""
    worlds = tuple(random.Random(seed).sample(NAMED, len(NAMED) // 3))
    waiting: list[list[str]] = [[] for _ in range(ARRIVALS)]
    for arrival in [*arrivals(worlds), last_event(worlds)]:
        waiting[arrival.load].append(arrival.text)
    with nights.database(start) as warehouse:
        with duckdb.connect(warehouse.database) as connection:
            connection.executemany(
                f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})",
                list(markets(len(worlds))),
            )
        operator = Operator(warehouse, nights, waiting)
        operator.raw = operator.raw_lines()
        for step in steps:
            operator.do(step)
        operator.finish()
        with nights.database(warehouse.database) as refreshed:
            for export in operator.exports:
                arguments = json.dumps({"export": str(export)})
                refreshed("run-operation", "restore_raw_lines", "--args", arguments)
            nights.run(refreshed, "--full-refresh")
            right = without_payload(tables(refreshed.database))
        return differences(without_payload(tables(warehouse.database)), right)


def failure_of(nights: Nights, start: Path | None, seed: int, steps: Sequence[Step]) -> str:
    """What is wrong, as text; empty when nothing is."""
    try:
        return "\n".join(map(str, differences_after(nights, start, seed, steps)))
    except AssertionError as error:
        return f"After an operation: {error}"


def fewer(steps: Sequence[Step]) -> Iterator[list[Step]]:
    yield from ([*steps[:n], *steps[n + 1 :]] for n in range(len(steps)))


@pytest.fixture(scope="module")
def release(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Callable[[], Path]:
    """The database of the last release, upgraded the first time it is asked for."""
    warehouse = open_warehouse(tmp_path_factory.mktemp("release"))

    def upgraded() -> Path:
        if not warehouse.database.exists():
            take_over(warehouse)
            with duckdb.connect(warehouse.database) as connection:
                # As the lines of the worlds say.
                connection.execute(
                    "update event_log.event_lines set payload ="
                    """ replace(payload, '"env":"dev"', '"env":"prod"')"""
                )
                for table in RAW:
                    # Before the loads to come, and after what they tell of.
                    connection.execute(
                        f"update event_log.{table} set loaded_at = $1 + (loaded_at -"
                        " (select max(loaded_at) from event_log.loaded_files))",
                        [SINCE],
                    )
            upgrade(warehouse, "--exclude-resource-type", "unit_test", "test")
        return warehouse.database

    return upgraded


# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_night_after_any_operations_equals_a_full_refresh(
    nights: Nights, release: Callable[[], Path], seed: int
) -> None:
    steps: Sequence[Step] = steps_of(seed)
    start = release() if SOAK and seed % 2 else None
    found = failure_of(nights, start, seed, steps)
    smaller: Sequence[Step] | None = steps if found else None
    while smaller:
        steps, smaller = smaller, None
        for tried in fewer(steps):
            if said := failure_of(nights, start, seed, tried):
                found, smaller = said, tried
                break
    if found:
        git = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        told = "\n".join(f"  {step}" for step in steps)
        began = "the last release, upgraded" if start else "an empty database"
        pytest.fail(
            f"Seed {seed} at {commit or 'no commit'}, from {began}:\n{told}\n{found}", pytrace=False
        )
