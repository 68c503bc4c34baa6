"""How deliveries end when lines are lost, attempts repeated and clocks wrong: from lines to marts.

Each case has a robot, an order and ids of its own; one warehouse holds them all. Times are of
one day as `10:02` or `10:02:30`; another day is written out as `2026-11-03 00:10`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fleet.registry import load_registry
from tests.python.conftest import ROOT, Warehouse

REGISTRY = load_registry(ROOT)
DAY = "2026-11-02"


def moment(at: str) -> str:
    day, _, clock = at.rpartition(" ")
    return f"{day or DAY}T{clock if clock.count(':') == 2 else clock + ':00'}.000Z"


class Log:
    """Lines as services write them, an event a line."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def __call__(self, at: str, name: str, **said: Any) -> None:
        """Add a line; `said` are ids, and fields beside or instead of the registry's example."""
        event = REGISTRY.by_name[name]
        ids = {key: value for key, value in said.items() if key in REGISTRY.ids}
        data = {
            key: event.example[key]
            for key, field in event.fields.items()
            if field.requirement == "required" and key in event.example
        }
        host = (
            ids.get("robot_id") if name.startswith(("delivery.", "robot.")) else name.split(".")[0]
        )
        self.lines.append(
            {
                "event_id": f"e{len(self.lines)}",
                "evt": {"name": name, "version": event.version, "valid": True},
                "occurred_at": moment(at),
                "received_at": moment(at),
                "service": "service",
                "env": "prod",
                "version": "1.0.0",
                "emitter_id": f"service/{host}/1",
                **ids,
                "data": data | {key: value for key, value in said.items() if key not in ids},
            }
        )

    def in_order(self) -> Iterator[dict[str, Any]]:
        """The lines with the seq that each emitter counts."""
        seqs: Counter[str] = Counter()
        for line in sorted(self.lines, key=lambda line: str(line["occurred_at"])):
            seqs[line["emitter_id"]] += 1
            yield line | {"seq": seqs[line["emitter_id"]]}


def case(log: Log, number: int) -> Callable[..., None]:
    """A delivery D-n of the order O-n, asked for at 10:00 and given to R-n at 10:02."""
    log("10:00", "order.created", order_id=f"O-{number}", merchant_id=f"M-{number}")
    return lambda at, name, **said: log(
        at, name, **{"delivery_id": f"D-{number}", "robot_id": f"R-{number}"} | said
    )


def assigned(log: Log, number: int, at: str = "10:02", **said: Any) -> None:
    ids = {
        "delivery_id": f"D-{number}",
        "order_id": f"O-{number}",
        "robot_id": f"R-{number}",
        "merchant_id": f"M-{number}",
    }
    log(at, "dispatch.assigned", **ids | said)


def error(log: Log, at: str, robot: str) -> None:
    log(at, "robot.error", robot_id=robot, error_code=f"E-{at}", is_failure=True)


