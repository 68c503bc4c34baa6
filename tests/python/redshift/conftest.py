"""Fixtures for tests on the Redshift stand-in: one server, and one parse of the project for it."""

from collections.abc import Callable, Iterator

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn, run_standin


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The one running stand-in for Redshift."""
    with run_standin(tmp_path_factory.mktemp("standin")) as running:
        yield running


@pytest.fixture(scope="session")
def open_redshift(
    standin: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], RedshiftWarehouse]:
    """Open the project in schemas of a prefix; it is parsed once for all of them."""
    manifests: list[Manifest] = []

    def opened(schema: str) -> RedshiftWarehouse:
        folder = tmp_path_factory.mktemp(schema)
        warehouse = RedshiftWarehouse(standin, schema, folder)
        if not manifests:
            manifests.append(warehouse("parse"))
        # Schemas are written into the manifest, so only one schema can share it.
        warehouse.manifest = manifests[0] if schema == "fleet" else None
        return warehouse

    return opened
