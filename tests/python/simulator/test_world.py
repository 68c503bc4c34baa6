"""The simulated fleet keeps to the registry and shows what the models have to deal with."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from fleet.registry import Registry
from tests.python.simulator.conftest import Simulated


def test_robots_change_state_as_the_registry_allows(clean: Simulated, registry: Registry) -> None:
    allowed = set(registry.transitions)
    changes = defaultdict(list)
    for event in clean.events():
        if event["evt"]["name"] == "robot.state_changed":
            changes[event["robot_id"]].append(event["data"])
    assert len(changes) == clean.settings.robots
    for own in changes.values():
        assert all((data["from_state"], data["to_state"]) in allowed for data in own)
        for before, after in pairwise(own):
            assert after["from_state"] == before["to_state"]
            assert after["state_seq"] == before["state_seq"] + 1


def test_a_robot_that_is_down_says_why(clean: Simulated, registry: Registry) -> None:
    up = {
        state.name for state in registry.robot_states if state.state_class in ("supply", "support")
    }
    for event in clean.events():
        if event["evt"]["name"] == "robot.state_changed":
            assert ("reason" in event["data"]) == (event["data"]["to_state"] not in up)


def test_no_robot_falls_silent_in_a_clean_log(clean: Simulated, registry: Registry) -> None:
    heard = {state.name for state in registry.robot_states if state.expects_heartbeat}
    signs = {event.name for event in registry.events if event.roles.sign_of_life}
    seen: dict[str, tuple[datetime, str]] = {}
    end = datetime(2026, 11, 3, tzinfo=UTC)

    def check(robot_id: str, at: datetime) -> None:
        last, state = seen.get(robot_id, (at, ""))
        assert state not in heard or at - last <= timedelta(minutes=5)

    for event in clean.events():
        if event["evt"]["name"] in signs:
            robot_id, at = event["robot_id"], datetime.fromisoformat(event["occurred_at"])
            check(robot_id, at)
            state = event["data"].get("to_state", seen.get(robot_id, (at, ""))[1])
            seen[robot_id] = at, state
    for last, state in seen.values():
        assert state not in heard or end - last <= timedelta(minutes=1)


def test_log_ends_when_the_simulation_does(clean: Simulated) -> None:
    assert clean.events()[-1]["occurred_at"] == "2026-11-03T00:00:00.000Z"


def test_every_registered_event_but_the_rejection_can_happen(
    clean: Simulated, troubled: Simulated, registry: Registry
) -> None:
    names = {
        name
        for run in (clean, troubled)
        for (name,) in run.truth("select distinct event_name from events")
    }
    assert {event.name for event in registry.events} - names == {"telemetry.event_rejected"}


def test_a_new_boot_says_first_how_far_the_one_before_had_come(clean: Simulated) -> None:
    events = clean.events()
    last_seq: dict[str, int] = {}
    for event in events:
        last_seq[event["emitter_id"]] = max(last_seq.get(event["emitter_id"], 0), event["seq"])
    restarts = [event for event in events if event["evt"]["name"] == "telemetry.emitter_restarted"]
    assert len(restarts) > 3
    for event in restarts:
        assert event["seq"] == 1
        assert event["data"]["last_seq"] == last_seq.get(event["data"]["last_emitter_id"], 0)
    # Every boot but the first of its host has such an event.
    hosts = {emitter_id.rsplit("/", 1)[0] for emitter_id in last_seq}
    assert len({event["emitter_id"] for event in restarts}) == len(last_seq) - len(hosts)


def test_stacked_and_reassigned_deliveries_happen(clean: Simulated) -> None:
    ((stacked,),) = clean.truth(
        """
        select count(*)
        from work as one
        inner join work as other
            on one.robot_id = other.robot_id and one.delivery_id < other.delivery_id
        where one.began_at < other.ended_at and other.began_at < one.ended_at
        """
    )
    assert stacked > 0
    handed_over = clean.truth(
        """
        select one.ended_at = other.began_at as is_direct
        from work as one
        inner join work as other using (delivery_id)
        where one.began_at < other.began_at
        """
    )
    assert {is_direct for (is_direct,) in handed_over} == {True, False}


def test_all_ways_of_belonging_to_a_delivery_happen(clean: Simulated) -> None:
    ways = clean.truth(
        """
        select distinct case
            when delivery_id_of_line is not null then 'by its id'
            when order_id is not null then 'by its order'
            when robot_id is not null then 'by its robot'
            when pilot_id is not null then 'by its pilot'
            else 'by its merchant'
        end as way
        from memberships
        inner join (select * rename (delivery_id as delivery_id_of_line) from events)
            using (event_id)
        where relation = 'about'
        order by 1
        """
    )
    names = ("id", "merchant", "order", "pilot", "robot")
    assert ways == [(f"by its {name}",) for name in names]


def test_deliveries_end_in_all_ways(clean: Simulated) -> None:
    outcomes = dict(clean.truth("select outcome, count(*) from deliveries group by outcome"))
    assert outcomes.keys() == {"completed", "failed", "cancelled", "open"}
    assert outcomes["completed"] > 5 * outcomes["failed"]
    ((causes,),) = clean.truth(
        "select count(distinct cause) from deliveries where outcome = 'failed'"
    )
    assert causes > 1


def test_errors_stay_open_and_repeat(clean: Simulated) -> None:
    errors = [
        event
        for event in clean.events()
        if event["evt"]["name"] == "robot.error" and event["data"]["is_failure"]
    ]
    cleared = {
        event["data"]["error_event_id"]
        for event in clean.events()
        if event["evt"]["name"] == "robot.error_cleared"
    }
    ((outages,),) = clean.truth("select count(*) from outages")
    assert cleared <= {error["event_id"] for error in errors}
    assert len(cleared) < len(errors)
    assert outages < len(errors)
