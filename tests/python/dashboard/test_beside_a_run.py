"""The page and a nightly run work side by side: neither keeps the other from the file for long."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from fleet.duckdb_file import DatabaseBusyError
from fleet.lookup import queries
from fleet.lookup.stores import DuckDBMarts, MartsError
from tests.python.conftest import Warehouse
from tests.python.dashboard.conftest import Open

HELD_SECONDS = 1.0


def writing(database: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that has the file open to write, as a run has, for some seconds."""
    hold = f"import duckdb, time; c = duckdb.connect({str(database)!r}); print('held', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{hold}; time.sleep({seconds})"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_look_up_waits_until_a_run_is_done(marts_file: Path) -> None:
    with writing(marts_file, HELD_SECONDS):
        with pytest.raises(DatabaseBusyError):
            DuckDBMarts(marts_file).rows(queries.DELIVERY, ["D-10"])
        patient = DuckDBMarts(marts_file, wait_seconds=60)
        assert patient.rows(queries.DELIVERY, ["D-10"])[0]["outcome"] == "failed"


def test_a_page_says_that_a_run_is_writing(
    open_page: Open, marts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.data.WAIT_SECONDS", 0)
    with writing(marts_file, 60) as run:
        page = open_page(id="D-10")
        assert not page.exception
        assert "A nightly run is writing the database." in page.info[0].value
        run.kill()
    page.run(timeout=60)
    assert not page.info


def test_a_run_gets_through_while_pages_read(
    tmp_path: Path, open_warehouse: Callable[[Path], Warehouse]
) -> None:
    warehouse = open_warehouse(tmp_path)
    warehouse("seed", "--select", "robot_states")
    # A visitor in another process, as the page is one: DuckDB shares a file within a process.
    look_up = (
        "import pathlib, sys, time; from fleet.lookup.stores import DuckDBMarts\n"
        f"marts = DuckDBMarts(pathlib.Path({str(warehouse.database)!r}), 'fleet_seeds', 60)\n"
        "count = 0\n"
        "def read():\n"
        "    global count\n"
        "    count += len(marts.rows('select * from robot_states')) > 0\n"
        "    print(count, flush=True)\n"
        "    time.sleep(0.2)\n"
        "while True:\n"
        "    read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", look_up], stdout=subprocess.PIPE, text=True
    ) as visitor:
        counts: list[int] = []
        assert visitor.stdout is not None
        lines = visitor.stdout
        counts.append(int(lines.readline()))
        reader = threading.Thread(target=lambda: counts.extend(map(int, iter(lines.readline, ""))))
        reader.start()
        warehouse("seed", "--select", "robot_states", "--full-refresh")
        before = len(counts)
        give_up_at = time.monotonic() + 30
        while len(counts) == before and time.monotonic() < give_up_at:
            time.sleep(0.05)
        assert visitor.poll() is None
        visitor.kill()
        reader.join()
    assert len(counts) > before


def test_a_look_up_can_neither_write_nor_reach_outside(marts_file: Path, tmp_path: Path) -> None:
    marts = DuckDBMarts(marts_file)
    for sql in (
        "drop table delivery_sessions",
        "insert into delivery_sessions (delivery_id) values ('D-99')",
        "select * from read_csv('/etc/passwd')",
        f"copy delivery_sessions to '{tmp_path / 'out.csv'}'",
        f"attach '{tmp_path / 'other.duckdb'}' as other",
        "install httpfs",
        "set enable_external_access = true",
    ):
        with pytest.raises((duckdb.Error, MartsError)):
            marts.rows(sql)
    assert list(tmp_path.iterdir()) == []
    assert marts.rows(queries.DELIVERY, ["D-10"])
