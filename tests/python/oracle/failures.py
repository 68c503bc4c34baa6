"""Failures of one robot: docs/definitions.md#failures-mtbf-and-availability."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.python.oracle.log import QUIET, Event
from tests.python.oracle.robots import Interval

ACCIDENTS = ("collision", "tip_over", "tamper")


@dataclass
class Failure:
    """A robot out of order; `end` and `basis` are None while it lasts."""

    start: int
    first: Event
    state: str
    operating: bool
    errors: list[Event] = field(default_factory=list)
    end: int | None = None
    basis: str | None = None

    @property
    def component(self) -> str:
        return self.errors[0]["component"] if self.errors else "unknown"

    @property
    def code(self) -> str:
        if self.errors:
            return str(self.errors[0]["error_code"])
        return self.first["kind"] or "unknown"

    @property
    def consequences(self) -> dict[str, str]:
        """Other components that raised errors in it, with their first code."""
        found: dict[str, str] = {}
        for error in self.errors:
            if error["component"] != self.component:
                found.setdefault(error["component"], error["error_code"])
        return found


def failures(events: Sequence[Event], states: Sequence[Interval], end: int) -> list[Failure]:
    """The failures of a robot in order, open ones at the end of the log included."""
    signs = sorted([*error_signs(events), *fault_signs(events, states)], key=lambda one: one[:2])
    cleared = clearances(events)
    found: list[Failure] = []
    for at, _, first in signs:
        if found and (found[-1].end is None or at <= (found[-1].end or 0)):
            now = found[-1]
        else:
            state = state_before(states, at)
            name, operating = (state.state, state.is_operating) if state else ("unknown", False)
            now = Failure(at, first, name, operating)
            found.append(now)
        if first.name == "robot.error":
            now.errors.append(first)
        now.end, now.basis = ends(now, at, states, cleared, end)
    return found


def error_signs(events: Sequence[Event]) -> list[tuple[int, int, Event]]:
    return [
        (one.at, 0, one) for one in events if one.name == "robot.error" and one["is_failure"]
    ]


def fault_signs(
    events: Sequence[Event], states: Sequence[Interval]
) -> list[tuple[int, int, Event]]:
    """Beginnings of the state fault, and accidents after which a robot stayed until it said so."""
    found = []
    for number, one in enumerate(states):
        if one.state != "fault" or (number and states[number - 1].state == "fault"):
            continue
        found.append((one.start, 2, one.event))
        before = states[number - 1].start if number else 0
        found += [
            (event.at, 1, event)
            for event in events
            if event.name == "robot.safety_event"
            and event["kind"] in ACCIDENTS
            and before <= event.at <= one.start
        ]
    return found


def state_before(states: Sequence[Interval], at: int) -> Interval | None:
    """The state that the robot was in when a failure began, before fault."""
    known = [one for one in states if one.start <= at and one.state != "fault"]
    return known[-1] if known else None


def clearances(events: Sequence[Event]) -> dict[str, int]:
    """When each failing error was cleared, by its id."""
    found: dict[str, int] = {}
    for number, error in enumerate(events):
        if error.name != "robot.error" or not error["is_failure"]:
            continue
        of_code = [
            one
            for one in events[number + 1 :]
            if one.name in ("robot.error", "robot.error_cleared")
            and one["error_code"] == error["error_code"]
        ]
        by_code = [one.at for one in of_code[:1] if one.name == "robot.error_cleared"]
        by_id = [
            one.at
            for one in events
            if one.name == "robot.error_cleared"
            and one["error_event_id"] == error.id
            and one.at >= error.at
        ]
        if by_code or by_id:
            found[error.id] = min(by_code + by_id)
    return found


def ends(
    now: Failure,
    sign: int,
    states: Sequence[Interval],
    cleared: dict[str, int],
    end: int,
) -> tuple[int | None, str | None]:
    """When a failure is over after this sign, and by what; None while it lasts."""
    found: list[tuple[int, str]] = []
    if now.errors and all(error.id in cleared for error in now.errors):
        found.append((max(cleared[error.id] for error in now.errors), "cleared"))
    during = [one for one in states if one.end > sign]
    retired = [one.start for one in during if one.state == "retired" and one.start >= sign]
    if retired:
        found.append((retired[0], "retired"))
    if stops(during, sign):
        operates = [one.start for one in during if one.is_operating and one.start > sign]
        if operates:
            found.append((operates[0], "operating"))
    elif sign + QUIET <= end:
        found.append((sign + QUIET, "quiet"))
    return min(found) if found else (None, None)


def stops(during: Sequence[Interval], sign: int) -> bool:
    """Whether the robot is in a stoppage, or in fault before it would be quiet."""
    now = during[0] if during and during[0].start <= sign else None
    if now is None or now.state == "unknown":
        return False
    if not now.is_operating:
        return True
    return any(one.state == "fault" and one.start <= sign + QUIET for one in during)
