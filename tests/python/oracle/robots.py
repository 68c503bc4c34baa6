"""States and supply hours of one robot: docs/definitions.md#states-and-supply-hours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.python.oracle.log import (
    CLOCK_THRESHOLD,
    DAY,
    HOUR,
    ROBOT_SERVICE,
    SILENCE,
    STATES,
    Event,
)


@dataclass(frozen=True)
class Interval:
    """A robot in one state from `start` to `end`, exclusive; in a silence nobody knows in which."""

    start: int
    end: int
    state: str
    basis: str
    reason: str
    event: Event
    dispatchable: bool | None = None
    lost: bool = False
    illegal: bool = False
    hardware: str | None = None
    software: str | None = None

    @property
    def shown(self) -> str:
        return "unknown" if self.basis == "silence" else self.state

    @property
    def is_over(self) -> bool:
        """Whether a robot is in no stoppage: it operates by what it told last, or is retired."""
        return STATES[self.state].operating or self.state == "retired"

    @property
    def activity(self) -> str | None:
        """`ready` or `busy` where the time is usable."""
        state = STATES[self.shown]
        in_doubt = state.usable == "when_dispatchable" and not self.dispatchable
        return None if state.usable == "never" or in_doubt else state.activity


def intervals(events: Sequence[Event], end: int) -> list[Interval]:
    """The states of a robot, to the end of the log."""
    told = list(tell(events))
    ends = [*(one.start for one in told[1:]), end]
    life = [event for event in events if event.is_sign_of_life]
    found = [replace(one, end=until) for one, until in zip(told, ends, strict=False)]
    return [with_versions(cut, events) for one in found for cut in silences(one, life)]


def tell(events: Sequence[Event]) -> Iterator[Interval]:
    """Each state that a change of state or a heartbeat tells, from when it is so."""
    changes = [event for event in events if event.name == "robot.state_changed"]
    now: Interval | None = None
    # The last sign of the state that is known, of contact restored, and of life.
    sign, restored, heard = 0, 0, None
    for event in events:
        if event.name == "robot.connection_restored":
            restored = event.at
        elif event.name == "robot.state_changed":
            now = change(event, now)
            yield now
        elif event.name == "robot.heartbeat" and contradicts(event, now, changes):
            at = found_out(event, now, sign, restored, heard) if now else event.at
            lost = now is not None and now.state != event["state"]
            word = event["dispatchable"]
            now = Interval(at, 0, event["state"], "heartbeat", "none", event, word, lost)
            yield now
        if event.name in ("robot.state_changed", "robot.heartbeat"):
            sign = event.at
        heard = event if event.is_sign_of_life else heard


def change(event: Event, before: Interval | None) -> Interval:
    """The state that a change of state reports; one reported again keeps what it does not say."""
    state, source = event["to_state"], event["from_state"]
    reason, dispatchable = event["reason"], event["dispatchable"]
    if before and before.state == state:
        reason = reason or before.reason
        dispatchable = before.dispatchable if dispatchable is None else dispatchable
    lost = before is not None and source not in (None, before.state)
    may_change = STATES[state].entered_from
    illegal = source not in (None, state) and may_change != "any" and source not in may_change
    told = reason or "none"
    return Interval(event.at, 0, state, "reported", told, event, dispatchable, lost, illegal)


def contradicts(heartbeat: Event, now: Interval | None, changes: Sequence[Event]) -> bool:
    """Whether it tells what is not known, and was not sampled before a change was logged."""
    if any(is_race(heartbeat, one) for one in changes):
        return False
    if now is None or heartbeat["state"] != now.state:
        return True
    return now.state == "returning" and heartbeat["dispatchable"] not in (None, now.dispatchable)


def is_race(heartbeat: Event, change: Event) -> bool:
    margin: int = CLOCK_THRESHOLD
    if heartbeat["emitter_id"] is None or heartbeat.emitter != change.emitter:
        unsure = sum(one["event_at_uncertainty_ms"] or 0 for one in (heartbeat, change))
        margin += min(unsure, SILENCE)
    return abs(heartbeat.at - change.at) <= margin


def found_out(
    heartbeat: Event, before: Interval, sign: int, restored: int, heard: Event | None
) -> int:
    """When the state changed that a heartbeat tells, its change being lost."""
    soon = heartbeat.at - SILENCE
    if before.state == "non_contactable" and restored > before.start and restored >= soon:
        return restored
    if sign >= soon:
        return (sign + heartbeat.at + 1) // 2
    if heard and heard.at < soon and logged_on(heard, heartbeat):
        return max((heard.at + heartbeat.at + 1) // 2, heartbeat.at // DAY * DAY)
    return heartbeat.at


def silences(told: Interval, life: Sequence[Event]) -> Iterator[Interval]:
    """The state, cut where nothing was heard of the robot."""
    now, since = told, told.start
    signs = [one for one in life if one.at > told.event.at]
    before = [one for one in life if one.at <= told.event.at]
    heard_of: list[Event | None] = [before[-1] if before else None, *signs, None]
    for heard, sign in pairwise(heard_of):
        until = min(sign.at if sign else told.end, told.end)
        silent = (max(heard.at, told.start) if heard else told.start) + SILENCE
        if until > silent and STATES[told.state].expects_heartbeat:
            yield replace(now, start=since, end=silent)
            lost_from = until
            if sign and heard and logged_on(heard, sign):
                lost_from = min(until, max(silent, sign.at // DAY * DAY))
            now = replace(told, lost=False, illegal=False, basis="resumed")
            if lost_from > silent:
                unknown = replace(now, basis="silence", reason="silence")
                yield replace(unknown, start=silent, end=lost_from)
            if until > lost_from:
                yield replace(now, start=lost_from, end=until, basis="lost_lines")
            since = until
        if until == told.end:
            break
    if since < told.end or now is told:
        yield replace(now, start=since)


def logged_on(heard: Event, sign: Event) -> bool:
    """Whether the robot logged a line at least every SILENCE on average between two signs."""
    known = heard["emitter_id"] is not None and heard["seq"] is not None
    lines = sign.seq - heard.seq
    return known and heard.emitter == sign.emitter and lines * SILENCE >= sign.at - heard.at


def with_versions(one: Interval, events: Sequence[Event]) -> Interval:
    """The interval with the versions that the robot tells at or before its start."""
    hardware, software = None, None
    for event in events:
        if event.at <= one.start and event.name in TELL_VERSIONS:
            hardware = event["hardware_version"] or hardware
            if event["service"] == ROBOT_SERVICE:
                software = event["service_version"] or software
    return replace(one, hardware=hardware, software=software)


TELL_VERSIONS = ("robot.state_changed", "robot.heartbeat", "robot.error")


def hours(states: Sequence[Interval], end: int) -> dict[tuple[int, str, str], list[int]]:
    """By hour, state and reason: milliseconds, and those of them that are ready and busy."""
    found: dict[tuple[int, str, str], list[int]] = {}
    if not states:
        return found
    edge = replace(states[-1], state="unobserved", basis="reported", reason="none")
    begin, close = states[0].start // HOUR * HOUR, -(-end // HOUR) * HOUR
    edges = [replace(edge, start=begin, end=states[0].start), replace(edge, start=end, end=close)]
    for one in [*states, *edges]:
        for hour in range(one.start // HOUR * HOUR, one.end, HOUR):
            lasted = min(one.end, hour + HOUR) - max(one.start, hour)
            times = found.setdefault((hour, one.shown, one.reason), [0, 0, 0])
            times[0] += lasted
            if one.activity:
                times[1 if one.activity == "ready" else 2] += lasted
    in_fleet = {hour for hour, state, _ in found if state not in ("retired", "unobserved")}
    return {key: times for key, times in found.items() if times[0] and key[0] in in_fleet}
