"""The benchmark of a full build measures what it says, on a tiny fleet; no times are tested."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks import full_build
from fleet.registry import load_registry
from tests.python.conftest import ROOT, Warehouse

pytestmark = pytest.mark.dbt


@pytest.mark.soak
def test_its_last_line_is_json() -> None:
    done = CliRunner().invoke(full_build.main, ["--days", "1", "--robots", "1", "--rounds", "1"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"ratio_to_typed_parse", "lines_per_second", "peak_mb"} < found.keys()
    assert all(value > 0 for value in found.values())
    for model in ("base_event_log__typed_lines", "delivery_sessions", "all views"):
        assert f"\n{model} " in done.stdout


def test_the_parse_writes_each_line_with_every_field_typed(
    failing: tuple[Warehouse, Path], tmp_path: Path
) -> None:
    typed = tmp_path / "typed.duckdb"
    assert full_build.typed_parse(failing[0].database, typed).whole > 0
    with duckdb.connect(typed, read_only=True) as connection:
        kinds = {name: kind for name, kind, *_ in connection.execute("describe typed").fetchall()}
        found = connection.execute(
            "select count(*), max(occurred_at), max(data_battery_pct) from typed"
        ).fetchall()
    fields = {f"data_{name}" for name, _ in load_registry(ROOT).distinct_fields()}
    assert fields < kinds.keys()
    assert (kinds["evt_name"], kinds["occurred_at"]) == ("VARCHAR", "TIMESTAMP")
    assert found == failing[0].rows(
        "select count(*), max(try_cast(payload ->> 'occurred_at' as timestamp)),"
        " max(cast(payload ->> '$.data.battery_pct' as double)) from event_log.event_lines"
    )
