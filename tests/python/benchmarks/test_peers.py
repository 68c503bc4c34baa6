"""The hand-written peers equal our tables, and one that does not is found out."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks import peers
from benchmarks.nightly import BenchmarkError, no_progress
from benchmarks.peer_programs.rules import OUTPUTS
from tests.python.conftest import Warehouse

pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return peers.simulate(tmp_path_factory.mktemp("fleet"), robots=3, days=2, step=no_progress)


@pytest.fixture(scope="module")
def database(
    landing: Path,
    open_warehouse: Callable[[Path], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Our tables of the files."""
    warehouse = open_warehouse(tmp_path_factory.mktemp("ours"))
    warehouse("seed")
    warehouse("run-operation", "load_event_lines", landing_path=str(landing))
    warehouse("run", "--select", *peers.MODELS)
    return warehouse.database


@pytest.mark.parametrize("peer", peers.PEERS)
def test_a_peer_equals_our_tables(peer: str, database: Path, landing: Path, tmp_path: Path) -> None:
    if not find_spec(peers.PEERS[peer]):
        pytest.skip(f"{peer} is not installed")
    assert peers.theirs(peer, landing, tmp_path) > 0
    rows = peers.compare(peer, database, tmp_path)
    assert rows.keys() == OUTPUTS.keys()
    assert min(rows.values()) > 1
    # Two reasons of the loader and three that the models find.
    assert rows["quarantine"] == 5


@pytest.mark.parametrize("table", OUTPUTS)
def test_a_row_that_differs_is_found(
    table: str, database: Path, landing: Path, tmp_path: Path
) -> None:
    peers.theirs("duckdb", landing, tmp_path)
    path = tmp_path / f"{table}.parquet"
    # One of those that are compared.
    compared = f"where delivery_id in ({peers.TOLD})" if "delivery_id" in OUTPUTS[table] else ""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute(f"create temp table kept as from '{path}'")
        connection.execute(
            f"delete from kept where rowid = (select min(rowid) from kept {compared})"
        )
        connection.execute(f"copy kept to '{path}' (format parquet)")
    with pytest.raises(BenchmarkError, match=rf"differ in {table}: 1 rows are only in ours, 0 "):
        peers.compare("duckdb", database, tmp_path)


@pytest.mark.soak
def test_its_last_line_is_json() -> None:
    words = ["--days", "1", "--robots", "1", "--rounds", "1", "--peer", "duckdb"]
    done = CliRunner().invoke(peers.main, words)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["duckdb"] > 0
    assert "Equal, row for row" in done.stdout


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "PEERS", {"polars": "no_such_package"})
    done = CliRunner().invoke(peers.main, [])
    assert done.exit_code != 0
    assert "Without polars, which is not installed: `pip install no_such_package`" in done.stderr
