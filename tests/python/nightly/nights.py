"""Runs worlds of events through nights of `dbt run`, and against a full refresh."""

import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
from dbt import mp_context

from tests.python.conftest import Warehouse, forked
from tests.python.nightly.differences import Difference, Tables, differences, tables
from tests.python.nightly.worlds import (
    ARRIVALS,
    FIRST_LOAD,
    Arrival,
    World,
    arrivals,
    last_event,
    markets,
)


@dataclass(frozen=True)
class Fleet:
    """Worlds that go through the same nights together.

    nights        how many runs share out the loads, 1 to ARRIVALS
    ends_first    whether the last event of the log is in the first load
    intraday      whether an intraday run comes before each night; the last one has read all
    """

    worlds: tuple[World, ...]
    nights: int = 2
    ends_first: bool = True
    intraday: bool = False

    def loads(self) -> list[list[list[Arrival]]]:
        """Lines by night and load."""
        loads: list[list[Arrival]] = [[] for _ in range(ARRIVALS)]
        for arrival in arrivals(self.worlds):
            loads[arrival.load].append(arrival)
        if self.ends_first:
            loads[0].append(last_event(self.worlds))
        nights: list[list[list[Arrival]]] = [[] for _ in range(self.nights)]
        for number, load in enumerate(loads):
            nights[number * self.nights // ARRIVALS].append(load)
        return nights


@dataclass
class Nights:
    """Makes databases from one that holds seeds and empty raw tables, and counts what it ran.

    worlds    the different ones that were compared with a full refresh
    runs      runs of dbt
    """

    open_warehouse: Callable[[Path], Warehouse]
    template: Path
    folder: Path
    worlds: set[World] = field(default_factory=set, repr=False)
    runs: int = 0

    @contextmanager
    def database(self, copied_from: Path | None = None) -> Iterator[Warehouse]:
        """A warehouse of its own, empty or a copy of another's database; gone afterwards."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            warehouse = self.open_warehouse(folder)
            copied_from = copied_from or self.template
            for path in copied_from.parent.glob(f"{copied_from.name}*"):
                shutil.copy(path, folder)  # the file, and its write-ahead log where it has one
            yield warehouse
        finally:
            shutil.rmtree(folder)

    def run(
        self, warehouse: Warehouse, *words: str, callbacks: Sequence[Callable[[Any], None]] = ()
    ) -> None:
        """One `dbt run`."""
        self.runs += 1
        warehouse("run", *words, callbacks=callbacks)

    def check(self, fleet: Fleet) -> list[Difference]:
        """Run a fleet through its nights and compare with a full refresh."""
        self.worlds.update(fleet.worlds)
        fresh: Tables = {}
        nights = fleet.loads()
        with self.database() as nightly:
            with duckdb.connect(nightly.database) as connection:
                connection.executemany(
                    f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})",
                    list(markets(len(fleet.worlds))),
                )
            for number, night in enumerate(nights):
                before = len(night) if number == len(nights) - 1 else len(night) // 2
                if fleet.intraday:
                    write(nightly.database, night[:before])
                    self.run(nightly, "--selector", "intraday")
                    fresh = sessions(tables(nightly.database))
                    write(nightly.database, night[before:])
                else:
                    write(nightly.database, night)
                self.run(nightly)
            with self.database(nightly.database) as refreshed:
                self.run(refreshed, "--full-refresh")
                right = tables(refreshed.database)
            found = differences(tables(nightly.database), right)
            return found + (differences(fresh, sessions(right)) if fleet.intraday else [])


def sessions(of: Tables) -> Tables:
    """The marts that an intraday run makes."""
    names = ("delivery_sessions", "delivery_session_events", "event_timeline")
    return {f"fleet_marts.{name}": of[f"fleet_marts.{name}"] for name in names}


def kill_run(warehouse: Warehouse, moment: Callable[[Any], bool]) -> bool:
    """Start `dbt run` in a process of its own and kill it at the first event that is the moment.

    The models run one at a time, in the order of the graph. Returns whether the run had come to its
    end before.
    """
    process = forked(_run_until, warehouse, moment)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), "the run failed before it was killed"
    return process.exitcode == 0


def kill_run_after(warehouse: Warehouse, seconds: float) -> bool:
    """Start `dbt run` in a process of its own and kill it so many seconds later.

    Returns whether the run had come to its end by then.
    """
    process = forked(_run_until, warehouse, lambda event: False)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), "the run failed before it was killed"
    return process.exitcode == 0


def crash_images(warehouse: Warehouse, moments: Sequence[float], folder: Path) -> list[Path]:
    """Copies of the database and its write-ahead log as a crash would leave them in a `dbt run`.

    The run goes on in a process of its own, which stands still for each copy; `moments` are seconds
    after its start, in order. Each copy is a folder; moments after its end give none.
    """
    images: list[Path] = []
    process = forked(_run_until, warehouse, lambda event: False)
    began = time.monotonic()
    process.start()
    assert process.pid
    for moment in moments:
        process.join(max(0.0, began + moment - time.monotonic()))
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGSTOP)
            image = folder / f"image-{len(images)}"
            image.mkdir()
            for path in warehouse.database.parent.glob(f"{warehouse.database.name}*"):
                shutil.copy(path, image)
            os.kill(process.pid, signal.SIGCONT)
            images.append(image)
    process.join()
    return images


def run_with_disk_of(warehouse: Warehouse, size: int) -> bool:
    """Whether `dbt run` comes to a good end where no file may grow beyond so many bytes."""
    process = forked(_run_limited, warehouse, size)
    process.start()
    process.join()
    return process.exitcode == 0


def _run_limited(warehouse: Warehouse, size: int) -> None:
    # Else the kernel ends the process; so a write fails, as on a full disk.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    _run_until(warehouse, lambda event: False)


def _run_until(warehouse: Warehouse, moment: Callable[[Any], bool]) -> None:
    def kill(event: Any) -> None:
        if moment(event):
            os.kill(os.getpid(), signal.SIGKILL)

    # Locks that a new interpreter could share need a tidy end of the process to be taken back.
    with mock.patch.object(mp_context, "_MP_CONTEXT", multiprocessing.get_context("fork")):
        warehouse("run", "--threads", "1", callbacks=[kill])


def write(database: Path, loads: Iterable[list[Arrival]]) -> None:
    """Add loads to the raw tables, each an hour after the last, as load_event_lines would."""
    with duckdb.connect(database) as connection:
        counted = connection.execute("select count(*) from event_log.loaded_files").fetchall()
        number = counted[0][0]
        for load in loads:
            loaded_at = FIRST_LOAD + timedelta(hours=number)
            values = [f"{number}.ndjson", loaded_at.replace(tzinfo=None)]
            arrived = pa.table(
                {
                    "line": pa.array([arrival.text for arrival in load], pa.string()),
                    "is_rejected": pa.array([arrival.is_rejected for arrival in load], pa.bool_()),
                }
            )
            connection.register("arrived", arrived)
            connection.execute(
                "insert into event_log.event_lines "
                "select line, $1, $2 from arrived where not is_rejected",
                values,
            )
            connection.execute(
                "insert into event_log.rejected_lines "
                "select line, 'malformed', $1, $2 from arrived where is_rejected",
                values,
            )
            connection.execute(
                "insert into event_log.loaded_files"
                " (source_file, line_count, rejected_count, loaded_at) "
                "select $1, count(*), count(*) filter (where is_rejected), $2 from arrived",
                values,
            )
            number += 1
