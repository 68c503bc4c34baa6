"""Failures of one robot: docs/definitions.md#failures-mtbf-and-availability."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.python.oracle.log import QUIET, STATES, Event
from tests.python.oracle.robots import Interval

ACCIDENTS = ("collision", "tip_over", "tamper")
NEVER = 1 << 60


@dataclass(frozen=True)
class Sign:
    """What shows that a robot is out of order, from `start` to `end`; what ends it is `basis`."""

    start: int
    rank: int  # the state, an accident, an error
    event: Event
    end: int
    basis: str
    state: str  # of the robot when it began


@dataclass(frozen=True)
class Stoppage:
    """A robot between one operating state and the next, as far as it told its states."""

    start: int
    end: int
    spells: Sequence[Interval]
    before: Interval | None
    after: Interval | None

    @property
    def basis(self) -> str | None:
        if self.after is None:
            return None
        return "retired" if self.after.state == "retired" else "operating"

    @property
    def faults(self) -> list[tuple[int, Event, str]]:
        """Each time that the robot says fault, its event, and the state before."""
        spells: list[Interval | None] = [self.before, *self.spells]
        return [
            (one.start, one.event, before.shown if before else "unknown")
            for before, one in pairwise(spells)
            if one and one.state == "fault" and (before is None or before.state != "fault")
        ]


@dataclass(frozen=True)
class Failure:
    """A robot out of order: signs that overlap. It is open while `basis` is None."""

    signs: Sequence[Sign]

    @property
    def errors(self) -> list[Event]:
        return [sign.event for sign in self.signs if sign.rank == 2]

    @property
    def first(self) -> Event:
        """The first error, else the first accident, else the state."""
        accidents = [sign.event for sign in self.signs if sign.rank == 1]
        return [*self.errors, *accidents, self.signs[0].event][0]

    @property
    def start(self) -> int:
        return self.signs[0].start

    @property
    def is_open(self) -> bool:
        return self.last.basis == "None"

    @property
    def last(self) -> Sign:
        """The sign that ends it; a state says more than a clearance, and that than quiet."""
        order = {"cleared": 1, "quiet": 2}
        return max(self.signs, key=lambda sign: (sign.end, -order.get(sign.basis, 0)))

    @property
    def state(self) -> str:
        return self.signs[0].state

    @property
    def is_charged(self) -> bool:
        return self.state in STATES and STATES[self.state].operating

    @property
    def component(self) -> str:
        return self.errors[0]["component"] if self.errors else "unknown"

    @property
    def code(self) -> str:
        told = self.first["error_code"] if self.errors else self.first["kind"]
        return str(told or "unknown")

    @property
    def consequences(self) -> str | None:
        """Other components that raised errors in it, with their first code."""
        found: dict[str, str] = {}
        for error in self.errors:
            if error["component"] != self.component:
                found.setdefault(error["component"], error["error_code"])
        return ", ".join(f"{name} {code}" for name, code in found.items()) or None


def failures(events: Sequence[Event], states: Sequence[Interval], end: int) -> list[Failure]:
    """The failures of a robot in order, open ones at the end of the log included."""
    stops = list(stoppages(states, end))
    errors = [error_sign(one, events, states, stops) for one in events if is_failing(one)]
    signs = [*errors]
    for stop in stops:
        for at, event, before in stop.faults[:1]:
            over = [e for e in errors if in_stop(e, stop) and e.end >= at]
            last = max(over, key=lambda e: e.end, default=None)
            until = last.end if last else stop.end
            signs.append(Sign(at, 0, event, until, last.basis if last else str(stop.basis), before))
    signs += accident_signs(events, states, stops)
    found: list[list[Sign]] = []
    for sign in sorted(signs, key=lambda one: (one.start, one.rank, one.event)):
        if found and sign.start <= max(one.end for one in found[-1]):
            found[-1].append(sign)
        else:
            found.append([sign])
    return [Failure(signs) for signs in found]


def is_failing(event: Event) -> bool:
    return event.name == "robot.error" and bool(event["is_failure"])


def stoppages(states: Sequence[Interval], end: int) -> Iterator[Stoppage]:
    before: Interval | None = None
    spells: list[Interval] = []
    for one in states:
        if not one.is_over:
            spells.append(one)
            continue
        if spells and one.start > spells[0].start:
            yield Stoppage(spells[0].start, one.start, spells, before, one)
        before, spells = one, []
    if spells:
        yield Stoppage(spells[0].start, end, spells, before, None)


def in_stop(sign: Sign, stop: Stoppage) -> bool:
    """Whether an error belongs to a stoppage: raised in it, or shortly before one with a fault."""
    at = sign.start
    if stop.start <= at:
        return at < stop.end or stop.after is None
    return bool(stop.faults) and stop.start <= at + QUIET


def error_sign(
    error: Event, events: Sequence[Event], states: Sequence[Interval], stops: Sequence[Stoppage]
) -> Sign:
    """How long an error lasts."""
    code = [one for one in events if one["error_code"] == error["error_code"] and one > error]
    code = [one for one in code if is_failing(one) or one.name == "robot.error_cleared"]
    clearances = [one for one in events if one.name == "robot.error_cleared"]
    named = [max(one.at, error.at) for one in clearances if one["error_event_id"] == error.id]
    of_code = [one.at for one in code if one.name == "robot.error_cleared"]
    cleared = (named or of_code or [NEVER])[0]
    sign = Sign(error.at, 2, error, cleared, "cleared", state_at(states, error.at))
    of_error = [stop for stop in stops if in_stop(sign, stop)]
    if of_error:
        stop = of_error[0]
        return sign if cleared <= stop.end else replace(sign, end=stop.end, basis=str(stop.basis))
    is_next = bool(code) and code[0].name == "robot.error_cleared"
    if named or is_next or cleared <= error.at + QUIET:
        return sign
    return replace(sign, end=error.at + QUIET, basis="quiet")


def accident_signs(
    events: Sequence[Event], states: Sequence[Interval], stops: Sequence[Stoppage]
) -> Iterator[Sign]:
    """Accidents after which the robot stayed in its state until it said fault."""
    for event in events:
        if event.name != "robot.safety_event" or event["kind"] not in ACCIDENTS:
            continue
        for stop in stops:
            told = stop.before
            since = min(told.start, told.event.at) if told else stop.start
            faults = [at for at, _, _ in stop.faults[:1] if at >= event.at >= since]
            if faults:
                state = state_at(states, event.at)
                yield Sign(event.at, 1, event, faults[0], "fault", state)
                break


def state_at(states: Sequence[Interval], at: int) -> str:
    known = [one.shown for one in states if one.start <= at < one.end and one.state != "retired"]
    return known[-1] if known else "unknown"
