"""What the comparison of methods says of a clean log."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks.fleets import Fleet
from benchmarks.supply_accuracy import compare
from fleet.simulator.world import Settings
from tests.python.conftest import Warehouse


def test_events_are_exact_and_rarer_snapshots_are_farther_off(
    failing: tuple[Warehouse, Path],
) -> None:
    settings = Settings(10, 2, 2, date(2026, 11, 2), clean=True)
    found = compare(Fleet(failing[0].database, failing[1]), settings)
    events, *snapshots = found.values()
    assert events.found_hours == pytest.approx(events.true_hours, abs=1e-6)
    assert events.hours_off == pytest.approx(0, abs=1e-6)
    errors = [snapshot.hours_off for snapshot in snapshots]
    assert 0 < errors[0] < errors[1] < errors[2] < events.true_hours / 4
    for snapshot in snapshots:
        assert snapshot.found_hours == pytest.approx(events.true_hours, rel=0.05)
