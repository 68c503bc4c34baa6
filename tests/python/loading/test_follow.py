"""`fleet follow`: what lands is in the sessions after the next step."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.lookup.stores import DuckDBMarts
from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse import follow
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.follow import Follower, next_version
from tests.python.conftest import ROOT, Warehouse

COUNTS = (
    "select (select count(*) from fleet_marts.event_timeline),"
    " (select count(*) from fleet_marts.delivery_sessions)"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The event files of a simulated day, in the order they were written."""
    folder = tmp_path_factory.mktemp("fleet")
    fleet = Settings(robots=4, days=1, seed=5, start=date(2026, 11, 2), clean=True)
    simulate_fleet(fleet, load_registry(ROOT), folder)
    return sorted(landing_folder(folder).rglob("*.ndjson.gz"), key=lambda path: path.name)


def test_a_step_brings_what_landed_into_sessions(dbt: Warehouse, files: list[Path]) -> None:
    said: list[str] = []
    follower = Follower(dbt.dbt, DuckDBMarts(dbt.database), str(dbt.landing), said.append)
    steps = []
    for share in (files[:-3], [], files[-3:], []):
        for path in share:
            shutil.copy(path, dbt.landing)
        steps.append((follower.step(), dbt.rows(COUNTS)[0]))

    assert [is_done for is_done, _ in steps] == [True, False, True, False]
    events = [counts[0] for _, counts in steps]
    assert 0 < events[0] == events[1] < events[2] == events[3]
    assert len(said) == 2
    assert "newest event" in said[0]


def test_a_step_that_failed_leaves_the_file_as_it_was_and_is_done_again(
    dbt: Warehouse, files: list[Path]
) -> None:
    follower = Follower(dbt.dbt, DuckDBMarts(dbt.database), str(dbt.landing), lambda _: None)
    shutil.copy(files[0], dbt.landing)
    assert follower.step()
    before = dbt.rows(COUNTS)
    content = dbt.database.read_bytes()
    shutil.copy(files[1], dbt.landing)
    with (
        mock.patch.object(Follower, "_run", side_effect=DbtError("It failed.")),
        pytest.raises(DbtError),
    ):
        follower.step()
    assert dbt.database.read_bytes() == content
    assert follower.step()
    assert dbt.rows(COUNTS) > before


def test_readers_read_while_it_writes_and_writers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table numbers as select 1 as n")
    with next_version(path) as copy:
        with duckdb.connect(copy) as connection:
            connection.execute("insert into numbers values (2)")
        read = (
            f"import duckdb; connection = duckdb.connect({str(path)!r}, read_only={{}});"
            "print(connection.sql('from numbers').fetchall())"
        )
        reader, writer = (
            subprocess.run(
                [sys.executable, "-c", read.format(is_reader)],
                capture_output=True,
                text=True,
                check=False,
            )
            for is_reader in (True, False)
        )
    assert reader.stdout == "[(1,)]\n", reader.stderr
    assert "Could not set lock" in writer.stderr
    with duckdb.connect(path) as connection:
        assert connection.execute("from numbers").fetchall() == [(1,), (2,)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_second_follower_is_refused_in_one_sentence(tmp_path: Path) -> None:
    database = tmp_path / "new" / "warehouse.duckdb"
    second = (
        "from pathlib import Path; from fleet.warehouse.follow import next_version;"
        f"next_version(Path({str(database)!r})).__enter__()"
    )

    def try_second() -> str:
        done = subprocess.run(
            [sys.executable, "-c", second], capture_output=True, text=True, check=False
        )
        return done.stderr.strip().rpartition("\n")[2]

    with next_version(database) as copy:
        copy.write_text("half")
        assert try_second() == (
            "fleet.duckdb_file.DatabaseBusyError: Another `fleet follow` writes in "
            f"{tmp_path / 'new'}; stop one of both."
        )
        assert copy.read_text() == "half"
    assert database.read_text() == "half"


def test_a_file_is_read_once_it_has_not_grown_for_a_second(
    dbt: Warehouse, files: list[Path]
) -> None:
    follower = Follower(dbt.dbt, DuckDBMarts(dbt.database), str(dbt.landing), lambda _: None)
    line = b'{"event_id":"%d"}\n'
    path = dbt.landing / "slow.ndjson"
    path.write_bytes(line % 0 + b"half a li")
    load = load_alone(follower)
    loaded = "select line_count, rejected_count from event_log.loaded_files"

    def load_while_it_grows(*words: Any) -> None:
        path.write_bytes(line % 0 + line % 1)
        # However long it takes until the load looks at the file.
        with mock.patch.object(follow, "SETTLE_SECONDS", 3600):
            load(*words)

    with mock.patch.object(DuckDBMarts, "rows", return_value=[{"event_at": None}]):
        with mock.patch.object(Follower, "_run", side_effect=load_while_it_grows):
            assert follower.step()
        assert dbt.rows(loaded) == []
    with (
        mock.patch.object(Follower, "_run", side_effect=load),
        mock.patch.object(DuckDBMarts, "rows", return_value=[{"event_at": None}]),
    ):
        # What was left alone is looked at again.
        assert follower.step()
        assert dbt.rows(loaded) == [(2, 0)]
        assert not follower.step()

        # A clock that is ahead by less than a second is no reason to wait for ever.
        os.utime(path, (time.time() + 0.5, time.time() + 0.5))
        assert follower.step()
        assert dbt.rows(loaded) == [(2, 0)] * 2


def load_alone(follower: Follower) -> Callable[..., None]:
    run = Follower._run

    def load(database: Path, *words: str) -> None:
        if words[0] == "run-operation":
            run(follower, database, *words)

    return load


def test_it_goes_on_after_an_error_and_stops_when_told(
    tmp_path: Path, open_warehouse: Callable[[Path], Warehouse], files: list[Path]
) -> None:
    warehouse = open_warehouse(tmp_path)
    log = tmp_path / "log"
    environment = os.environ | {
        "FLEET_DATABASE": str(warehouse.database),
        "DBT_PROFILES_DIR": str(warehouse.dbt.profiles_dir),
        "PYTHONUNBUFFERED": "1",
    }
    landing = tmp_path / "to-come"
    command = [sys.executable, "-m", "fleet.cli", "follow", "--every", "1s"]
    with log.open("w") as output:
        running = subprocess.Popen(
            [*command, "--landing", str(landing)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(log, "Trying again in 1 s.")
            landing.mkdir()
            shutil.copy(files[0], landing)
            wait_for(log, "sessions built in")
        finally:
            running.send_signal(signal.SIGTERM)
            code = running.wait(timeout=60)
    said = log.read_text()
    assert code == 0, said
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        "Stopped; a later `fleet follow` or `dbt build` goes on from here."
    )


def wait_for(log: Path, text: str) -> None:
    give_up_at = time.monotonic() + 90
    while text not in log.read_text():
        assert time.monotonic() < give_up_at, log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("every", ["10", "0s", "0.5s", "5 s", "1d", "-1s", "nans"])
def test_a_time_that_makes_no_sense_is_refused(every: str) -> None:
    done = CliRunner().invoke(main, ["follow", f"--every={every}"])
    assert done.exit_code == 2
    assert "is no time of a second or more such as 10s, 2m or 1h." in done.output
