"""What a fleet does beyond the everyday, as the log shows it and as the truth knows it."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from fleet.simulator.variety import TYPED_OTHER, TYPED_WRONG, Variety
from fleet.simulator.world import Settings, World
from tests.python.simulator.conftest import START, Simulate, Simulated

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def by_delivery(varied: Simulated) -> dict[str, Events]:
    lines: dict[str, Events] = defaultdict(list)
    for event in varied.events():
        if "delivery_id" in event:
            lines[event["delivery_id"]].append(event)
    return lines


def named(events: Events, *names: str) -> Events:
    return [event for event in events if event["evt"]["name"] in names]


FAILED = ("delivery.pickup_failed", "delivery.dropoff_failed")


def test_a_clean_log_has_nothing_unusual(clean: Simulated) -> None:
    ((again, pooled),) = clean.truth(
        "select count(*) filter (tries > 1), count(*) filter (len(order_ids) > 1) from deliveries"
    )
    assert (again, pooled) == (0, 0)
    assert clean.truth("from deliveries where has_typed_reason") == []


def test_a_failed_delivery_is_tried_again_by_another_robot(
    varied: Simulated, by_delivery: dict[str, Events]
) -> None:
    again = varied.truth(
        "select delivery_id, robot_id from deliveries where tries > 1 and outcome = 'completed'"
    )
    assert again
    for delivery_id, robot_id in again:
        (first, *_) = named(by_delivery[delivery_id], *FAILED)
        (done, *_) = named(by_delivery[delivery_id], "delivery.dropoff_completed")
        assert done["occurred_at"] > first["occurred_at"]
        assert done["robot_id"] == robot_id
        assert named(by_delivery[delivery_id], "dispatch.assigned")[-1]["robot_id"] == robot_id


def test_an_order_whose_delivery_failed_gets_another_delivery(varied: Simulated) -> None:
    assert varied.truth(
        """
        select order_id from (select unnest(order_ids) as order_id, outcome from deliveries)
        group by order_id
        having count(*) > 1 and count(*) filter (outcome = 'completed') = 1
        """
    )


def test_goods_go_from_robot_to_robot(by_delivery: dict[str, Events]) -> None:
    handed = 0
    for events in by_delivery.values():
        loaded = named(events, "delivery.pickup_completed")
        robots = [event["robot_id"] for event in loaded]
        if loaded and loaded[-1]["data"]["loaded_by"] == "field_ops":
            assert robots[0] != robots[-1]
            taken_off = named(events, "dispatch.unassigned")
            assert robots[0] in {event["robot_id"] for event in taken_off}
            handed += 1
    assert handed > 0


def test_what_breaks_a_robot_is_the_cause_of_a_cancellation(varied: Simulated) -> None:
    causes = dict(
        varied.truth(
            "select cause, count(*) from deliveries where outcome = 'cancelled' group by 1"
        )
    )
    assert causes["cancelled_by_customer"] > 0
    assert {"robot_error", "safety_event", "robot_stuck", "lid_fault"} & set(causes)


def test_a_pooled_delivery_names_each_order_at_each_step(
    varied: Simulated, by_delivery: dict[str, Events]
) -> None:
    pooled = varied.truth(
        "select delivery_id, order_ids from deliveries"
        " where len(order_ids) = 2 and outcome = 'completed'"
    )
    assert pooled
    steps = (
        *("dispatch.requested", "dispatch.assigned"),
        *("delivery.pickup_completed", "delivery.dropoff_completed"),
    )
    for delivery_id, order_ids in pooled:
        for step in steps:
            lines = named(by_delivery[delivery_id], step)
            assert {event["order_id"] for event in lines} == set(order_ids), step


def test_contact_comes_back_without_a_boot_and_without_a_word(varied: Simulated) -> None:
    """The next heartbeat shows a state that no state change told."""
    silent = 0
    state: dict[str, str] = {}
    restored: set[str] = set()
    for event in varied.events():
        robot_id, name = event.get("robot_id", ""), event["evt"]["name"]
        if name == "robot.connection_restored":
            restored.add(robot_id)
        elif name == "robot.state_changed":
            state[robot_id] = event["data"]["to_state"]
        elif name == "robot.heartbeat" and event["data"]["state"] != state.get(robot_id):
            assert robot_id in restored
            assert state[robot_id] == "non_contactable"
            silent += 1
    assert silent > 0


def test_a_delivery_given_up_for_silence_may_arrive_all_the_same(varied: Simulated) -> None:
    ended = defaultdict(list)
    for event in named(varied.events(), "delivery.cancelled", "delivery.dropoff_completed"):
        ended[event["delivery_id"]].append(event["evt"]["name"])
    both = [
        delivery_id
        for delivery_id, names in ended.items()
        if names[:1] + names[-1:] == ["delivery.cancelled", "delivery.dropoff_completed"]
    ]
    assert both
    outcomes = dict(varied.truth("select delivery_id, outcome from deliveries"))
    assert {outcomes[delivery_id] for delivery_id in both} == {"completed"}


def test_updates_may_leave_the_state_as_it_is(simulate: Simulate) -> None:
    two_days = simulate(robots=8, seed=3, days=1, clean=True, times_varied=10)
    state: dict[str, str] = {}
    states: Counter[str] = Counter()
    for event in two_days.events():
        if event["evt"]["name"] == "robot.state_changed":
            state[event["robot_id"]] = event["data"]["to_state"]
        elif event["evt"]["name"] == "robot.software_updated":
            states[state[event["robot_id"]]] += 1
    assert states["charging"] > 0


def test_one_fault_is_told_by_several_components_and_many_times(varied: Simulated) -> None:
    errors = {event["event_id"]: event["data"] for event in named(varied.events(), "robot.error")}
    components, most = 0, 0
    for (event_ids,) in varied.truth("select event_ids from outages"):
        told = [errors[event_id] for event_id in event_ids if event_id in errors]
        components = max(components, len({data["component"] for data in told}))
        codes = Counter(data["error_code"] for data in told)
        most = max(most, *codes.values(), 0)
    assert components > 1
    assert most > 10


def test_people_type_other_words_than_the_real_reason() -> None:
    world = World(Settings(1, 1, 0, START))
    variety = Variety(world, "test")
    words = ("no_food", "no_staff", "other")
    typed = Counter(variety.typed("no_food", words) for _ in range(10_000))
    assert typed["other"] / 10_000 == pytest.approx(TYPED_OTHER + TYPED_WRONG * 0.7 / 2, abs=0.02)
    assert typed["no_staff"] / 10_000 == pytest.approx(TYPED_WRONG * 0.7 / 2, abs=0.02)
    clean = Variety(World(Settings(1, 1, 0, START, clean=True)), "test")
    assert {clean.typed("no_food", words) for _ in range(100)} == {"no_food"}
