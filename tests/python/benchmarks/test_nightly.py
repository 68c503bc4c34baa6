"""The benchmark of a night, on a tiny fleet: that it measures what it says; no times are tested."""

import gzip
import io
import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from benchmarks import nightly

pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmark")


@pytest.fixture(scope="module")
def report(folder: Path) -> nightly.Report:
    return nightly.measure(folder, robots=2, histories=[1, 2], rounds=1)


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.soak
def test_the_short_history_is_the_end_of_the_long_one(folder: Path, report: nightly.Report) -> None:
    days = "select distinct date_trunc('day', loaded_at) from event_log.event_lines order by 1"
    short, long = rows(folder / "built-1", days), rows(folder / "built-2", days)
    assert [day for (day,) in short] == [day for (day,) in long][-1:]
    assert report.lines[1] < report.lines[2]


@pytest.mark.soak
def test_the_night_is_the_same_after_either_history(folder: Path, report: nightly.Report) -> None:
    night = (
        "select count(*), max(source_file), sum(hash(payload)) from event_log.event_lines"
        " where loaded_at = (select max(loaded_at) from event_log.event_lines)"
    )
    assert rows(folder / "night-1", night) == rows(folder / "night-2", night)
    assert report.night_lines > 100


@pytest.mark.soak
def test_the_marts_hold_the_night(folder: Path, report: nightly.Report) -> None:
    newest = "select max(event_at) from fleet_marts.event_timeline"
    for days in (1, 2):
        assert rows(folder / f"night-{days}", newest) > rows(folder / f"built-{days}", newest)


@pytest.mark.soak
def test_every_model_is_in_the_report(report: nightly.Report) -> None:
    screen = io.StringIO()
    nightly.show(report, Console(file=screen, width=120))
    text = screen.getvalue()
    models = {
        path.stem
        for path in (nightly.ROOT / "models").rglob("*.sql")
        if not path.stem.startswith("stg_") and 'materialized="view"' not in path.read_text()
    }
    assert {"delivery_sessions", "supply_hours", "robot_mtbf"} <= models
    for days in (1, 2):
        cost = report.nights[days][0]
        assert sum(cost.models.values()) <= cost.whole
    for model in ("delivery_sessions", "supply_hours", "robot_mtbf", "all views"):
        assert re.search(rf"^{model} +[\d.]+ +[\d.]+ +[\d.]+$", text, re.MULTILINE)


@pytest.mark.soak
def test_the_last_line_has_the_ratios(report: nightly.Report) -> None:
    found = nightly.figures(report)
    assert {"ratio_2_1", "ratio_to_empty_run"} < found.keys()
    assert found["ratio_2_1"] == pytest.approx(found["seconds_2"] / found["seconds_1"], abs=0.01)


@pytest.mark.soak
def test_the_empty_project_has_a_model_for_each_of_ours(
    folder: Path, report: nightly.Report
) -> None:
    models = len(list((nightly.ROOT / "models").rglob("*.sql")))
    made = "select count(*) from information_schema.tables where table_schema = 'fleet'"
    assert rows(folder / "built-empty", made) == [(models,)]
    assert len(report.empty_runs) == 1


@pytest.mark.soak
def test_other_settings_do_not_use_the_files_of_a_kept_folder(
    folder: Path, report: nightly.Report
) -> None:
    with pytest.raises(nightly.BenchmarkError, match="holds other histories"):
        nightly.measure(folder, robots=3, histories=[1, 2], rounds=1)


LINE = {
    "event_id": "01a1a147-cf14-7bd5-b8c3-ff04ae77adcc",
    "occurred_at": "2025-01-31T12:00:00.276Z",
    "emitter_id": "robot-agent/R-3/262b",
    "delivery_id": "D-12",
    "robot_id": "R-3",
    "data": {
        "error_event_id": "01a1a147-f670-7244-87f6-3fe683be18ff",
        "session_id": "session-9",
        "last_emitter_id": "robot-agent/R-3/262b",
    },
}


def test_move_shifts_times_and_ids_and_leaves_robots() -> None:
    moved = json.loads(nightly.move(json.dumps(LINE, separators=(",", ":")).encode(), 5, 2))
    assert moved == {
        # 5 days are 432,000,000 ms, hexadecimal 19bfcc00.
        "event_id": "01a1bb07-9b14-7bd5-b8c3-ff04ae77adcc",
        "occurred_at": "2025-02-05T12:00:00.276Z",
        "emitter_id": "robot-agent/R-3/262b02",
        "delivery_id": "D-2000012",
        "robot_id": "R-3",
        "data": {
            "error_event_id": "01a1bb07-c270-7244-87f6-3fe683be18ff",
            "session_id": "session-2000009",
            "last_emitter_id": "robot-agent/R-3/262b02",
        },
    }


def test_move_leaves_a_broken_line_broken() -> None:
    assert nightly.move(b'{"occurred_at":"2025-02-31T10:00', 1, 1) == (
        b'{"occurred_at":"2025-02-31T10:00'
    )
    assert nightly.move(b'{"occurred_at":"2025-02-01T10:00', 1, 1) == (
        b'{"occurred_at":"2025-02-02T10:00'
    )


def test_write_days_sets_the_night_amid_its_block(tmp_path: Path) -> None:
    for day in range(6):
        folder = tmp_path / "simulated" / f"date=2021-01-0{day + 1}"
        folder.mkdir(parents=True)
        line = json.dumps({"occurred_at": f"2021-01-0{day + 1}T00:00:00.000Z", "day": day})
        (folder / f"2021010{day + 1}T000000Z-{day}.ndjson.gz").write_bytes(
            gzip.compress(line.encode())
        )
    nightly.write_days(tmp_path / "simulated", tmp_path / "files", 11, nightly.no_progress)

    arrived = [
        sorted(
            json.loads(gzip.decompress(path.read_bytes()))["day"]
            for path in (tmp_path / "files" / nightly.day_folder(day)).rglob("*.gz")
        )
        for day in (date(2021, 1, number) for number in range(1, 13))
    ]
    # What arrives on the day after a block comes with the first day of the next.
    first = [0, 5]
    assert arrived == [[1], [2], [3], [4], first, [1], [2], [3], [4], first, [1], [2]]
