"""The configuration that `fleet vector render` makes."""

from __future__ import annotations

import pytest
import yaml

from fleet.vector.command import render_vector
from tests.python.conftest import ROOT
from tests.python.pipeline.vector import Vector

ENVIRONMENTS = sorted(path.stem for path in (ROOT / "pipeline/vector/environments").glob("*.yml"))


@pytest.fixture(scope="session")
def vector() -> Vector:
    """The configuration of production."""
    return Vector(yaml.safe_load(render_vector(ROOT, "prod")))
