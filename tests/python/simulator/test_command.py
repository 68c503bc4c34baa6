from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet_events.simulator.command import simulate
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
