"""What the comparison of methods says of a clean log."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks.fleets import Fleet
from benchmarks.supply_accuracy import Accuracy, compare, off_by
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


def test_the_last_line_names_the_worst_level() -> None:
    def of(events: float, snapshots: float) -> dict[str, Accuracy]:
        return {
            "events": Accuracy(10, 10, events),
            "snapshots, 1 min": Accuracy(10, 10, snapshots),
            "snapshots, 5 min": Accuracy(10, 10, 9),
        }

    said = off_by(
        {
            0: (of(0, 0.5), of(0, 0.5)),
            1: (of(0.1, 0.4), of(0.1, 0.2)),
            10: (of(0.5, 0.6), of(0.3, 0.2)),
        }
    )
    # Not that of all robots: snapshots are worse there because some were offline.
    assert said["worst_ratio_to_snapshots_1min"] == pytest.approx(1.5)
    levels = said["times_troubled"]
    assert isinstance(levels, dict)
    assert levels["1"] == {
        "all_robots": {"events_hours_off": 0.1, "snapshots_hours_off": 0.4, "ratio": 0.25},
        "robots_online": {"events_hours_off": 0.1, "snapshots_hours_off": 0.2, "ratio": 0.5},
    }
    assert levels["0"]["all_robots"]["ratio"] == 0


def test_robots_that_were_offline_can_be_left_out(troubled: tuple[Warehouse, Path]) -> None:
    settings = Settings(10, 1, 6, date(2026, 11, 2))
    fleet = Fleet(troubled[0].database, troubled[1])
    every, online = (compare(fleet, settings, without) for without in (False, True))
    assert online["events"].true_hours < every["events"].true_hours
    assert online["snapshots, 1 min"].hours_off < every["snapshots, 1 min"].hours_off / 2
