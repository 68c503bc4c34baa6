"""The Sigma kit, rendered from the parsed project."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from fleet.sigma.definition import Project, load_project
from tests.python.conftest import ROOT, Warehouse


@pytest.fixture(scope="session")
def manifest(
    open_warehouse: Callable[[Path], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Manifest:
    """The parsed project."""
    return open_warehouse(tmp_path_factory.mktemp("sigma")).manifest


@pytest.fixture(scope="session")
def project(manifest: Manifest) -> Project:
    """sigma/ of this project, with the marts of its manifest."""
    return load_project(ROOT, manifest.writable_manifest().to_dict())
