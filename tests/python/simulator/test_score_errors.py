"""What `fleet score` says where it cannot hold the marts against the truth."""

import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from fleet.cli import main
from tests.python.simulator.conftest import Simulated


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database without marts."""
    path = tmp_path / "empty.duckdb"
    duckdb.connect(str(path)).close()
    return path


def refusal(database: Path, truth: Path) -> str:
    """What the command says, which must be one line."""
    words = ["score", "--database", str(database), "--truth", str(truth)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    (said,) = done.output.splitlines()
    return said


@pytest.mark.parametrize("name", ["passwd", "events.ndjson"])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, name: str) -> None:
    other = tmp_path / name
    other.write_text('{"a": 1}\n')
    assert f"{other} is not a DuckDB file" in refusal(other, tmp_path)


def test_what_is_missing_says_how_to_get_it(
    database: Path, tmp_path: Path, clean: Simulated
) -> None:
    assert "run `make demo`" in refusal(tmp_path / "none.duckdb", tmp_path)
    assert "`fleet simulate` writes it" in refusal(database, tmp_path)
    assert "run `dbt build` first" in refusal(database, clean.out / "truth")


@pytest.mark.parametrize("fault", ["no file", "no column", "no parquet"])
def test_a_truth_of_another_version_says_to_make_it_again(
    database: Path, tmp_path: Path, clean: Simulated, fault: str
) -> None:
    truth = Path(shutil.copytree(clean.out / "truth", tmp_path / "truth"))
    hours = truth / "state_hours.parquet"
    hours.unlink()
    if fault == "no column":
        duckdb.execute(f"copy (select 'R-1' as robot_id) to '{hours}'")
    if fault == "no parquet":
        hours.write_text("no parquet")
    assert refusal(database, truth).startswith(
        f"Error: {hours} is not of this version; run `make demo` again"
    )