def story() -> Log:
    log = Log()
    merchant = {"merchant_id": "M-0"}

    # 1: failed by R-1, brought by R-101.
    say = case(log, 1)
    assigned(log, 1)
    error(log, "10:08", "R-1")
    say("10:10", "delivery.pickup_failed", **merchant)
    assigned(log, 1, "10:20", robot_id="R-101")
    error(log, "10:30", "R-101")
    say("10:35", "delivery.pickup_completed", robot_id="R-101", order_id="O-1", **merchant)
    say("10:50", "delivery.dropoff_completed", robot_id="R-101", order_id="O-1")

    # 2: given up at the door, then another robot brings it.
    say = case(log, 2)
    assigned(log, 2)
    say("10:15", "delivery.pickup_completed", order_id="O-2", **merchant)
    say("10:30", "delivery.dropoff_failed", disposition="discard")
    assigned(log, 2, "10:40", robot_id="R-102")
    say("11:10", "delivery.dropoff_completed", robot_id="R-102", order_id="O-2")

    # 3: cancelled by the system, brought all the same.
    say = case(log, 3)
    assigned(log, 3)
    say("10:20", "delivery.cancelled", order_id="O-3", cancelled_by="system")
    error(log, "10:27", "R-3")
    say("10:30", "delivery.dropoff_completed", order_id="O-3")

    # 4: the assignment was lost.
    say = case(log, 4)
    log("10:01", "dispatch.offer_sent", delivery_id="D-4", order_id="O-4", robot_id="R-4")
    log("10:06", "robot.lid_changed", robot_id="R-4", to="open")
    error(log, "10:07", "R-4")
    say("10:12", "delivery.pickup_completed", order_id="O-4", **merchant)
    say("10:40", "delivery.dropoff_completed", order_id="O-4")

    # 5: the drop-off was lost, the order tells; three more jobs for R-5.
    say = case(log, 5)
    assigned(log, 5)
    say("10:12", "delivery.pickup_completed", order_id="O-5", **merchant)
    log("10:40", "order.completed", order_id="O-5", delivery_id="D-5", **merchant)
    for job in (51, 52, 53):
        at = f"1{job - 50}:00"
        log(at, "dispatch.requested", delivery_id=f"D-{job}", order_id=f"O-{job}", **merchant)
        assigned(log, job, at + ":30", robot_id="R-5")
        error(log, at[:3] + "10", "R-5")
        ids = {"delivery_id": f"D-{job}", "order_id": f"O-{job}", "robot_id": "R-5"}
        log(at[:3] + "40", "delivery.dropoff_completed", **ids)

    # 6: only the order's cancellation names the delivery. 61: it names the order alone.
    case(log, 6)
    assigned(log, 6)
    log("10:09", "order.cancelled", order_id="O-6", delivery_id="D-6", **merchant)
    case(log, 61)
    assigned(log, 61)
    log("10:09", "order.cancelled", order_id="O-61", **merchant)

    # 7: the line of the return was lost.
    say = case(log, 7)
    assigned(log, 7)
    say("10:15", "delivery.pickup_completed", order_id="O-7", **merchant)
    say("10:30", "delivery.dropoff_failed", disposition="return")
    log("10:30:05", "robot.state_changed", robot_id="R-7", to_state="returning")
    error(log, "10:44", "R-7")
    log("10:50", "robot.state_changed", robot_id="R-7", to_state="available")
    error(log, "10:55", "R-7")

    # 8: no end, and nothing of its own for hours.
    say = case(log, 8)
    assigned(log, 8)
    say("10:12", "delivery.pickup_completed", order_id="O-8", **merchant)
    error(log, "18:00", "R-8")

    # 9: the next job begins within the tail of this one.
    say = case(log, 9)
    assigned(log, 9)
    say("10:30", "delivery.dropoff_completed", order_id="O-9")
    log("10:31", "dispatch.requested", delivery_id="D-91", order_id="O-91", **merchant)
    assigned(log, 91, "10:31:10", robot_id="R-9")
    error(log, "10:32", "R-9")
    log(
        "11:00",
        "delivery.dropoff_completed",
        delivery_id="D-91",
        order_id="O-91",
        robot_id="R-9",
    )

    # 10: taken back a second before it was given, by the stamps.
    case(log, 10)
    log("10:01:59", "dispatch.unassigned", delivery_id="D-10", robot_id="R-10")
    assigned(log, 10)
    error(log, "10:30", "R-10")
    assigned(log, 10, "10:40", robot_id="R-110")
    say = case(log, 10)
    say("11:00", "delivery.dropoff_completed", order_id="O-10", robot_id="R-110")

    # 11: a pilot whose session has no end goes off shift hours later.
    say = case(log, 11)
    assigned(log, 11)
    pilot = {"pilot_id": "P-11", "robot_id": "R-11", "session_id": "s-11"}
    log("10:10", "pilot.session_started", **pilot)
    log("10:12", "pilot.control_changed", from_mode="autonomous", to_mode="remote", **pilot)
    log("15:12", "pilot.shift_changed", pilot_id="P-11", status="off")
    say("15:30", "delivery.dropoff_completed", order_id="O-11")

    # 12: one delivery carries two orders.
    log("10:00", "order.created", order_id="O-12", merchant_id="M-12")
    log("10:00", "order.created", order_id="O-120", merchant_id="M-12")
    for order in ("O-12", "O-120"):
        both = {"delivery_id": "D-12", "order_id": order, "robot_id": "R-12"}
        log("10:02", "dispatch.assigned", merchant_id="M-12", **both)
        log("10:20", "delivery.pickup_completed", merchant_id="M-12", **both)
        log("10:50", "delivery.dropoff_completed", **both)
        log("10:15", "merchant.order_ready", order_id=order, merchant_id="M-12")

    # 13: its id is used again 13 months before; 14: a pilot session's id again the next day.
    say = case(log, 13)
    assigned(log, 13)
    say("10:30", "delivery.dropoff_completed", order_id="O-13")
    say("2025-10-02 10:30", "delivery.dropoff_completed", order_id="O-130")
    for day in ("2026-11-01", DAY):
        pilot = {"pilot_id": "P-14", "robot_id": "R-14", "session_id": "s-14"}
        log(f"{day} 09:00", "pilot.session_started", **pilot)
        log(f"{day} 09:10", "pilot.session_ended", **pilot)

    # 15: tried before and after midnight.
    log(f"{DAY} 23:50", "order.created", order_id="O-15", merchant_id="M-15")
    assigned(log, 15, f"{DAY} 23:52")
    say = case(log, 15)
    say(f"{DAY} 23:59", "delivery.pickup_failed", **merchant)
    assigned(log, 15, "2026-11-03 00:10", robot_id="R-115")
    say("2026-11-03 00:30", "delivery.dropoff_completed", order_id="O-15", robot_id="R-115")

    # 16: a pickup stamped before its dispatch.
    say = case(log, 16)
    assigned(log, 16)
    say("09:55", "delivery.pickup_completed", order_id="O-16", **merchant)
    say("10:30", "delivery.dropoff_completed", order_id="O-16")

    # The log goes on.
    log("2026-11-03 01:00", "robot.heartbeat", robot_id="R-99", state="available")
    return log


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("endings"))
    warehouse.land("lines.ndjson", story().in_order())
    warehouse.load()
    warehouse("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    quarantined = warehouse.rows(
        "select event_name, reason_detail from fleet_marts.quarantined_lines"
    )
    assert quarantined == []
    return warehouse


