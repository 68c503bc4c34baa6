"""The truth is what the parts of the simulation did, and knows no rule of the models."""

import ast
from datetime import date
from pathlib import Path

import pytest
import yaml

from fleet.simulator.truth import AFTERWARDS, LineFacts, LineFate, Outage, Truth, Work
from fleet.simulator.world import HOUR, MINUTE, Settings, World
from tests.python.simulator.conftest import ROOT, START, Simulated

SIMULATOR = ROOT / "fleet/simulator"


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

    def members(self, *relations: str) -> set[tuple[str, str]]:
        return {
            (event_id, delivery_id)
            for event_id, delivery_id, relation in self.truth.memberships()
            if relation in (relations or ("about",))
        }


@pytest.fixture
def clockwork() -> Clockwork:
    return Clockwork()


def test_a_robots_events_are_about_what_it_has(clockwork: Clockwork) -> None:
    clockwork.at(500).requested("D-1", "O-1", "M-1")
    clockwork.event(999, "before", robot_id="R-1")
    clockwork.at(1_000).took("R-1", "D-1")
    clockwork.event(1_000, "first", robot_id="R-1")
    clockwork.event(1_500, "another robot", robot_id="R-2")
    clockwork.event(1_999, "last", robot_id="R-1")
    clockwork.event(2_000, "edge", robot_id="R-1")
    clockwork.at(2_000).let_go("R-1", "D-1", is_done=False)
    clockwork.event(2_001, "after", robot_id="R-1")
    assert clockwork.members() == {("first", "D-1"), ("last", "D-1")}
    # Of two things in one millisecond no log tells which came first.
    assert clockwork.members("beside") == {("edge", "D-1")}
    assert clockwork.truth.work() == [Work("D-1", "R-1", 1_000, 2_000)]


def test_a_robot_has_several_deliveries_and_a_named_one_is_meant_alone(
    clockwork: Clockwork,
) -> None:
    for delivery_id in ("D-1", "D-2"):
        clockwork.at(1).requested(delivery_id, f"O-{delivery_id}", "M-1")
        clockwork.at(2).took("R-1", delivery_id)
    clockwork.event(3, "shared", robot_id="R-1")
    clockwork.event(4, "named", robot_id="R-1", delivery_id="D-2")
    clockwork.event(5, "ordered", merchant_id="M-1", order_id="O-D-1")
    assert clockwork.members() == {
        ("shared", "D-1"),
        ("shared", "D-2"),
        ("named", "D-2"),
        ("ordered", "D-1"),
    }
    assert clockwork.members("beside") == {("named", "D-1")}


def test_an_order_is_with_every_delivery_that_carries_it(clockwork: Clockwork) -> None:
    clockwork.event(1, "created", merchant_id="M-1", order_id="O-2")
    clockwork.at(2).requested("D-1", "O-1", "M-1")
    clockwork.at(3).pooled("D-1", "O-2")
    clockwork.at(4).requested("D-2", "O-2", "M-1")
    assert clockwork.members() == {("created", "D-1"), ("created", "D-2")}


def test_a_pilot_is_with_the_robot_and_a_merchant_with_what_it_waits_to_hand_out(
    clockwork: Clockwork,
) -> None:
    clockwork.at(10).requested("D-1", "O-1", "M-1")
    clockwork.at(20).took("R-1", "D-1")
    clockwork.event(29, "pilot before", pilot_id="P-1")
    clockwork.at(30).session_started("P-1", "R-1")
    clockwork.event(30, "pilot in", pilot_id="P-1")
    clockwork.event(35, "merchant waits", merchant_id="M-1")
    clockwork.at(40).session_ended("P-1")
    clockwork.event(40, "pilot after", pilot_id="P-1")
    clockwork.at(50).picked_up("D-1")
    clockwork.event(50, "merchant done", merchant_id="M-1")
    assert clockwork.members() == {("pilot in", "D-1"), ("merchant waits", "D-1")}


def test_shortly_after_its_work_a_robots_events_may_be_counted_until_it_takes_the_next(
    clockwork: Clockwork,
) -> None:
    for delivery_id in ("D-1", "D-2"):
        clockwork.at(1).requested(delivery_id, f"O-{delivery_id}", "M-1")
    clockwork.at(2).took("R-1", "D-1")
    clockwork.at(2).took("R-2", "D-2")
    for robot_id, delivery_id in (("R-1", "D-1"), ("R-2", "D-2")):
        clockwork.at(100).let_go(robot_id, delivery_id, is_done=True)
    clockwork.event(101, "done", robot_id="R-1")
    clockwork.at(150).took("R-1", "D-2")
    clockwork.event(200, "on the next", robot_id="R-1")
    clockwork.event(100 + AFTERWARDS, "still after", robot_id="R-2")
    clockwork.event(101 + AFTERWARDS, "too late", robot_id="R-2")
    assert clockwork.members("afterwards") == {("done", "D-1"), ("still after", "D-2")}
    assert clockwork.members() == {("on the next", "D-2")}


