"""What robots were doing when lines are lost: from lines to states, hours and versions.

Each case has a robot of its own; one warehouse holds them all. Times are of one day as `10:02` or
`10:02:30`; another day is written out as `2026-11-03 00:10`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.python.conftest import Warehouse
from tests.python.dbt.test_endings import Log, moment

NEXT_DAY = "2026-11-03"


class States(Log):
    """Lines about robots, by the program on the robot unless a service is named."""

    def by(self, service: str, at: str, name: str, robot: str, **said: Any) -> None:
        self(at, name, robot_id=f"R-{robot}", **said)
        host = robot if service == "robot-agent" else "gw"
        self.lines[-1] |= {"service": service, "emitter_id": f"{service}/{host}/1"}

    def becomes(self, at: str, robot: str, state: str, **said: Any) -> None:
        self.by("robot-agent", at, "robot.state_changed", robot, to_state=state, **said)

    def beats(self, begin: str, end: str, robot: str, state: str, **said: Any) -> None:
        """A heartbeat every minute from `begin` until before `end`."""
        at, last = (datetime.fromisoformat(moment(time)[:-1]) for time in (begin, end))
        while at < last:
            self.by("robot-agent", f"{at:%Y-%m-%d %H:%M:%S}", "robot.heartbeat", robot, state=state)
            self.lines[-1]["data"] |= said
            at += timedelta(minutes=1)

    def updated(self, version: str) -> None:
        """The last line is of another version of the robot's program."""
        self.lines[-1]["version"] = version


def story() -> States:
    log = States()

    # A state change to fault was lost.
    log.becomes("10:00", "lost-fault", "available")
    log.beats("10:01", "10:11", "lost-fault", "available")
    log.beats("10:11", "12:01", "lost-fault", "fault")
    log.becomes("12:01", "lost-fault", "offline", from_state="fault")

    # No state change at all.
    log.beats("10:00", "12:00", "beats-alone", "available")
    log.becomes("12:00", "beats-alone", "offline")

    # Contact is restored, and nothing but heartbeats follows.
    log.becomes("10:00", "restored", "in_transit")
    log.beats("10:01", "10:05", "restored", "in_transit")
    lost = {"to_state": "non_contactable", "from_state": "in_transit"}
    log.by("robot-gateway", "10:06:30", "robot.state_changed", "restored", **lost)
    log.by("robot-gateway", "10:20:30", "robot.connection_restored", "restored", gap_s=990)
    log.beats("10:21", "11:15", "restored", "in_transit")
    log.becomes("11:15", "restored", "offline", from_state="in_transit")

    # Heartbeats that race with a state change: sampled before it, or stamped by another clock.
    log.becomes("10:00", "racing", "available")
    log.beats("10:01", "10:05", "racing", "available")
    log.becomes("10:05", "racing", "assigned", from_state="available")
    log.beats("10:05:01", "10:05:02", "racing", "available")
    log.beats("10:06", "10:10", "racing", "assigned")
    log.beats("10:09:59", "10:10", "racing", "at_merchant")
    log.becomes("10:10", "racing", "at_merchant", from_state="assigned")
    log.beats("10:11", "10:20", "racing", "at_merchant")
    lost["from_state"] = "at_merchant"
    log.by("robot-gateway", "10:20", "robot.state_changed", "racing", **lost)
    log.beats("10:20:03", "10:20:04", "racing", "at_merchant")
    log.by("robot-gateway", "10:30", "robot.connection_restored", "racing", gap_s=600)
    log.becomes("10:30:01", "racing", "offline", from_state="non_contactable")

    # Dispatchable is told by reporting the state again; another robot tells it by heartbeats alone.
    for robot in ("told-again", "beats-tell"):
        log.becomes("10:00", robot, "returning", from_state="at_customer", dispatchable=False)
        log.beats("10:01", "10:20", robot, "returning", dispatchable=False)
        said = {"from_state": "returning", "dispatchable": True}
        if robot == "told-again":
            log.becomes("10:20", robot, "returning", **said)
            log.becomes("10:25", robot, "returning", from_state="returning")
        log.beats("10:20:30", "10:40", robot, "returning", dispatchable=True)
        log.becomes("10:40", robot, "charging", from_state="returning", reason="charging")
        log.beats("10:41", "10:50", robot, "charging")
        log.becomes("10:50", robot, "charging", from_state="charging", reason="battery_low")
        log.beats("10:51", "11:00", robot, "charging")
        log.becomes("11:00", robot, "offline", from_state="charging")

    # Retired, and in the fleet again the next day.
    log.becomes("10:00", "retired", "offline")
    log.becomes("12:20", "retired", "retired", from_state="offline")
    log.becomes(f"{NEXT_DAY} 09:30", "retired", "offline", from_state="retired")

    # An update at 12:00 that no state change follows for hours; 14:00 is told without hardware.
    log.becomes("10:00", "updated", "available", hardware_version="hw-9")
    log.beats("10:01", "12:00", "updated", "available", hardware_version="hw-9")
    log.beats("12:00", "13:00", "updated", "available")
    for line in log.lines[-60:]:
        line["version"] = "2.0.0"
    error = {"error_code": "DRV-1", "component": "drive", "severity": "major", "is_failure": True}
    log.by("robot-agent", "13:00", "robot.error", "updated", **error)
    log.updated("2.0.0")
    log.becomes("13:00:01", "updated", "fault")
    log.updated("2.0.0")
    log.beats("13:01", "14:00", "updated", "fault")
    for line in log.lines[-59:]:
        line["version"] = "2.0.0"
    log.becomes("14:00", "updated", "off_shift")
    log.updated("2.0.0")

    # Nothing is heard for an hour: one robot logged nothing, the other's lines were lost.
    for robot in ("silent", "lines-lost"):
        log.becomes("10:00", robot, "available")
        log.beats("10:01", "10:11", robot, "available")
        if robot == "lines-lost":
            log.beats("10:11", "11:10", robot, "available")
        log.beats("11:10", "11:20", robot, "available")
        log.becomes("11:20", robot, "offline")

    # The log goes on.
    log(f"{NEXT_DAY} 11:00", "robot.heartbeat", robot_id="R-99", state="offline")
    return log


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("states"))
    lost_from, lost_until = moment("10:11"), moment("11:10")
    warehouse.land(
        "lines.ndjson",
        [
            line
            for line in story().in_order()
            if line["robot_id"] != "R-lines-lost"
            or not lost_from <= line["occurred_at"] < lost_until
        ],
    )
    warehouse.load()
    warehouse("build", "--exclude-resource-type", "unit_test")
    quarantined = warehouse.rows(
        "select event_name, reason_detail from fleet_marts.quarantined_lines"
    )
    assert quarantined == []
    return warehouse


