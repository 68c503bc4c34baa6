"""The truth follows the rules that the models are held to."""

from datetime import date

import pytest

from fleet.simulator.truth import Failure, LineFacts, LineFate, Truth, Window
from fleet.simulator.world import HOUR, MINUTE, Settings, World
from tests.python.simulator.conftest import START, Simulated


class Clockwork:
    """A truth that is given one thing after the other."""

    def __init__(self) -> None:
        self.world = World(Settings(1, 1, 0, date(2026, 11, 2)))
        self.truth = Truth(self.world)

    def at(self, milliseconds: int) -> Truth:
        if milliseconds > self.world.now:
            self.world.env.run(until=milliseconds)
        return self.truth

    def event(self, milliseconds: int, event_id: str, **ids: str) -> None:
        facts = LineFacts(event_id, "robot.heartbeat", "robot-agent", "robot-agent/R-1/1", 1, **ids)
        self.at(milliseconds).emitted(facts, LineFate())

    def members(self) -> set[tuple[str, str]]:
        return {(event_id, delivery_id) for event_id, delivery_id, _ in self.truth.memberships()}


@pytest.fixture
def clockwork() -> Clockwork:
    return Clockwork()


def test_windows_are_half_open(clockwork: Clockwork) -> None:
    clockwork.at(500).requested("D-1", "O-1", "M-1")
    clockwork.event(999, "before", robot_id="R-1")
    clockwork.at(1_000).assigned("D-1", "R-1")
    clockwork.event(1_000, "first", robot_id="R-1")
    clockwork.event(1_999, "last", robot_id="R-1")
    clockwork.at(2_000).unassigned("D-1", "R-1")
    clockwork.event(2_000, "after", robot_id="R-1")
    assert clockwork.members() == {("first", "D-1"), ("last", "D-1")}


def test_a_robot_belongs_to_all_it_carries_and_a_named_delivery_alone_to_itself(
    clockwork: Clockwork,
) -> None:
    for delivery_id in ("D-1", "D-2"):
        clockwork.at(1).requested(delivery_id, f"O-{delivery_id}", "M-1")
        clockwork.at(2).assigned(delivery_id, "R-1")
    clockwork.event(3, "shared", robot_id="R-1")
    clockwork.event(4, "named", robot_id="R-1", delivery_id="D-2")
    clockwork.event(5, "ordered", merchant_id="M-1", order_id="O-D-1")
    assert clockwork.members() == {
        ("shared", "D-1"),
        ("shared", "D-2"),
        ("named", "D-2"),
        ("ordered", "D-1"),
    }


def test_a_pilot_belongs_through_the_session_and_a_merchant_until_the_pickup(
    clockwork: Clockwork,
) -> None:
    clockwork.at(10).requested("D-1", "O-1", "M-1")
    clockwork.at(20).assigned("D-1", "R-1")
    clockwork.event(29, "pilot before", pilot_id="P-1")
    clockwork.at(30).session_started("P-1", "R-1")
    clockwork.event(30, "pilot in", pilot_id="P-1")
    clockwork.event(35, "merchant waits", merchant_id="M-1")
    clockwork.at(40).session_ended("P-1")
    clockwork.event(40, "pilot after", pilot_id="P-1")
    clockwork.at(50).picked_up("D-1")
    clockwork.event(50, "merchant done", merchant_id="M-1")
    assert clockwork.members() == {("pilot in", "D-1"), ("merchant waits", "D-1")}


def test_a_window_ends_with_the_tail_the_next_robot_or_the_day(clockwork: Clockwork) -> None:
    for delivery_id in ("D-1", "D-2", "D-3"):
        clockwork.at(1).requested(delivery_id, f"O-{delivery_id}", "M-1")
        clockwork.at(2).assigned(delivery_id, "R-1")
    clockwork.at(100).assigned("D-2", "R-2")
    clockwork.at(200).ended("D-1", "failed", "customer_absent")
    clockwork.at(300).returned("D-1")
    assert clockwork.truth.windows() == [
        Window("D-1", "R-1", 2, 300 + 5 * MINUTE),
        Window("D-2", "R-1", 2, 100),
        Window("D-2", "R-2", 100, 100 + 24 * HOUR),
        Window("D-3", "R-1", 2, 2 + 24 * HOUR),
    ]


def test_errors_join_into_episodes(clockwork: Clockwork) -> None:
    # Cleared by name after an hour; the repeat without a clearance of its own lies within.
    clockwork.at(0).failed("a", "R-1", "drive", "DRV-104")
    clockwork.at(50 * MINUTE).failed("b", "R-1", "drive", "DRV-104")
    clockwork.at(HOUR).cleared("a", "R-1", "DRV-104")
    # Never cleared: ten minutes. Ten minutes after it, to the millisecond, another one begins.
    clockwork.at(2 * HOUR).failed("c", "R-1", "drive", "DRV-117")
    clockwork.at(2 * HOUR + 10 * MINUTE).failed("d", "R-1", "drive", "DRV-117")
    # Not named, but its code is cleared before the ten minutes are over.
    clockwork.at(3 * HOUR).failed("e", "R-1", "lid", "LID-401")
    clockwork.at(3 * HOUR + 1).failed("f", "R-2", "lid", "LID-401")
    clockwork.at(3 * HOUR + 2).failed("g", "R-1", "lid", "LID-401")
    clockwork.at(3 * HOUR + MINUTE).cleared("g", "R-1", "LID-401")
    assert clockwork.truth.failures() == [
        Failure("R-1", "drive", 0, HOUR, "DRV-104"),
        Failure("R-1", "drive", 2 * HOUR, 2 * HOUR + 10 * MINUTE, "DRV-117"),
        Failure("R-1", "drive", 2 * HOUR + 10 * MINUTE, 2 * HOUR + 20 * MINUTE, "DRV-117"),
        Failure("R-1", "lid", 3 * HOUR, 3 * HOUR + MINUTE, "LID-401"),
        Failure("R-2", "lid", 3 * HOUR + 1, 3 * HOUR + 1 + 10 * MINUTE, "LID-401"),
    ]


def test_states_fill_every_hour(clean: Simulated) -> None:
    hours = clean.truth(
        """
        with first_states as (
            select robot_id, min(true_at) as first_at
            from events
            where event_name = 'robot.state_changed'
            group by robot_id
        )
        select
            state_hours.robot_id,
            hour_at,
            sum(duration_ms) + greatest(0, date_diff('millisecond', hour_at, first_at)) as filled
        from state_hours
        inner join first_states using (robot_id)
        group by state_hours.robot_id, hour_at, first_at
        """
    )
    assert len(hours) == clean.settings.robots * 24
    assert {filled for _, _, filled in hours} == {HOUR}
    assert {hour_at.date() for _, hour_at, _ in hours} == {START}