@pytest.mark.parametrize(
    ("delivery", "outcome", "basis", "robot"),
    [
        ("D-1", "completed", "reported", "R-101"),
        ("D-2", "completed", "reported", "R-102"),
        ("D-3", "completed", "reported", "R-3"),
        ("D-4", "completed", "reported", "R-4"),
        ("D-5", "completed", "inferred", "R-5"),
        ("D-6", "cancelled", "inferred", "R-6"),
        ("D-61", "cancelled", "inferred", "R-61"),
        ("D-7", "failed", "reported", "R-7"),
        ("D-8", "unknown", "inferred", "R-8"),
        ("D-10", "completed", "reported", "R-110"),
        ("D-15", "completed", "reported", "R-115"),
    ],
)
def test_outcome(built: Warehouse, delivery: str, outcome: str, basis: str, robot: str) -> None:
    assert built.rows(
        "select outcome, outcome_basis, robot_id from fleet_marts.delivery_sessions"
        f" where delivery_id = '{delivery}'"
    ) == [(outcome, basis, robot)]


@pytest.mark.parametrize(
    ("delivery", "errors"),
    [
        ("D-1", ["E-10:08", "E-10:30"]),
        ("D-3", ["E-10:27"]),
        ("D-4", ["E-10:07"]),
        ("D-5", []),
        ("D-51", ["E-11:10"]),
        ("D-7", ["E-10:44"]),
        ("D-8", []),
        ("D-9", []),
        ("D-91", ["E-10:32"]),
        ("D-10", []),
    ],
)
def test_errors_of_the_robot(built: Warehouse, delivery: str, errors: list[str]) -> None:
    found = built.rows(
        "select error_code from fleet_marts.delivery_session_events"
        f" where delivery_id = '{delivery}' and event_name = 'robot.error' order by event_at"
    )
    assert [code for (code,) in found] == errors