def intervals(built: Warehouse, robot: str) -> list[tuple[Any, ...]]:
    return built.rows(
        f"""
        select state, basis, strftime(started_at at time zone 'UTC', '%H:%M:%S')
        from fleet_marts.robot_state_intervals
        where robot_id = 'R-{robot}' and ended_at > started_at
        order by started_at
        """
    )


def usable_minutes(built: Warehouse, robot: str) -> Decimal:
    ((seconds,),) = built.rows(
        f"select sum(usable_seconds) from fleet_marts.supply_hours where robot_id = 'R-{robot}'"
    )
    return Decimal(seconds) / 60


def test_a_lost_change_lies_between_the_heartbeats(built: Warehouse) -> None:
    assert usable_minutes(built, "lost-fault") == Decimal("10.5")
    assert intervals(built, "lost-fault") == [
        ("available", "reported", "10:00:00"),
        ("fault", "heartbeat", "10:10:30"),
        ("offline", "reported", "12:01:00"),
    ]


def test_heartbeats_alone_tell_states(built: Warehouse) -> None:
    assert usable_minutes(built, "beats-alone") == 120


def test_contact_ends_where_it_was_restored(built: Warehouse) -> None:
    assert intervals(built, "restored") == [
        ("in_transit", "reported", "10:00:00"),
        ("non_contactable", "reported", "10:06:30"),
        ("in_transit", "heartbeat", "10:20:30"),
        ("offline", "reported", "11:15:00"),
    ]
    assert usable_minutes(built, "restored") == Decimal("61")


def test_heartbeats_beside_a_change_tell_nothing(built: Warehouse) -> None:
    assert intervals(built, "racing") == [
        ("available", "reported", "10:00:00"),
        ("assigned", "reported", "10:05:00"),
        ("at_merchant", "reported", "10:10:00"),
        ("non_contactable", "reported", "10:20:00"),
        ("offline", "reported", "10:30:01"),
    ]


