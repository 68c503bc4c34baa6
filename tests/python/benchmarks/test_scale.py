"""The benchmark of long logs: their shape, and its last line; no times are tested."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks import scale
from benchmarks.nightly import database_in, no_progress
from tests.python.conftest import Warehouse

pytestmark = pytest.mark.dbt


@pytest.mark.soak
def test_its_last_line_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "YOUNG_FLEETS", 1)
    monkeypatch.setattr(scale, "YOUNG_ROBOTS", 1)
    done = CliRunner().invoke(scale.main, ["--lines", "1000", "--memory-limit", "1GB"])
    assert done.exit_code == 0, done.output
    *_, row, last = done.stdout.splitlines()
    found = json.loads(last)
    assert found["seconds_per_line_ratio"] == 1
    assert found["peak_mb"] > 100
    # The shortest log has a day of each fleet.
    assert int(row.split()[0].replace(",", "")) > 3_000


@pytest.mark.parametrize("days", [10, 25, 1800])
def test_a_tenth_is_the_old_robots(days: int) -> None:
    planned = list(scale.blocks_of(days))
    assert [block.number for block in planned] == list(range(len(planned)))
    assert [block.day for block in planned] == sorted(block.day for block in planned)
    of_fleet = Counter(block.fleet for block in planned)
    assert of_fleet.pop(0) == days
    assert of_fleet.pop(scale.OPEN_FLEET) == 1
    # Each is a day of nine robots, to one of the old robot.
    assert sum(of_fleet.values()) == days
    assert planned[-1].day == days - 1


def test_no_id_comes_twice(dbt: Warehouse, tmp_path: Path) -> None:
    event_id = "01a1a147-cf14-7bd5-b8c3-ff04ae77adcc"
    line = {"event_id": event_id, "occurred_at": "2020-06-01T12:00:00.276Z", "robot_id": "R-1"}
    content = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    dbt("run-operation", "load_event_lines")
    database = database_in(tmp_path / "log")
    dbt.database.rename(database)
    written = scale.write_log(database, content, content, lines=40, step=no_progress)
    with duckdb.connect(database) as connection:
        lines, ids, robots, days = connection.execute(
            "select count(*), count(distinct payload ->> 'event_id'),"
            " count(distinct payload ->> 'robot_id'),"
            " count(distinct cast(payload ->> 'occurred_at' as timestamp))"
            " from event_log.event_lines"
        ).fetchall()[0]
        loaded = connection.execute("select sum(line_count) from event_log.loaded_files").fetchall()
    assert (lines, ids, days) == (written, 41, 20)
    assert loaded == [(41,)]
    # The old one, one in each young fleet, and one whose last state lasts to the end.
    assert robots == 1 + scale.YOUNG_FLEETS + 1
