from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from click.testing import CliRunner

from fleet.simulator import command
from fleet.simulator.command import Pace, simulate
from fleet.simulator.orders import INJECTED_CAUSES
from fleet.simulator.world import DAY, HOUR, MINUTE
from tests.python.simulator.conftest import ROOT


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_events_are_never_mixed_with_those_of_an_earlier_run(tmp_path: Path) -> None:
    arguments = ["--robots", "1", "--seed", "1", "--out", str(tmp_path)]
    first = CliRunner().invoke(simulate, arguments)
    assert first.exit_code == 0, first.output
    assert first.output.startswith("Simulated 1 robot for 1 day from 2026-11-02: ")
    assert f"landing_path: {tmp_path}/landing" in first.output
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())

    again = CliRunner().invoke(simulate, arguments)
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == files

    other = CliRunner().invoke(simulate, [*arguments, "--seed", "2", "--overwrite"])
    assert other.exit_code == 0, other.output
    assert not set(tmp_path.rglob("*.gz")) & set(files)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("in the way")
    done = CliRunner().invoke(simulate, ["--robots", "1", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "cannot be written" in done.output


@pytest.mark.parametrize("start", ["1969-01-01", "9999-12-31", "0001-01-01"])
def test_a_first_day_without_room_for_the_clocks_is_refused(tmp_path: Path, start: str) -> None:
    done = CliRunner().invoke(simulate, ["--start", start, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert f"{start} is not in the range 2000-01-01 to 2099-12-31." in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("start", ["2000-01-01", "2099-12-31"])
def test_the_first_and_the_last_day_of_the_range_can_be_simulated(
    tmp_path: Path, start: str
) -> None:
    done = CliRunner().invoke(simulate, ["--robots", "2", "--start", start, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output


class Clock:
    """A clock that moves when something sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.now.timestamp()


def test_live_events_catch_up_with_the_clock_and_then_keep_its_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    clock = Clock(start + timedelta(hours=30))
    moments = mock.Mock(wraps=datetime)
    moments.now.side_effect = lambda zone: clock.now.astimezone(zone)
    monkeypatch.setattr(command, "time", clock)
    monkeypatch.setattr(command, "datetime", moments)
    pace = Pace(start, history=DAY, speed=10)

    slept = {}
    for now in range(0, 31 * HOUR + 1, 15 * MINUTE):
        before = clock.now
        pace.wait(now)
        slept[now] = (clock.now - before).total_seconds()
    assert sum(slept[now] for now in slept if now <= DAY) == 0
    # Six hours in 40 minutes of the clock, which itself goes on.
    behind = [slept[now] for now in slept if DAY < now <= 30 * HOUR + 30 * MINUTE]
    assert behind == pytest.approx([90] * len(behind))
    assert clock.now == start + timedelta(hours=31)


@pytest.mark.parametrize("other", [["--days", "2"], ["--start", "2026-11-02"]])
def test_live_has_days_of_its_own(tmp_path: Path, other: list[str]) -> None:
    done = CliRunner().invoke(simulate, ["--live", "10", "--out", str(tmp_path), *other])
    assert done.exit_code == 2
    assert f"--live goes without {other[0]}: it has days of its own." in done.output


@pytest.mark.parametrize(
    ("options", "lost", "unusual"),
    [
        ("", True, True),
        ("--clean", False, False),
        ("--troubles 0", False, False),
        ("--clean --variety 5", False, True),
        ("--troubles 3 --variety 0", True, False),
    ],
)
def test_troubles_and_variety_are_set_apart(
    tmp_path: Path, options: str, lost: bool, unusual: bool
) -> None:
    words = ["--robots", "12", "--seed", "3", "--out", str(tmp_path), *options.split()]
    with mock.patch.dict(INJECTED_CAUSES, robot_error=0.2, safety_event=0.2):
        done = CliRunner().invoke(simulate, words)
    assert done.exit_code == 0, done.output
    with duckdb.connect() as connection:
        ((lost_lines,),) = connection.execute(
            f"select lost_lines from '{tmp_path}/truth/lines.parquet'"
        ).fetchall()
        ((deliveries,),) = connection.execute(
            f"select count(*) from '{tmp_path}/truth/deliveries.parquet'"
            " where tries > 1 or len(order_ids) > 1"
        ).fetchall()
    assert (lost_lines > 0, deliveries > 0) == (lost, unusual)
