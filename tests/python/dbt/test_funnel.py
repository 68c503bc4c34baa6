"""Which orders a robot brought, by which legs, and what the others were lost to: lines to marts.

Each case has a robot and an order of its own; the orders are of market `sf`, asked for at 10:00.
"""

from collections.abc import Callable
from decimal import Decimal
from statistics import quantiles
from typing import Any

import pytest

from tests.python.conftest import Warehouse
from tests.python.dbt.test_endings import DAY, Log

MERCHANT = {"merchant_id": "M-1"}
PROMISED = f"{DAY}T10:40:00.000Z"


def order(log: Log, number: int, eligible: bool | None = True, **said: Any) -> Callable[..., None]:
    ids = {"order_id": f"O-{number}", "market": "sf", **MERCHANT}
    log("10:00", "order.created", **ids | {"promised_at": PROMISED} | said)
    if eligible is not None:
        reason = "none" if eligible else "weather"
        log("10:00:30", "order.eligibility_decided", eligible=eligible, reason=reason, **ids)
    return lambda at, name, **said: log(at, name, **ids | said)


def delivery(
    log: Log,
    number: int,
    attempt: int,
    dispatched: str,
    picked_up: str | None = None,
    dropped_off: str | None = None,
    failed: str | None = None,
) -> None:
    ids = {
        "delivery_id": f"D-{number}-{attempt}",
        "order_id": f"O-{number}",
        "robot_id": f"R-{number}-{attempt}",
        "market": "sf",
    }
    no_robot = {name: value for name, value in ids.items() if name != "robot_id"}
    log(dispatched, "dispatch.requested", **no_robot, **MERCHANT)
    log(dispatched, "dispatch.assigned", **ids, **MERCHANT)
    if picked_up:
        log(picked_up, "delivery.pickup_completed", **ids, **MERCHANT)
    if dropped_off:
        log(dropped_off, "delivery.dropoff_completed", **ids)
    if failed:
        log(failed, "delivery.pickup_failed", **ids, **MERCHANT)


def story() -> Log:
    log = Log()

    # 3: failed a minute after it was dispatched, brought by a second delivery half an hour later.
    order(log, 3)
    delivery(log, 3, 1, "10:01", failed="10:02")
    delivery(log, 3, 2, "10:30", "10:40", "11:00")
    # 4: neither of two brought it; the last counts.
    order(log, 4)
    delivery(log, 4, 1, "10:05", "10:06", failed="10:20")
    delivery(log, 4, 2, "10:30", failed="10:50")
    # 5: brought at once, in time.
    order(log, 5)
    delivery(log, 5, 1, "10:02", "10:12", "10:40")
    ids = {"delivery_id": "D-5-1", "order_id": "O-5", "robot_id": "R-5-1", "market": "sf"}
    log("10:10", "delivery.pickup_arrived", **ids, **MERCHANT)
    log("10:37", "delivery.dropoff_arrived", **ids)
    # 6: no robot may take it, the fallback brings it.
    say = order(log, 6, eligible=False)
    say("10:50", "order.completed", fulfilled_by="fallback", late_s=600.0)
    # 7: no robot may take it, one does all the same.
    order(log, 7, eligible=False)
    delivery(log, 7, 1, "10:02", "10:12", "10:50")
    # 8: the decision was lost; nothing else is known.
    order(log, 8, eligible=None)
    # 9: called off before a robot was found.
    say = order(log, 9)
    say("10:06", "order.cancelled", reason="out_of_stock", cancelled_by="merchant")
    # 10: the merchant refuses it.
    say = order(log, 10)
    say("10:06", "merchant.order_rejected")
    # 11: no robot was sought, the fallback brings it.
    say = order(log, 11)
    say("10:50", "order.completed", fulfilled_by="fallback", late_s=600.0)
    # 12: without a promise. 13: the order's line was lost, but its end tells how late it was.
    order(log, 12, promised_at=None)
    delivery(log, 12, 1, "10:02", "10:12", "10:30")
    delivery(log, 13, 1, "10:02", "10:12", "10:30")
    ids = {"order_id": "O-13", "market": "sf", **MERCHANT}
    log("10:31", "order.completed", fulfilled_by="robot", late_s=-90.0, **ids)
    # 14: one delivery brings two orders, one of them late.
    order(log, 14)
    order(log, 140, promised_at=f"{DAY}T10:30:00.000Z")
    for number in (14, 140):
        ids = {"delivery_id": "D-14", "order_id": f"O-{number}", "robot_id": "R-14", "market": "sf"}
        log("10:03", "dispatch.assigned", **ids, **MERCHANT)
        log("10:13", "delivery.pickup_completed", **ids, **MERCHANT)
        log("10:33", "delivery.dropoff_completed", **ids)
    # 15: asked for just before the log ends.
    ids = {"order_id": "O-15", "market": "sf", **MERCHANT}
    log("17:50", "order.created", **ids)
    log("18:00", "robot.heartbeat", robot_id="R-99", state="available")
    return log


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("funnel"))
    lines = [
        line | {"data": {key: value for key, value in line["data"].items() if value is not None}}
        for line in story().in_order()
    ]
    warehouse.land("lines.ndjson", lines)
    warehouse.load()
    warehouse("build", "--exclude-resource-type", "unit_test", "--select", "+path:models/marts")
    assert warehouse.rows("select count(*) from fleet_marts.quarantined_lines") == [(0,)]
    return warehouse


