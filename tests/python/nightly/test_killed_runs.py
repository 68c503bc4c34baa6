"""A run that is killed, at whichever model or moment, is made good by the next one."""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import ROOT
from tests.python.nightly.differences import Tables, differences, tables
from tests.python.nightly.nights import (
    Fleet,
    Nights,
    crash_images,
    kill_run,
    kill_run_after,
    run_with_disk_of,
    write,
)
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
# What a run leaves of a table that no model reads changes no other table.
MODELS = {
    path.stem for path in (ROOT / "models").rglob("*.sql") if keeps_rows(path) and path.stem in READ
}
# Four worlds share their days: a short log keeps the many runs quick.
# After every third model and at a few random moments; with time, KILLED_EVERY=1 RANDOM_KILLS=30.
KILLED_EVERY = int(os.environ.get("KILLED_EVERY", "3"))
RANDOM_KILLS = int(os.environ.get("RANDOM_KILLS", "2"))
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


@pytest.mark.soak
# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_killed_after_each_model(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables]
) -> None:
    """Every run is killed a few models later than the one before it; the last comes to its end.

    What one of them leaves wrong, those after it have to make good. The lines of night 3 are there
    from the middle on.
    """
    killed_after = range(1, len(MODELS) + 1, KILLED_EVERY)
    with nights.database(before_night_2) as warehouse:
        for place, number in enumerate(killed_after):
            if place == len(killed_after) // 2:
                write(warehouse.database, NIGHT_3)
            assert not kill_run(warehouse, after(number))
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[True])
    assert not found, "\n".join(map(str, found))


def after(number: int) -> Callable[[Any], bool]:
    """The moment at which a run has built that many of the models that it is killed after."""
    done = 0

    def is_reached(event: Any) -> bool:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += event.data.node_info.node_name in MODELS
        return done == number

    return is_reached


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
        assert not kill_run(warehouse, is_commit)
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[False])
    assert not found, "\n".join(map(str, found))


@pytest.mark.soak
# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_killed_at_random_moments(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables]
) -> None:
    """One run after another is killed; one that was quicker than that begins the night anew."""
    moments = random.Random(15)
    killed = 0
    while killed < RANDOM_KILLS:
        with nights.database(before_night_2) as warehouse:
            with nights.database(before_night_2) as whole:
                began = time.monotonic()
                nights.run(whole, "--threads", "1")
                seconds = time.monotonic() - began
            while killed < RANDOM_KILLS and not kill_run_after(
                warehouse, moments.uniform(0, seconds)
            ):
                killed += 1
            nights.run(warehouse)
            found = differences(tables(warehouse.database), refreshed[False])
        assert not found, "\n".join(map(str, found))


@pytest.mark.soak
# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_killed_before_and_after_statements(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables]
) -> None:
    """Every run is killed some statements later than the one before, in turn before and after it.

    The lines of night 3 are there from the middle on.
    """
    statements = 0

    def count(event: Any) -> None:
        nonlocal statements
        statements += event.info.name == "SQLQuery"

    with nights.database(before_night_2) as warehouse:
        nights.run(warehouse, "--threads", "1", callbacks=[count])
    assert statements > 2 * len(MODELS)
    killed_at = range(1, statements, 5 * KILLED_EVERY)
    with nights.database(before_night_2) as warehouse:
        for place, number in enumerate(killed_at):
            if place == len(killed_at) // 2:
                write(warehouse.database, NIGHT_3)
            which = ("SQLQuery", "SQLQueryStatus")[place % 2]
            # A later run may need fewer statements, so that the last moments do not come.
            ended = kill_run(warehouse, statement(number, which))
            assert not ended or number > statements // 2
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[True])
    assert not found, "\n".join(map(str, found))


def statement(number: int, name: str) -> Callable[[Any], bool]:
    """The moment at which so many statements have begun (SQLQuery) or ended (SQLQueryStatus)."""
    seen = 0

    def is_reached(event: Any) -> bool:
        nonlocal seen
        if event.info.name == name:
            seen += 1
        return seen == number

    return is_reached


@pytest.mark.soak
# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_database_and_log_copied_amid_a_run(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables], tmp_path: Path
) -> None:
    chance = random.Random(16)
    with nights.database(before_night_2) as whole:
        began = time.monotonic()
        nights.run(whole, "--threads", "1")
        seconds = time.monotonic() - began
    moments = sorted(chance.uniform(0, seconds) for _ in range(RANDOM_KILLS))
    with nights.database(before_night_2) as warehouse:
        images = crash_images(warehouse, moments, tmp_path)
    assert len(images) > RANDOM_KILLS // 2
    for image in images:
        with nights.database(image / "warehouse.duckdb") as reopened:
            nights.run(reopened)
            found = differences(tables(reopened.database), refreshed[False])
        assert not found, f"{image}\n" + "\n".join(map(str, found))


@pytest.mark.soak
# Two native threads at least are DuckDB's and NumPy's, and idle while no database is open.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_disk_that_is_full_at_each_step(
    nights: Nights, before_night_2: Path, refreshed: dict[bool, Tables]
) -> None:
    with nights.database(before_night_2) as whole:
        before = whole.database.stat().st_size
        nights.run(whole)
        growth = whole.database.stat().st_size - before
    with nights.database(before_night_2) as warehouse:
        failed = 0
        for part in range(2 * RANDOM_KILLS):
            size = before + growth * part // (2 * RANDOM_KILLS)
            failed += not run_with_disk_of(warehouse, size)
        assert failed > RANDOM_KILLS // 2
        nights.run(warehouse)
        found = differences(tables(warehouse.database), refreshed[False])
    assert not found, "\n".join(map(str, found))