@pytest.mark.parametrize(("robot", "minutes"), [("told-again", 20), ("beats-tell", 20.25)])
def test_a_state_told_again_may_become_dispatchable(
    built: Warehouse, robot: str, minutes: float
) -> None:
    # 10:19:00 and 10:20:30 are the heartbeats before and after.
    assert usable_minutes(built, robot) == Decimal(str(minutes))
    assert built.rows(
        f"select count(*) from fleet_marts.robot_state_intervals where robot_id = 'R-{robot}'"
        " and (is_illegal_transition or has_lost_transition)"
    ) == [(0,)]
    reasons = built.rows(
        "select reason, sum(duration_seconds) from fleet_marts.supply_hours"
        f" where robot_id = 'R-{robot}' and state = 'charging' group by 1 order by 1"
    )
    assert reasons == [("battery_low", 600), ("charging", 600)]


def test_retired_robots_leave_the_fleet(built: Warehouse) -> None:
    hours = built.rows(
        """
        select strftime(hour_at at time zone 'UTC', '%d %H'), state, sum(duration_seconds)
        from fleet_marts.supply_hours where robot_id = 'R-retired' group by 1, 2 order by 1, 2
        """
    )
    assert hours == [
        ("02 10", "offline", 3600),
        ("02 11", "offline", 3600),
        ("02 12", "offline", 1200),
        ("02 12", "retired", 2400),
        ("03 09", "offline", 1800),
        ("03 09", "retired", 1800),
        ("03 10", "offline", 3600),
    ]
    out_of_service, out_of_fleet = built.rows(
        f"""
        select sum(out_of_service_hours), sum(out_of_fleet_hours)
        from fleet_marts.supply_hours_daily where local_date = date '{NEXT_DAY}'
        """
    )[0]
    others = built.rows(
        f"""
        select sum(duration_seconds) / 3600 from fleet_marts.supply_hours
        where hour_at >= timestamptz '{NEXT_DAY} 00:00:00Z' and state = 'offline'
        """
    )[0][0]
    assert (out_of_service, out_of_fleet) == (float(others), 0.5)
    bounds = built.rows(
        "select count(*) from fleet_marts.supply_hours_bounds where robot_id = 'R-retired'"
    )
    assert bounds == [(5,)]


def test_hours_have_the_version_that_was_told_last(built: Warehouse) -> None:
    versions = built.rows(
        """
        select software_version, hardware_version, sum(operating_milliseconds) / 60000.0
        from fleet_intermediate.int_robot_operating_days
        where robot_id = 'R-updated' and operating_milliseconds > 0
        group by 1, 2 order by 1
        """
    )
    # From 10:00 to 12:00, and to the fault at 13:00:01.
    assert versions == [("1.0.0", "hw-9", 120), ("2.0.0", "hw-9", pytest.approx(60 + 1 / 60))]
    mtbf = "select operating_hours from fleet_marts.fleet_mtbf where software_version = '2.0.0'"
    assert built.rows(f"{mtbf} and hardware_version = 'hw-9'") == [(pytest.approx(3601 / 3600),)]
    told = built.rows(
        """
        select software_version, hardware_version,
            strftime(started_at, '%d %H:%M'), strftime(ended_at, '%d %H:%M')
        from fleet_intermediate.int_robot_versions where robot_id = 'R-updated' order by started_at
        """
    )
    assert told == [
        ("1.0.0", "hw-9", "02 10:00", "02 12:00"),
        ("2.0.0", "hw-9", "02 12:00", "03 00:00"),
        ("2.0.0", "hw-9", "03 00:00", "04 00:00"),
    ]


def test_lost_lines_are_no_silence(built: Warehouse) -> None:
    assert usable_minutes(built, "silent") == 15 + 10
    assert intervals(built, "silent")[1] == ("unknown", "silence", "10:15:00")
    assert usable_minutes(built, "lines-lost") == 80
    assert intervals(built, "lines-lost")[:3] == [
        ("available", "reported", "10:00:00"),
        ("available", "lost_lines", "10:15:00"),
        ("available", "resumed", "11:10:00"),
    ]
    low = built.rows(
        "select sum(usable_seconds_low) from fleet_marts.supply_hours_bounds"
        " where robot_id = 'R-lines-lost'"
    )
    # All but the hour of which nothing was heard, and what clocks may be off by.
    assert 19 * 60 <= low[0][0] <= 20 * 60
