"""A run beside production that reads from it what it does not build: docs/developing.md."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fleet.warehouse.dbt_runner import DbtError, DbtRunner
from tests.python.conftest import ROOT, Warehouse

PAGE = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
LEDGERS = [
    f"select count(*) from {schema}_runs.{ledger}"
    for schema in ("fleet", "pr")
    for ledger in ("completed_runs", "intraday_runs", "open_runs")
]


def deferred(*left_out: str) -> list[str]:
    """The words of the page's deferred run."""
    (words,) = re.findall(r"^FLEET_SCHEMA=ann dbt (build --select .*)$", PAGE, re.M)
    return [word for word in words.split() if word not in left_out]


@pytest.fixture
def production(
    clean: tuple[Warehouse, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_warehouse: Callable[[Path], Warehouse],
) -> Warehouse:
    """Production, built, and in the folder `production` what it was built from: before a change."""
    built, _ = clean
    shutil.copy(built.database, tmp_path / "warehouse.duckdb")
    state = built.manifest.writable_manifest().to_dict()
    state["nodes"]["model.fleet_analytics.fleet_mtbf"]["raw_code"] = "before"
    (tmp_path / "production").mkdir()
    (tmp_path / "production" / "manifest.json").write_text(json.dumps(state, default=str))
    monkeypatch.chdir(tmp_path)
    return open_warehouse(tmp_path)


def test_a_deferred_run_builds_what_changed_and_no_more(
    production: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_SCHEMA", "pr")
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "profiles.yml.example", home / "profiles.yml")
    runner = DbtRunner(ROOT, home)
    pull_request = Warehouse(tmp_path, runner)
    before = production.rows("select max(run_number) from fleet_runs.completed_runs")
    state = str(tmp_path / "production")
    words = [state if word == "production" else word for word in deferred()]

    with pytest.raises(DbtError, match="add --full-refresh"):
        pull_request(*(word for word in words if word != "--full-refresh"))
    pull_request(*words)

    tables = "select table_name from information_schema.tables where table_schema = 'pr_marts'"
    assert production.rows(tables) == [("fleet_mtbf",)]
    same = "select * from {0}_marts.fleet_mtbf order by all"
    assert production.rows(same.format("pr")) == production.rows(same.format("fleet")) != []
    assert production.rows("select max(run_number) from fleet_runs.completed_runs") == before
    for ledger in LEDGERS[3:]:
        assert production.rows(ledger) == [(0,)]
    # The next night of production knows nothing of it.
    monkeypatch.delenv("FLEET_SCHEMA")
    production("run", "--selector", "nightly")


def test_the_recipe_for_pull_requests_builds_as_the_page_says() -> None:
    (recipe,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    steps = yaml.safe_load(recipe)["jobs"]["changed_models"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[-1] == " ".join([".venv/bin/dbt", *deferred()])
