"""What a warehouse goes through in years, in any order: one clean night then equals a full refresh.

Each seed gives worlds of events and a series of operations. After each of them a small model says
what must be true. One seed is fixed; a soak tries OPERATIONS others.
"""

import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeVar, get_args

import duckdb
import pytest

from fleet.warehouse.erase import Eraser
from fleet.warehouse.target import Target
from tests.python.conftest import ROOT, Warehouse
from tests.python.nightly.differences import Difference, differences, tables
from tests.python.nightly.nights import Nights, kill_run
from tests.python.nightly.test_killed_runs import MODELS, after
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED
from tests.python.nightly.test_retention import without_payload
from tests.python.nightly.worlds import ARRIVALS, FIRST_LOAD, arrivals, last_event, markets

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
]
FORGOTTEN = "robot.stuck"
RAW = ("event_lines", "rejected_lines", "loaded_files")
SOAK = int(os.environ.get("SOAK", "0"))
STEPS = 12 if SOAK else 7
# In a few operations of this seed is nearly every kind of them.
SEEDS = [1000 * SOAK + n for n in range(int(os.environ.get("OPERATIONS", "1")))] if SOAK else [2092]


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
    raw       how many lines the raw tables hold
    """

    warehouse: Warehouse
    nights: Nights
    waiting: list[list[str]]
    files: dict[str, list[str]] = field(default_factory=dict)
    halves: dict[str, list[str]] = field(default_factory=dict)
    unloaded: set[str] = field(default_factory=set)
    raw: int = 0
    loads: int = 0
    has_erased: bool = False
    has_forgotten: bool = False

    def do(self, step: Step) -> None:
        getattr(self, step.operation)(step.chance)
        self.check()

    # ---------------------------------------------------------------- files

    def land(self, chance: float) -> None:
        if self.waiting:
            self._write(f"{len(self.files)}.ndjson", self.waiting.pop(0))

    def half(self, chance: float) -> None:
        if self.waiting:
            lines, name = self.waiting.pop(0), f"{len(self.files)}.ndjson"
            middle = int(len(lines) * chance)
            self.halves[name] = lines[middle:]
            self._write(name, lines[:middle])

    def grow(self, chance: float) -> None:
        if self.halves:
            name, rest = self.halves.popitem()
            self._write(name, [*self.files[name], *rest])

    def replace(self, chance: float) -> None:
        name = pick(sorted(self.files), chance)
        lines = self.files[name]
        self._write(name, [*reversed(lines), *lines[:1], "{"])

    def _write(self, name: str, lines: list[str]) -> None:
        self.files[name] = lines
        self.unloaded.add(name)
        self.warehouse.land(name, [line.encode() for line in lines])

    # ---------------------------------------------------------------- loads

    def load(self, chance: float, ahead: timedelta = timedelta()) -> None:
        self.warehouse.load()
        if not self.has_erased:
            self.raw += sum(len(self.files[name]) for name in self.unloaded)
        self.unloaded.clear()
        self.loads += 1
        # As if the loads were an hour apart, soon after what they tell of.
        at = FIRST_LOAD.replace(tzinfo=None) + timedelta(hours=self.loads) + ahead
        with duckdb.connect(self.warehouse.database) as connection:
            for table in RAW:
                connection.execute(
                    f"update event_log.{table} set loaded_at = $1 where loaded_at > $2",
                    [at, FIRST_LOAD.replace(tzinfo=None) + timedelta(days=100)],
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
        assert self.warehouse.rows(judged) == [(self._raw_lines(),)], "lines in = lines out"

    def intraday(self, chance: float) -> None:
        self.nights.run(self.warehouse, "--selector", "intraday")

    def kill(self, chance: float) -> None:
        kill_run(self.warehouse, after(1 + int(chance * (len(MODELS) - 1))))

    def backfill(self, chance: float) -> None:
        since = FIRST_LOAD + timedelta(hours=chance * (self.loads + 1))
        self._run(backfill_from=f"{since:%Y-%m-%d %H:%M:%S}", backfill_to="2100-01-01 00:00:00")

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
            eraser = Eraser(target, lambda: self.nights.run(self.warehouse), landing, [])
            before = self._raw_lines()
            done = eraser.erase(order)
            assert before - self._raw_lines() == done.removed + done.rejected
            assert done.traces == []
            self.has_erased = True
            for name in self.files:
                text = (self.warehouse.landing / name).read_text("utf-8")
                self.files[name] = text.splitlines()

    # ---------------------------------------------------------------- what must be true

    def check(self) -> None:
        if not self.has_erased:
            assert self._raw_lines() == self.raw, "lines in the raw tables"

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

    def _raw_lines(self) -> int:
        counted = "select count(*) from event_log.{}"
        return sum(self.warehouse.rows(counted.format(name))[0][0] for name in RAW[:2])

    def _sql(self, statement: str) -> None:
        with duckdb.connect(self.warehouse.database) as connection:
            connection.execute(statement)


def pick(of: Sequence[T], chance: float) -> T:
    return of[min(int(chance * len(of)), len(of) - 1)]


def differences_after(nights: Nights, seed: int, steps: Sequence[Step]) -> list[Difference]:
    """What one clean night leaves otherwise than a full refresh; the model's word is an error."""
    worlds = tuple(random.Random(seed).sample(NAMED, len(NAMED) // 3))
    waiting: list[list[str]] = [[] for _ in range(ARRIVALS)]
    for arrival in [*arrivals(worlds), last_event(worlds)]:
        waiting[arrival.load].append(arrival.text)
    with nights.database() as warehouse:
        with duckdb.connect(warehouse.database) as connection:
            connection.executemany(
                f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})",
                list(markets(len(worlds))),
            )
        operator = Operator(warehouse, nights, waiting)
        for step in steps:
            operator.do(step)
        operator.finish()
        with nights.database(warehouse.database) as refreshed:
            nights.run(refreshed, "--full-refresh")
            right = without_payload(tables(refreshed.database))
        return differences(without_payload(tables(warehouse.database)), right)


def failure_of(nights: Nights, seed: int, steps: Sequence[Step]) -> str:
    """What is wrong, as text; empty when nothing is."""
    try:
        return "\n".join(map(str, differences_after(nights, seed, steps)))
    except AssertionError as error:
        return f"After an operation: {error}"


def fewer(steps: Sequence[Step]) -> Iterator[list[Step]]:
    yield from ([*steps[:n], *steps[n + 1 :]] for n in range(len(steps)))


# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_night_after_any_operations_equals_a_full_refresh(
    nights: Nights, seed: int
) -> None:
    steps: Sequence[Step] = steps_of(seed)
    found = failure_of(nights, seed, steps)
    smaller: Sequence[Step] | None = steps if found else None
    while smaller:
        steps, smaller = smaller, None
        for tried in fewer(steps):
            if said := failure_of(nights, seed, tried):
                found, smaller = said, tried
                break
    if found:
        git = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        told = "\n".join(f"  {step}" for step in steps)
        pytest.fail(f"Seed {seed} at {commit or 'no commit'}:\n{told}\n{found}", pytrace=False)