def orders(built: Warehouse, *columns: str) -> dict[str, tuple[Any, ...]]:
    rows = built.rows(f"select order_key, {', '.join(columns)} from fleet_marts.funnel_orders")
    return {row[0]: row[1:] for row in rows}


def test_legs_are_of_the_delivery_that_brought_the_order(built: Warehouse) -> None:
    legs = ("order_to_dispatch", "dispatch_to_pickup", "pickup_to_dropoff", "order_to_dropoff")
    found = orders(built, "delivery_id", *(f"{leg}_seconds" for leg in legs))
    assert found["O-3"] == ("D-3-2", 1800, 600, 1200, 3600)
    assert found["O-4"] == ("D-4-2", 1800, None, None, None)
    assert found["O-5"] == ("D-5-1", 120, 600, 1680, 2400)
    assert found["O-14"] == found["O-140"] == ("D-14", 180, 600, 1200, 1980)


def test_what_each_order_was_lost_to(built: Warehouse) -> None:
    found = orders(built, "lost_step", "lost_reason", "fulfilled_by")
    ((cause,),) = built.rows(
        "select probable_cause from fleet_marts.delivery_sessions where delivery_id = 'D-4-2'"
    )
    assert cause
    assert {key: row for key, row in found.items() if row[0]} == {
        # Its first delivery was loaded, so it was lost at the hand-over.
        "O-4": ("dropoff_completed", cause, None),
        "O-6": ("eligible", "weather", "fallback"),
        "O-8": ("dispatched", "unknown", None),
        "O-9": ("dispatched", "out_of_stock", None),
        "O-10": ("dispatched", "merchant_rejected", None),
        "O-11": ("dispatched", "fallback", "fallback"),
        "O-15": ("dispatched", "under_way", None),
    }
    assert {row for row in found.values() if not row[0]} == {(None, None, "robot")}


def test_losses_are_those_orders(built: Warehouse) -> None:
    losses = built.rows(
        "select local_date, market, lost_step, lost_reason, order_count"
        " from fleet_marts.funnel_losses_daily order by all"
    )
    assert losses == built.rows(
        "select local_date, market, lost_step, lost_reason, count(*)"
        " from fleet_marts.funnel_orders where not is_dropped_off group by all order by all"
    )
    assert len(losses) == 7


def test_only_orders_that_a_robot_may_take_are_the_denominator(built: Warehouse) -> None:
    (row,) = built.rows(
        "select order_count, ineligible_count, eligible_count, dispatched_count, picked_up_count,"
        " dropped_off_count, under_way_count, fallback_count, order_to_dispatch_ratio,"
        " order_to_dropoff_ratio from fleet_marts.delivery_funnel_daily"
    )
    assert row == (14, 1, 13, 8, 8, 7, 1, 2, pytest.approx(8 / 13), pytest.approx(7 / 13))


def test_on_time_is_by_the_promise(built: Warehouse) -> None:
    found = orders(built, "late_seconds", "is_on_time")
    assert found["O-3"] == (1200, False)
    assert found["O-5"] == (0, True)
    assert found["O-6"] == (None, None)
    assert found["O-7"] == (600, False)
    assert found["O-12"] == (None, None)
    assert found["O-13"] == (-90, True)
    assert (found["O-14"], found["O-140"]) == ((-420, True), (180, False))
    (row,) = built.rows(
        "select promised_count, on_time_count, late_sum_seconds, on_time_ratio"
        " from fleet_marts.delivery_funnel_daily"
    )
    late = Decimal(1200 + 0 + 600 - 90 - 420 + 180)
    assert row == (6, 3, late, 0.5)


def test_half_of_the_orders_of_a_day_took_no_longer(built: Warehouse) -> None:
    found = built.rows(
        "select leg, order_count, p50_seconds, p90_seconds from fleet_marts.leg_times_daily"
    )
    # What the deliveries that brought an order took, as story() has it.
    times = {
        "order_to_dispatch": [1800, 1800, 120, 120, 120, 180, 180],
        "dispatch_to_pickup": [600] * 7,
        "pickup_to_dropoff": [1200, 1680, 2280, 1080, 1080, 1200, 1200],
        "order_to_dropoff": [3600, 2400, 3000, 1800, 1980, 1980],
    }
    for seconds in times.values():
        seconds.sort()
    tenths = {leg: quantiles(of, n=10, method="inclusive") for leg, of in times.items()}
    assert {leg: row for leg, *row in found} == {
        **{leg: [len(of), *map(pytest.approx, tenths[leg][4::4])] for leg, of in times.items()},
        "pickup_wait": [1, 120, 120],
        "dropoff_wait": [1, 180, 180],
    }


def test_sums_and_counts_of_legs_roll_up(built: Warehouse) -> None:
    (row,) = built.rows(
        "select order_to_dispatch_sum_seconds, order_to_dispatch_count,"
        " order_to_dispatch_avg_seconds from fleet_marts.delivery_funnel_daily"
    )
    # O-3, O-4, O-5, O-7, O-12, O-14 and O-140; of O-13 the start was lost.
    total = 1800 + 1800 + 120 + 120 + 120 + 180 + 180
    assert row == (total, 7, pytest.approx(total / 7))
