"""The database of the last release, brought up to date in place as CHANGELOG says."""

import copy
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.python.conftest import Warehouse
from tests.python.nightly.differences import Tables, differences, tables
from tests.python.upgrade.steps import (
    RELEASE,
    drops_said,
    environments,
    release,
    section,
    take_over,
    upgrade,
)
from tests.python.upgrade.versions import Version, digests, drops, refresh, relations

RAW = ("event_lines", "rejected_lines", "loaded_files", "failed_files")


@dataclass(frozen=True)
class Upgraded:
    """A database of the release after the upgrade, and one that was built of its lines alone.

    environments  what its lines say, so that they become events
    left          what the upgrade leaves
    now           what the project builds
    """

    warehouse: Warehouse
    environments: list[str]
    tables: Tables
    fresh: Tables
    left: Version
    now: Version


@pytest.fixture(scope="module")
def upgraded(
    open_warehouse: Callable[[Path], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Upgraded:
    folder = tmp_path_factory.mktemp("upgraded")
    warehouse = open_warehouse(folder)
    take_over(warehouse)
    said = environments(warehouse)
    # Unit tests read no database.
    left_out = ["unit_test"] if os.environ.get("SOAK") else ["unit_test", "test"]
    upgrading = upgrade(warehouse, "--exclude-resource-type", *left_out, environments=said)

    fresh = open_warehouse(folder / "fresh")
    seeds = fresh("seed")
    fresh.load()
    with duckdb.connect(fresh.database) as connection:
        connection.execute(f"attach '{warehouse.database}' as upgraded (read_only)")
        for table in RAW:
            connection.execute(
                f"insert into event_log.{table} select * from upgraded.event_log.{table}"
            )
    building = fresh("run", environments=said)
    return Upgraded(
        warehouse,
        said,
        tables(warehouse.database),
        tables(fresh.database),
        version(warehouse, upgrading),
        version(fresh, seeds, building),
    )


def version(warehouse: Warehouse, *built: Any) -> Version:
    """What is in a database, and what dbt says that it made it of."""
    nodes = [result.node.to_dict() for one in built for result in one.results]
    with duckdb.connect(warehouse.database, read_only=True) as connection:
        return Version(relations(connection), digests({node["unique_id"]: node for node in nodes}))


def test_every_table_is_as_if_it_were_built_anew(upgraded: Upgraded) -> None:
    assert sum(table.num_rows > 0 for table in upgraded.fresh.values()) > 40
    ours = {name: upgraded.tables[name] for name in upgraded.fresh}
    found = differences(ours, upgraded.fresh)
    assert not found, "\n".join(map(str, found))


def test_nothing_is_left_that_no_model_builds(upgraded: Upgraded) -> None:
    assert upgraded.left.relations == upgraded.now.relations


def test_a_version_needs_nothing_to_become_itself(upgraded: Upgraded) -> None:
    assert len(upgraded.now.digests) > 30
    assert refresh(upgraded.left, upgraded.now) is None
    assert not list(drops(upgraded.left, upgraded.now))


def test_changelog_names_what_has_to_be_refreshed_and_dropped(upgraded: Upgraded) -> None:
    command = refresh(release(), upgraded.now)
    statements = list(drops(release(), upgraded.now))
    assert drops_said() == statements, "CHANGELOG has to say:\n" + "\n".join(statements)
    if command is None:
        assert "--full-refresh" not in section()
    else:
        assert "**A full refresh is needed**" in section()
        assert f"`{command}`" in section(), f"CHANGELOG has to say `{command}`"


@pytest.mark.soak
def test_the_next_night_goes_on_from_there(upgraded: Upgraded) -> None:
    """With what the release had not loaded, and nothing of what it had."""
    warehouse = upgraded.warehouse
    shutil.copy(RELEASE / "later.ndjson.gz", warehouse.landing)
    warehouse.load()
    warehouse("run", environments=upgraded.environments)
    nightly = tables(warehouse.database)
    grown = [name for name, table in nightly.items() if table.num_rows != ours(upgraded, name)]
    assert len(grown) > 20
    warehouse("run", "--full-refresh", environments=upgraded.environments)
    found = differences(nightly, tables(warehouse.database))
    assert not found, "\n".join(map(str, found))


def ours(upgraded: Upgraded, name: str) -> int:
    return int(upgraded.tables[name].num_rows)


NODES: dict[str, dict[str, Any]] = {
    "seed.p.words": {
        "resource_type": "seed",
        "schema": "fleet_seeds",
        "alias": "words",
        "database": "a",
        "depends_on": {},
        "columns": {},
        "config": {"materialized": "seed"},
        "checksum": {"checksum": "one"},
    },
    **{
        f"model.p.{name}": {
            "resource_type": "model",
            "schema": "fleet_marts",
            "alias": name,
            "database": "a",
            "depends_on": {"nodes": reads},
            "columns": {"id": {"data_type": "bigint"}},
            "config": {"materialized": kind, "sort": "id"},
            "compiled_code": f'select id from "a"."fleet_marts".{name}_before -- as it was',
            "checksum": {"checksum": name},
        }
        for name, kind, reads in (
            ("view", "view", ["seed.p.words", "source.p.raw"]),
            ("first", "incremental", ["model.p.view"]),
            ("second", "incremental", ["source.p.raw"]),
        )
    },
}


def changed(node: str, **keys: Any) -> dict[str, str]:
    nodes = copy.deepcopy(NODES)
    nodes[node].update(keys)
    return digests(nodes)


@pytest.mark.parametrize(
    ("node", "keys", "which"),
    [
        ("seed.p.words", {"checksum": {"checksum": "two"}}, {"first"}),
        ("model.p.view", {"compiled_code": "select 2 as id"}, {"first"}),
        ("model.p.second", {"compiled_code": "select 2 as id"}, {"second"}),
        ("model.p.second", {"columns": {"id": {"data_type": "int"}}}, {"second"}),
        (
            "model.p.first",
            {"config": {"materialized": "incremental", "sort": ["id", "at"]}},
            {"first"},
        ),
        (
            "model.p.second",
            {
                "checksum": {"checksum": "another"},
                "database": "b",
                "compiled_code": 'select\n id from "b"."fleet_marts".second_before /* as now */',
            },
            set(),
        ),
    ],
)
def test_a_table_needs_a_refresh_where_its_rows_can_differ(
    node: str, keys: dict[str, Any], which: set[str]
) -> None:
    before, after = (Version({}, found) for found in (digests(NODES), changed(node, **keys)))
    words = f"dbt build --full-refresh --select {' '.join(sorted(which))}" if which else None
    assert refresh(before, after) == words


def test_a_table_that_is_new_needs_none() -> None:
    known = {name: one for name, one in digests(NODES).items() if name != "fleet_marts.first"}
    assert refresh(Version({}, known), Version({}, digests(NODES))) is None


def test_what_is_gone_is_dropped_views_first() -> None:
    before = Version({"s.a": "table", "s.b": "view", "s.kept": "table"}, {})
    after = Version({"s.kept": "view", "s.new": "table"}, {})
    assert list(drops(before, after)) == ["drop view s.b;", "drop table s.a;"]
