"""Supply hours of a real fleet: 3,770 lifts and escalators over a month, recomputed from events.

The expected hours were computed with pandas from the same rows, apart from any SQL.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import ROOT, Warehouse

DATA = ROOT.parent / "shared" / "data" / "lifts"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public test data is not beside the project"
)

WINDOW_END = "2022-02-02T01:01:01.000Z"
# State and reason there -> state and reason here; one to one, so that hours can be told apart.
STATES = {
    ("ACTIVE", "available"): ("available", "none"),
    ("INACTIVE", "not available"): ("fault", "unknown"),
    ("INACTIVE", "under construction"): ("maintenance", "operator_hold"),
    ("INACTIVE", "under maintenance"): ("maintenance", "scheduled_maintenance"),
    ("UNKNOWN", "monitoring disrupted"): ("non_contactable", "connectivity"),
    ("UNKNOWN", "monitoring not available"): ("non_contactable", "hw_comms"),
    ("NOT_LISTED", ""): ("retired", "none"),
}
THERE = {here: there for there, here in STATES.items()}


def read(name: str) -> list[dict[str, str]]:
    path = DATA / name
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
        return list(csv.DictReader(file))


# A lift that is not listed has left the fleet, so its hours are none of it.
NOT_LISTED = "NOT_LISTED"


def line(name: str, at: str, emitter: str, seq: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": f"{emitter}-{seq}",
        "evt": {"name": name, "version": 1, "valid": True},
        "occurred_at": at,
        "received_at": at,
        "service": "lifts",
        "env": "prod",
        "version": "1.0.0",
        "emitter_id": f"lifts/{emitter}/1",
        "seq": seq,
        "data": data,
    }


def event_lines() -> Iterator[dict[str, Any]]:
    for row in read("events.csv.gz"):
        state, reason = STATES[row["state"], row["reason"]]
        at = row["at"].replace(" ", "T").replace("+00:00", ".000Z")
        data = {"to_state": state} | ({} if reason == "none" else {"reason": reason})
        robot_id = f"R-{row['device']}"
        yield {
            **line("robot.state_changed", at, robot_id, int(row["seq"]) + 1, data),
            "robot_id": robot_id,
        }
    # The last event of the log is where its hours end.
    data = {"component": "lifts", "version": "1.0.0", "kind": "deploy"}
    yield line("release.deployed", WINDOW_END, "window-end", 1, data)


@pytest.fixture(scope="module")
def lifts(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Warehouse:
    """The fleet's log, loaded and built. Lifts send no heartbeats, so silence means nothing."""
    warehouse = open_warehouse(tmp_path_factory.mktemp("lifts"))
    warehouse.land("lifts.ndjson.gz", event_lines())
    warehouse.load()
    only_tables = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    models = ("+supply_hours", "+load_reconciliation", "+quarantined_lines")
    warehouse("build", "--select", *models, *only_tables, robots_send_heartbeats=False)
    return warehouse


def test_hours_per_day_and_state(lifts: Warehouse) -> None:
    measured: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for day, state, reason, hours in lifts.rows(
        "select cast(hour_at as date)::varchar, state, reason, sum(duration_seconds) / 3600.0"
        " from fleet_marts.supply_hours where state not in ('unobserved', 'retired') group by all"
    ):
        measured[day][THERE[state, reason][0]] += hours

    expected = {row.pop("day"): row for row in read("expected_daily.csv")}
    assert measured.keys() == expected.keys()
    for day, states in expected.items():
        assert measured[day] == pytest.approx(
            {state: float(hours) for state, hours in states.items() if state != NOT_LISTED},
            abs=1e-4,
            rel=0,
        ), day


def test_hours_per_state_and_reason(lifts: Warehouse) -> None:
    measured = {
        THERE[state, reason]: hours
        for state, reason, hours in lifts.rows(
            "select state, reason, sum(duration_seconds) / 3600.0"
            " from fleet_marts.supply_hours where state not in ('unobserved', 'retired')"
            " group by all"
        )
    }
    expected = {
        (row["state"], row["reason"]): float(row["sum"])
        for row in read("expected_reason.csv")
        if row["state"] != NOT_LISTED
    }
    assert measured == pytest.approx(expected, abs=1e-4, rel=0)


def test_the_states_of_a_robot_fill_each_hour_exactly(lifts: Warehouse) -> None:
    assert (
        lifts.rows(
            "select robot_id, hour_at, sum(duration_seconds) from fleet_marts.supply_hours"
            " group by all having sum(duration_seconds) != 3600"
        )
        == []
    )
    ((robots, hours),) = lifts.rows(
        "select count(distinct robot_id), count(distinct hour_at) from fleet_marts.supply_hours"
    )
    listed = {
        line["robot_id"]
        for line in event_lines()
        if line["data"].get("to_state", "") != "retired"
        if "robot_id" in line
    }
    assert 3_000 < len(listed) < 3770
    assert (robots, hours) == (len(listed), 32 * 24 + 2)


def test_no_hour_is_wholly_out_of_the_fleet(lifts: Warehouse) -> None:
    retired = "from fleet_marts.supply_hours where state = 'retired'"
    assert lifts.rows(f"select count(*) > 0 {retired}") == [(True,)]
    assert lifts.rows(f"select count(*) {retired} and duration_seconds >= 3600") == [(0,)]


def test_every_line_is_accounted_for(lifts: Warehouse) -> None:
    lines = sum(1 for _ in event_lines())
    assert lifts.rows(
        "select sum(line_count), sum(accepted_count + duplicate_count + quarantined_count),"
        " sum(accepted_count) from fleet_marts.event_reconciliation"
    ) == [(lines, lines, lines)]
    lifts("test", "--select", "assert_every_line_is_accounted_for", "assert_files_and_lines_agree")
