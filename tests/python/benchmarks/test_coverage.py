"""Bounds hold the truth as often as they claim, in worlds where bounds of another kind do not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage import (
    BY_CHANCE,
    Release,
    of_fleets,
    of_releases,
    of_robots,
    of_versions,
)
from benchmarks.release_alarms import ROBOT_SHAPE, Alarms
from tests.python.conftest import Warehouse

DRAWS = 2_000
# Three standard errors of 90 % in as many draws; docs/definitions.md has what more draws say.
NEAR = 2.0


@pytest.fixture(scope="module")
def marts(failing: tuple[Warehouse, Path], tmp_path_factory: pytest.TempPathFactory) -> Alarms:
    folder = tmp_path_factory.mktemp("coverage")
    return Alarms(folder, Path(shutil.copy(failing[0].database, folder / "warehouse.duckdb")))


def test_bounds_hold_what_they_claim(marts: Alarms) -> None:
    rng = np.random.default_rng(1)
    # Robots alike are the harder, the fewer they are; robots that differ, the more skewed they are.
    found = of_fleets(marts, DRAWS, rng, [(3, 30), (5, 30), (10, 30)])
    found += of_versions(marts, DRAWS, rng, [(10, "robot-agent"), (14, "made-up")])
    releases = [
        Release((10, 10), 1, "days", BY_CHANCE),
        Release((10, 10), 5, "units", ROBOT_SHAPE),
        Release((1, 1), 14, "days", ROBOT_SHAPE, is_of_robots=False),
    ]
    found += of_releases(marts, DRAWS, rng, releases)
    off = {f"{one.interval}, {one.world}": one.coverage - one.claim for one in found}
    assert len(off) == 9 + 7 + 3
    assert off == dict.fromkeys(off, pytest.approx(0, abs=NEAR))


def test_bounds_of_one_robot_hold_what_they_claim_on_average_over_rates(marts: Alarms) -> None:
    few, *others = of_robots(marts)
    assert few.is_at_least
    assert few.coverage >= few.claim
    assert [one.coverage for one in others] == [pytest.approx(90, abs=0.2)] * len(others)
