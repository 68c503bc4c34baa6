"""What one failure is, how long it lasts and what it counts for: from lines to marts.

Each case is a robot of its own; one warehouse holds them all. The log ends at 20:00.
"""

from itertools import pairwise
from typing import Any

import pytest

from tests.python.conftest import Warehouse
from tests.python.dbt.test_endings import Log


def lives(log: Log, name: str, *states: tuple[str, str], until: str = "20:00") -> None:
    """A robot in one state after the other, (`08:00`, `available`), with a heartbeat a minute."""
    robot = {"robot_id": f"R-{name}", "service": "robot-agent"}
    for (at, state), (end, _) in pairwise([*states, (until, "")]):
        log(at, "robot.state_changed", to_state=state, hardware_version="hw-1", **robot)
        for minute in range(minutes(at), minutes(end)):
            log(f"{minute // 60:02}:{minute % 60:02}:30", "robot.heartbeat", state=state, **robot)


def minutes(at: str) -> int:
    hour, minute = at.split(":")
    return 60 * int(hour) + int(minute)


def error(log: Log, name: str, at: str, code: str = "DRV-1", component: str = "drive") -> str:
    log(
        at,
        "robot.error",
        robot_id=f"R-{name}",
        error_code=code,
        component=component,
        is_failure=True,
        hardware_version="hw-1",
    )
    return str(log.lines[-1]["event_id"])


def cleared(log: Log, name: str, at: str, code: str = "DRV-1", **said: Any) -> None:
    log(at, "robot.error_cleared", robot_id=f"R-{name}", error_code=code, **said)


def story() -> Log:
    log = Log()

    # One fault from 12:00 to 15:00, told every half hour, never cleared.
    lives(log, "TOLD", ("08:00", "available"), ("12:00", "fault"), ("15:00", "available"))
    for half_hour in range(6):
        error(log, "TOLD", f"{12 + half_hour // 2}:{'30' if half_hour % 2 else '00'}:01")

    # The power fails and three components say so.
    lives(log, "POWER", ("08:00", "available"), ("12:00", "fault"), ("13:00", "available"))
    error(log, "POWER", "12:00:00", "BAT-1", "battery")
    error(log, "POWER", "12:00:02", "DRV-9", "drive")
    error(log, "POWER", "12:00:03", "CMP-9", "compute")

    # In fault when the log ends.
    lives(log, "OPEN", ("08:00", "available"), ("18:00", "fault"))
    error(log, "OPEN", "18:00:00")

    # Cleared by its code, while the robot drives on, where no state is known, and in fault.
    lives(log, "CODE", ("08:00", "available"))
    lives(log, "CODE-FAULT", ("08:00", "available"), ("12:00", "fault"), ("13:00", "available"))
    error(log, "CODE-FAULT", "12:10")
    for name in ("CODE", "NO-STATE", "CODE-FAULT"):
        error(log, name, "12:00")
        cleared(log, name, "12:20")

    # Fault without any error; and after an accident, of which the fault comes minutes later.
    repaired = ("12:00", "fault"), ("13:00", "maintenance"), ("14:00", "available")
    lives(log, "STATE", ("08:00", "available"), *repaired)
    tipped = ("08:00", "in_transit"), ("12:08", "fault"), ("12:30", "available")
    lives(log, "TIPPED", *tipped, ("14:05", "assigned"))
    log("12:00", "robot.safety_event", robot_id="R-TIPPED", kind="tip_over", severity="critical")
    # A bump that the robot drove on from is no failure.
    log("14:00", "robot.safety_event", robot_id="R-TIPPED", kind="collision", severity="minor")

    # In the workshop, and on the charger.
    lives(log, "WORKSHOP", ("08:00", "maintenance"), ("13:00", "available"))
    error(log, "WORKSHOP", "12:00")
    cleared(log, "WORKSHOP", "12:30")
    lives(log, "CHARGER", ("08:00", "charging"), ("12:00", "fault"), ("12:30", "available"))
    error(log, "CHARGER", "12:00")

    # Nothing says that it is over, and the robot works on.
    lives(log, "QUIET", ("08:00", "available"), ("12:05", "assigned"))
    error(log, "QUIET", "12:00")
    error(log, "QUIET", "15:00")

    # A robot that fails for good.
    lives(log, "RETIRED", ("08:00", "available"), ("12:00", "fault"), until="14:00")
    error(log, "RETIRED", "12:00")
    lives(log, "RETIRED", ("14:00", "retired"), until="14:00")

    # None at all in 10 operating hours.
    lives(log, "NONE", ("10:00", "available"))
    log("20:00", "robot.heartbeat", robot_id="R-NONE", state="available")
    return log


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("failures"))
    warehouse.land("lines.ndjson", story().in_order())
    warehouse.load()
    warehouse(
        "build",
        "--select",
        "+robot_mtbf",
        "+quarantined_lines",
        "--exclude-resource-type",
        "test",
        "unit_test",
    )
    assert (
        warehouse.rows("select event_name, reason_detail from fleet_marts.quarantined_lines") == []
    )
    return warehouse


