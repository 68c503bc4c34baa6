"""Failures of one robot: docs/definitions.md#failures-mtbf-and-availability."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.python.oracle.log import QUIET, STATES, Event
from tests.python.oracle.robots import Interval

ACCIDENTS = ("collision", "tip_over", "tamper")
STATE, ACCIDENT, ERROR = range(3)


@dataclass(frozen=True)
class Sign:
    """What shows that a robot is out of order, until `end`; of one that lasts `basis` is None."""

    start: int
    kind: int
    event: Event
    end: int
    basis: str | None
    state: str  # of the robot when it began


@dataclass(frozen=True)
class Stoppage:
    """A robot between one operating state and the next, by the states that it tells."""

    start: int
    end: int
    spells: Sequence[Interval]
    before: Interval | None
    after: Interval | None

    @property
    def basis(self) -> str | None:
        """What ends a failure that lasts until the stoppage ends."""
        over = "retired" if self.after and self.after.state == "retired" else "operating"
        return over if self.after else None

    @property
    def fault(self) -> tuple[int, Event, str] | None:
        """When the robot first says fault, by which event, and the state before."""
        for before, one in pairwise([self.before, *self.spells]):
            if one and one.state == "fault":
                return one.start, one.event, before.shown if before else "unknown"
        return None

    def has(self, at: int) -> bool:
        """Whether an error belongs to it: raised in it, or shortly before one with a fault."""
        if self.start <= at:
            return at < self.end or self.after is None
        return self.fault is not None and self.start <= at + QUIET


@dataclass(frozen=True)
class Failure:
    """A robot out of order: signs that overlap."""

    signs: Sequence[Sign]

    @property
    def errors(self) -> list[Event]:
        return [sign.event for sign in self.signs if sign.kind == ERROR]

    @property
    def first(self) -> Event:
        """The first error, else the first accident, else the state."""
        accidents = [sign.event for sign in self.signs if sign.kind == ACCIDENT]
        return [*self.errors, *accidents, self.signs[0].event][0]

    @property
    def last(self) -> Sign:
        """The sign that ends it; a state says more than a clearance, and that than quiet."""
        order = {"quiet": 0, "cleared": 1}
        return max(self.signs, key=lambda sign: (sign.end, order.get(str(sign.basis), 2)))

    @property
    def is_charged(self) -> bool:
        return STATES[self.signs[0].state].operating

    @property
    def component(self) -> str:
        return str(self.first["component"] or "unknown")

    @property
    def code(self) -> str:
        return str(self.first["error_code"] or self.first["kind"] or "unknown")

    @property
    def consequences(self) -> str | None:
        """Other components that raised errors in it, with their first code."""
        codes = {one["component"]: one["error_code"] for one in reversed(self.errors)}
        order = dict.fromkeys(one["component"] for one in self.errors)
        return ", ".join(f"{name} {codes[name]}" for name in [*order][1:]) or None


def failures(events: Sequence[Event], states: Sequence[Interval], end: int) -> list[Failure]:
    """The failures of a robot in order, open ones at the end of the log included."""
    stops = list(stoppages(states, end))
    errors = [error_sign(one, events, states, stops) for one in events if is_failing(one)]
    signs = [*errors, *accident_signs(events, states, stops)]
    for stop in stops:
        if stop.fault:
            at, event, before = stop.fault
            own = [one for one in errors if stop.has(one.start) and one.end >= at]
            last = max(own, key=lambda one: one.end, default=None)
            until, basis = (last.end, last.basis) if last else (stop.end, stop.basis)
            signs.append(Sign(at, STATE, event, until, basis, before))
    found: list[list[Sign]] = []
    for sign in sorted(signs, key=lambda one: (one.start, one.kind, one.event)):
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


def error_sign(
    error: Event, events: Sequence[Event], states: Sequence[Interval], stops: Sequence[Stoppage]
) -> Sign:
    """How long an error lasts."""
    clearances = [one for one in events if one.name == "robot.error_cleared"]
    named = [max(one.at, error.at) for one in clearances if one["error_event_id"] == error.id]
    of_code = [
        one
        for one in events
        if one > error
        and one["error_code"] == error["error_code"]
        and (is_failing(one) or one in clearances)
    ]
    is_next = of_code[:1] and of_code[0] in clearances
    cleared = next(iter([*named, *(one.at for one in of_code if one in clearances)]), None)
    end, basis = error.at + QUIET, "quiet"
    if cleared is not None and (named or is_next or cleared <= end):
        end, basis = cleared, "cleared"
    stop = next((stop for stop in stops if stop.has(error.at)), None)
    if stop and cleared is not None and cleared <= stop.end:
        end, basis = cleared, "cleared"
    elif stop:
        return Sign(error.at, ERROR, error, stop.end, stop.basis, state_at(states, error.at))
    return Sign(error.at, ERROR, error, end, basis, state_at(states, error.at))


def accident_signs(
    events: Sequence[Event], states: Sequence[Interval], stops: Sequence[Stoppage]
) -> Iterator[Sign]:
    """Accidents after which the robot stayed in its state until it said fault."""
    for event in events:
        if event.name == "robot.safety_event" and event["kind"] in ACCIDENTS:
            for stop in stops:
                told = stop.before
                since = min(told.start, told.event.at) if told else stop.start
                if stop.fault and since <= event.at <= stop.fault[0]:
                    state = state_at(states, event.at)
                    yield Sign(event.at, ACCIDENT, event, stop.fault[0], "fault", state)
                    break


def state_at(states: Sequence[Interval], at: int) -> str:
    known = [one.shown for one in states if one.start <= at < one.end and one.state != "retired"]
    return known[-1] if known else "unknown"
