"""What the benchmark of releases makes of a few draws that leave nothing to chance."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.release_alarms import (
    Alarms,
    Draws,
    first_verdicts,
    hourly_looks,
    service_looks,
    single_looks,
)
from tests.python.conftest import Warehouse

EQUAL_ROBOTS = 1e6


@pytest.fixture(scope="module")
def alarms(failing: tuple[Warehouse, Path], tmp_path_factory: pytest.TempPathFactory) -> Alarms:
    folder = tmp_path_factory.mktemp("alarms")
    return Alarms(folder, Path(shutil.copy(failing[0].database, folder / "warehouse.duckdb")))


def test_one_look_finds_what_is_ten_times_worse_and_not_what_is_alike(alarms: Alarms) -> None:
    kinds = [Draws("same", 1, 6), Draws("ten", 10, 6)]
    found = single_looks(alarms, kinds, 8, EQUAL_ROBOTS, np.random.default_rng(1))
    assert found == {"same": pytest.approx(0, abs=0.2), "ten": 1.0}


def test_hours_and_days_are_read_until_there_is_a_verdict(alarms: Alarms) -> None:
    rng = np.random.default_rng(1)
    hourly = hourly_looks(alarms, Draws("", 20, 3), 10, 8, EQUAL_ROBOTS, rng)
    assert [verdict for verdict, _ in hourly] == ["worse"] * 3
    # Ten robots, half an hour each: no verdict before 20 operating hours, or after the last look.
    assert all(20 <= hours <= 8 * 10 * 0.75 for _, hours in hourly)
    # Without any error: no outage of the version before can explain it.
    assert service_looks(alarms, Draws("", 0, 2), 6, EQUAL_ROBOTS, rng) == ["better"] * 2


def test_the_first_look_counts() -> None:
    rows = [("1 7 new", "worse", 70.0), ("1 3 new", "better", 30.0), ("0 9 new", "worse", 90.0)]
    assert first_verdicts(rows, 3) == [("worse", 90.0), ("better", 30.0), (None, float("inf"))]