@pytest.mark.parametrize(
    ("name", "failures"),
    [
        # error code, minutes down, what ended it, state before, charged, still lasting
        ("TOLD", [("DRV-1", 180, "operating", "available", True, False)]),
        ("POWER", [("BAT-1", 60, "operating", "available", True, False)]),
        ("OPEN", [("DRV-1", 120, None, "available", True, True)]),
        ("CODE", [("DRV-1", 20, "cleared", "available", True, False)]),
        ("NO-STATE", [("DRV-1", 20, "cleared", "unknown", False, False)]),
        ("CODE-FAULT", [("DRV-1", 20, "cleared", "available", True, False)]),
        ("STATE", [("unknown", 120, "operating", "available", True, False)]),
        ("TIPPED", [("tip_over", 30, "operating", "in_transit", True, False)]),
        ("WORKSHOP", [("DRV-1", 30, "cleared", "maintenance", False, False)]),
        ("CHARGER", [("DRV-1", 30, "operating", "charging", False, False)]),
        (
            "QUIET",
            [
                ("DRV-1", 10, "quiet", "available", True, False),
                ("DRV-1", 10, "quiet", "assigned", True, False),
            ],
        ),
        ("RETIRED", [("DRV-1", 120, "retired", "available", True, False)]),
        ("NONE", []),
    ],
)
def test_failures_of_a_robot(built: Warehouse, name: str, failures: list[Any]) -> None:
    found = built.rows(
        "select first_error_code, cast(down_seconds / 60 as integer), end_basis, began_in_state,"
        f" is_charged, is_open from fleet_marts.robot_failures where robot_id = 'R-{name}'"
        " order by started_at"
    )
    assert found == failures


@pytest.mark.parametrize(
    ("name", "counted", "uncharged", "lasting", "repair_hours"),
    [
        ("TOLD", 1, 0, 0, 3),
        ("POWER", 1, 0, 0, 1),
        ("OPEN", 1, 0, 1, None),
        ("CODE", 1, 0, 0, 1 / 3),
        ("STATE", 1, 0, 0, 2),
        ("WORKSHOP", 0, 1, 0, None),
        ("CHARGER", 0, 1, 0, None),
        ("RETIRED", 1, 0, 0, None),
        ("NONE", 0, 0, 0, None),
    ],
)
def test_what_counts_for_mtbf(
    built: Warehouse,
    name: str,
    counted: int,
    uncharged: int,
    lasting: int,
    repair_hours: float | None,
) -> None:
    ((*counts, mttr_hours),) = built.rows(
        "select failure_count, uncharged_failure_count, open_failure_count, mttr_hours"
        f" from fleet_marts.robot_mtbf where robot_id = 'R-{name}'"
    )
    assert counts == [counted, uncharged, lasting]
    assert mttr_hours == (None if repair_hours is None else pytest.approx(repair_hours))


def test_components_that_a_failure_takes_along_are_its_consequences(built: Warehouse) -> None:
    assert built.rows(
        "select component, error_count, consequence_count, consequences"
        " from fleet_marts.robot_failures where robot_id = 'R-POWER'"
    ) == [("battery", 3, 2, "drive DRV-9, compute CMP-9")]


def test_without_a_failure_mtbf_has_the_lower_bound_of_the_same_interval(built: Warehouse) -> None:
    ((hours, mtbf, lower, upper),) = built.rows(
        "select operating_hours, mtbf_hours, mtbf_lower_90_hours, mtbf_upper_90_hours"
        " from fleet_marts.robot_mtbf where robot_id = 'R-NONE'"
    )
    assert (hours, mtbf, upper) == (10, None, None)
    assert lower == pytest.approx(10 * 0.3338, abs=0.001)


def test_two_availabilities_stand_side_by_side(built: Warehouse) -> None:
    """Two hours out of order, one of them in the workshop, which is planned downtime."""
    ((of_failures, of_states),) = built.rows(
        "select mtbf_availability_ratio, availability_ratio"
        " from fleet_marts.robot_mtbf where robot_id = 'R-STATE'"
    )
    hours, down = built.rows(
        "select operating_hours, unplanned_down_hours from fleet_marts.robot_mtbf"
        " where robot_id = 'R-STATE'"
    )[0]
    assert of_failures == pytest.approx(hours / (hours + 2))
    assert of_states == pytest.approx(hours / (hours + 1))
    assert down == pytest.approx(1)