def test_what_happens_to_a_delivery_later_undoes_its_end(clockwork: Clockwork) -> None:
    clockwork.at(1).requested("D-1", "O-1", "M-1")
    clockwork.at(2).ended("D-1", "failed", "lid_fault", "R-1")
    assert clockwork.truth.outcomes == {"failed": 1}
    clockwork.at(3).tried_again("D-1")
    assert clockwork.truth.outcomes == {"open": 1}
    clockwork.at(4).ended("D-1", "completed", "none", "R-2")
    assert clockwork.truth.outcomes == {"completed": 1}


def test_a_robot_is_out_of_order_until_it_works_again_whatever_it_says(
    clockwork: Clockwork,
) -> None:
    clockwork.at(0).state_began("R-1", "in_transit", "none", False)
    clockwork.at(10).broke("R-1", "DRV-104")
    for number in range(5):
        clockwork.at(20 + number * HOUR).told("R-1", f"error {number}")
    clockwork.at(6 * HOUR).works_again("R-1")
    clockwork.at(6 * HOUR + 1).told("R-1", "too late")
    clockwork.at(7 * HOUR).broke("R-1", "LID-401")
    errors = tuple(f"error {number}" for number in range(5))
    assert clockwork.truth.outages() == [
        Outage("R-1", "DRV-104", "in_transit", 10, 6 * HOUR, errors),
        Outage("R-1", "LID-401", "in_transit", 7 * HOUR, 24 * HOUR, ()),
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


# ---------------------------------------------------------------- no rule of the models


def imports(path: Path) -> set[str]:
    """Modules and names that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


UNITS = {"SECOND": 1_000, "MINUTE": MINUTE, "HOUR": HOUR, "DAY": 24 * HOUR}


def durations(source: str) -> dict[str, int]:
    """Every length of time that a module states, in milliseconds."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.BinOp(ast.Constant(int() | float() as factor), ast.Mult(), ast.Name(unit)):
                if unit in UNITS:
                    found[ast.unparse(node)] = round(factor * UNITS[unit])
            case ast.keyword(str(unit), ast.Constant(int() | float() as factor)):
                if unit.upper().removesuffix("S") in UNITS:
                    found[ast.unparse(node)] = round(factor * UNITS[unit.upper().removesuffix("S")])
            case ast.Name(unit) if unit in UNITS:
                found[unit] = UNITS[unit]
            case ast.Constant(int() as milliseconds) if milliseconds >= UNITS["SECOND"]:
                found[str(milliseconds)] = milliseconds
    return found


def thresholds() -> dict[int, str]:
    """The vars of the models that are times, by their milliseconds."""
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    del variables["file_settle_seconds"]  # the loader's; no model reads it
    units = {"seconds": 1_000, "minutes": MINUTE, "hours": HOUR}
    return {
        value * units[unit]: name
        for name, value in variables.items()
        if (unit := name.rsplit("_", 1)[-1]) in units and isinstance(value, int) and value
    }


def test_the_truth_imports_nothing_of_the_models() -> None:
    own = {name for name in imports(SIMULATOR / "truth.py") if name.startswith("fleet.")}
    assert own == {f"fleet.simulator.world.{name}" for name in ("World", "HOUR", "MINUTE")}
    for path in SIMULATOR.glob("*.py"):
        assert "dbt_project" not in path.read_text(), path.name
        # Reasons of the quarantine name the damages that the simulator does.
        taken = {name for name in imports(path) if "registry_constants" in name}
        assert taken <= {"fleet.registry_constants.QuarantineReason"}, path.name


def test_the_truth_states_no_threshold_of_the_models_again() -> None:
    rules = thresholds()
    assert 5 * MINUTE in rules  # the tail of a session
    text = (SIMULATOR / "truth.py").read_text()
    stated = durations(text)
    assert AFTERWARDS in stated.values()
    assert {words: rules[ms] for words, ms in stated.items() if ms in rules} == {}
    assert not [name for name in rules.values() if name.upper() in text.upper()]


@pytest.mark.parametrize(
    "line",
    ["TAIL = 5 * MINUTE", "TAIL = 300 * SECOND", "TAIL = 300_000", "f(minutes=5)", "x = DAY"],
)
def test_a_threshold_in_the_truth_would_be_seen(line: str) -> None:
    rules = thresholds()
    assert [ms for ms in durations(line).values() if ms in rules]