@pytest.mark.parametrize(
    ("delivery", "basis"),
    [("D-1", "reported"), ("D-4", "inferred"), ("D-5", "inferred"), ("D-7", "inferred")],
)
def test_what_is_inferred_is_marked(built: Warehouse, delivery: str, basis: str) -> None:
    where = f"where delivery_id = '{delivery}'"
    window = f"select window_basis from fleet_marts.delivery_sessions {where}"
    assert built.rows(window) == [(basis,)]
    by_window = built.rows(
        f"select distinct match_basis from fleet_marts.delivery_session_events {where}"
        " and match_method = 'robot_window'"
    )
    assert by_window in ([(basis,)], [])
    by_id = built.rows(
        f"select distinct match_basis from fleet_marts.delivery_session_events {where}"
        " and match_method = 'delivery_id'"
    )
    assert by_id == [("reported",)]


def test_a_cancellation_that_came_to_nothing_is_in_the_story(built: Warehouse) -> None:
    names = built.rows(
        "select event_name from fleet_marts.delivery_session_events where delivery_id = 'D-3'"
        " and event_name like 'delivery.%' order by sequence_number"
    )
    assert names == [("delivery.cancelled",), ("delivery.dropoff_completed",)]


def test_nobody_is_blamed_for_what_succeeded(built: Warehouse) -> None:
    blamed = (
        "select delivery_id from fleet_marts.delivery_sessions where probable_cause is not null"
    )
    assert sorted(built.rows(f"{blamed} order by 1")) == [("D-6",), ("D-61",), ("D-7",)]


def test_a_pilot_who_left_long_ago_is_in_no_delivery(built: Warehouse) -> None:
    matched = (
        "select event_name from fleet_marts.delivery_session_events where delivery_id = 'D-11'"
    )
    names = [name for (name,) in built.rows(matched)]
    assert "pilot.control_changed" in names
    assert "pilot.shift_changed" not in names


def test_both_orders_of_a_delivery_reach_each_step(built: Warehouse) -> None:
    # Theirs is the only order without a market that is not of the other cases: counted apart.
    both = built.rows(
        "select order_id, dispatched_at, pickup_completed_at, dropoff_completed_at"
        " from fleet_intermediate.int_delivery_orders where delivery_id = 'D-12' order by 1"
    )
    assert [order for order, *_ in both] == ["O-12", "O-120"]
    assert all(all(steps) for _, *steps in both)
    assert built.rows(
        "select count(*) from fleet_marts.delivery_session_events where delivery_id = 'D-12'"
        " and event_name in ('order.created', 'merchant.order_ready')"
    ) == [(4,)]
    (count,) = built.rows(
        "select order_count from fleet_marts.delivery_sessions where delivery_id = 'D-12'"
    )
    assert count == (2,)


def test_the_funnel_agrees_with_the_sessions(built: Warehouse) -> None:
    dropped = built.rows("select sum(dropped_off_count) from fleet_marts.delivery_funnel_daily")
    completed = built.rows(
        "select count(*) from fleet_marts.delivery_sessions where outcome = 'completed'"
    )
    # O-120 rides with O-12; O-130 has the id of another delivery.
    assert dropped[0][0] == completed[0][0] + 2
    of_midnight = built.rows(
        "select count(*) from fleet_marts.delivery_sessions where delivery_id = 'D-15'"
    )
    assert of_midnight == [(1,)]


def test_ids_that_are_used_twice_are_reported(built: Warehouse) -> None:
    found = built.rows("select id_kind, id_value from fleet_marts.id_conflicts order by 1")
    assert found == [("delivery_id", "D-13"), ("session_id", "s-14")]
    assert (
        built.rows(
            "select started_at, ended_at from fleet_intermediate.int_pilot_sessions"
            " where session_id = 's-14' and date_diff('minute', started_at, ended_at) <> 10"
        )
        == []
    )


def test_a_leg_that_runs_backwards_is_counted_and_in_no_mean(built: Warehouse) -> None:
    assert built.rows(
        "select dispatch_to_pickup_seconds, negative_leg_count"
        " from fleet_marts.delivery_sessions where delivery_id = 'D-16'"
    ) == [(None, 1)]
    (funnel,) = built.rows(
        "select sum(negative_leg_count), min(dispatch_to_pickup_avg_seconds)"
        " from fleet_marts.delivery_funnel_daily"
    )
    # The first hand-over of D-13 is 13 months before its order O-13, but it was that of O-130.
    assert funnel[0] == 1
    assert funnel[1] > 0
