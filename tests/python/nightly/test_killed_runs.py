"""A run that is killed, at whichever model, is made good by the next one."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import ROOT
from tests.python.nightly.differences import Tables, differences, tables
from tests.python.nightly.nights import Fleet, Nights, kill_run, write
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED


def keeps_rows(model: Path) -> bool:
    """Whether it is no view: killed after a view is killed after the table before it."""
    text = model.read_text("utf-8")
    if "materialized=" in text:
        return 'materialized="view"' not in text
    return "staging" not in model.parts  # as dbt_project.yml has it


READ = {
    name
    for folder in ("models", "macros")
    for path in (ROOT / folder).rglob("*.sql")
    for name in re.findall(r"""ref\(["'](\w+)["']\)""", path.read_text("utf-8"))
}
# What a run leaves of a table that no model reads changes no other table. That it is itself built
# twice with the same rows is seen where a run is killed after its last model.
LAST = "the last model"
MODELS = sorted(
    path.stem for path in (ROOT / "models").rglob("*.sql") if keeps_rows(path) and path.stem in READ
)
# Four worlds share their days: a short log keeps the many runs quick.
FLEET = Fleet(tuple(replace(world, beside=n % 4 > 0) for n, world in enumerate(NAMED)), nights=3)
_, NIGHT_2, NIGHT_3 = FLEET.loads()


@pytest.fixture(scope="module")
def before_night_2(nights: Nights) -> Iterator[Path]:
    """A database after the first night, with the lines of the second."""
    with nights.database() as warehouse:
        write(warehouse.database, FLEET.loads()[0])
        nights.run(warehouse)
        write(warehouse.database, NIGHT_2)
        yield warehouse.database


@pytest.fixture(scope="module")
def refreshed(nights: Nights, before_night_2: Path) -> dict[bool, Tables]:
    """Tables of a full refresh, without and with the lines of night 3."""
    with nights.database(before_night_2) as warehouse:
        nights.run(warehouse, "--full-refresh")
        without = tables(warehouse.database)
        write(warehouse.database, NIGHT_3)
        nights.run(warehouse, "--full-refresh")
        return {False: without, True: tables(warehouse.database)}


@pytest.fixture(scope="module")
def killed_after(
    nights: Nights, before_night_2: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The database as a run of night 2 leaves it that is killed right after a model.

    One run passes through all of these states: what a killed process leaves behind is the file
    and its write-ahead log as they are at that moment.
    """
    folder = tmp_path_factory.mktemp("killed")
    left: dict[str, Path] = {}
    with nights.database(before_night_2) as warehouse:
        log = warehouse.database.with_name(warehouse.database.name + ".wal")
        size = 0

        def keep(event: Any) -> None:
            nonlocal size
            if event.info.name == "SQLCommit" and log.exists():
                # Until its commit a model has changed nothing that would outlast it.
                assert log.stat().st_size == size, event.data.conn_name
            if event.info.name == "NodeFinished":
                state = folder / event.data.node_info.node_name / warehouse.database.name
                state.parent.mkdir()
                shutil.copy(warehouse.database, state)
                if log.exists():
                    shutil.copy(log, state.parent)
                    size = log.stat().st_size
                left[state.parent.name] = left[LAST] = state

        nights.run(warehouse, "--threads", "1", callbacks=[keep])
    return left


@pytest.mark.parametrize("model", [*MODELS, LAST])
def test_killed_after_a_model(
    nights: Nights, killed_after: dict[str, Path], refreshed: dict[bool, Tables], model: str
) -> None:
    # In every other case the lines of night 3 are there before the run is repeated.
    with_night_3 = model != LAST and MODELS.index(model) % 2 == 1
    with nights.database(killed_after[model]) as warehouse:
        if with_night_3:
            write(warehouse.database, NIGHT_3)
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[with_night_3])
    assert not found, "\n".join(map(str, found))


# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("model", ["base_event_log__typed_lines", "delivery_sessions"])
def test_killed_before_a_model_commits(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables], model: str
) -> None:
    def is_commit(event: Any) -> bool:
        name: str = event.info.name
        return name == "SQLCommit" and str(event.data.conn_name).endswith(f".{model}")

    with nights.database(before_night_2) as warehouse:
        kill_run(warehouse, is_commit)
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[False])
    assert not found, "\n".join(map(str, found))
