"""Fixtures for what Redshift gets: without any connection, and on the stand-in."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.contracts.relation import RelationType
from dbt.adapters.redshift.impl import RedshiftAdapter
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import AnalysisNode, ModelNode, SingularTestNode
from dbt_common.clients.agate_helper import table_from_rows

from fleet.warehouse.dbt_runner import DbtRunner
from tests.python.conftest import ROOT
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn, run_standin

Compile = Callable[[bool], dict[str, str]]


@pytest.fixture(scope="session")
def redshift_dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRunner:
    """The runner for the target redshift, which has no server to connect to."""
    home = tmp_path_factory.mktemp("redshift")
    shutil.copy(ROOT / "profiles.yml.example", home / "profiles.yml")
    return DbtRunner(ROOT, home, target="redshift")


@pytest.fixture(scope="session")
def redshift_manifest(redshift_dbt: DbtRunner) -> Manifest:
    """The project as dbt reads it for the target redshift."""
    return redshift_dbt.parse()


def nothing(*arguments: Any, **options: Any) -> None:
    return None


def found(adapter: RedshiftAdapter, database: str, schema: str, identifier: str) -> Any:
    return adapter.Relation.create(
        database=database, schema=schema, identifier=identifier, type=RelationType.Table
    )


def answer(adapter: RedshiftAdapter, sql: str, *arguments: Any, **options: Any) -> Any:
    """Two days in November where a model asks for stretches of days, else the number 1."""
    if "first_date" in sql:
        table = table_from_rows([["2026-11-02", "2026-11-03"]], ["first_date", "last_date"])
    else:
        table = table_from_rows([[1]], ["value"])
    return AdapterResponse("OK"), table


def no_answer(*arguments: Any, **options: Any) -> Any:
    return AdapterResponse("OK"), table_from_rows([], [])


@pytest.fixture(scope="session")
def compiled(redshift_dbt: DbtRunner, redshift_manifest: Manifest) -> Compile:
    """The SQL of every model, singular test and analysis by name.

    As a night (True) or a full refresh (False) compiles it.
    """
    sql: dict[bool, dict[str, str]] = {}
    for nightly in (False, True):
        with (
            mock.patch.object(RedshiftAdapter, "set_relations_cache", nothing),
            mock.patch.object(RedshiftAdapter, "get_relation", found if nightly else nothing),
            mock.patch.object(RedshiftAdapter, "execute", answer if nightly else no_answer),
        ):
            result = redshift_dbt("compile")
        assert isinstance(result, RunExecutionResult)
        nodes = [done.node for done in result.results]
        sql[nightly] = {
            node.name: str(node.compiled_code)
            for node in nodes
            if isinstance(node, ModelNode | SingularTestNode | AnalysisNode)
        }
    return sql.__getitem__


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The one running stand-in for Redshift, with the roles and raw tables of pipeline/redshift."""
    with run_standin(tmp_path_factory.mktemp("standin")) as running:
        running.run("1_roles.sql", "2_raw_tables.sql", "3_rights.sql")
        yield running


@pytest.fixture
def schema(standin: StandIn) -> Iterator[StandIn]:
    """The stand-in with an empty schema `s`."""
    standin.rows("create schema s")
    yield standin
    standin.rows("drop schema s cascade")


@pytest.fixture(scope="session")
def open_redshift(
    standin: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], RedshiftWarehouse]:
    """Open the project in schemas of a prefix; it is parsed once for each prefix."""
    manifests: dict[str, Manifest] = {}

    def opened(schema: str) -> RedshiftWarehouse:
        folder = tmp_path_factory.mktemp(schema)
        warehouse = RedshiftWarehouse({**standin.where, "user": "dbt"}, schema, folder)
        # Schemas are written into the manifest, so only warehouses of one schema can share it.
        if schema not in manifests:
            manifests[schema] = warehouse.dbt.parse()
        warehouse.dbt.manifest = manifests[schema]
        return warehouse

    return opened
