"""States and supply hours of one robot: docs/definitions.md#states-and-supply-hours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.python.oracle.log import (
    CLOCK_THRESHOLD,
    DAY,
    HOUR,
    REGISTRY,
    ROBOT_SERVICE,
    SILENCE,
    STATES,
    Event,
)


@dataclass(frozen=True)
class Interval:
    """A robot in one state from `start` to `end`, exclusive."""

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
    silent: bool = False

    @property
    def shown(self) -> str:
        """The state, or in a silence `unknown`."""
        return "unknown" if self.silent else self.state

    @property
    def is_over(self) -> bool:
        """Whether a robot is in no stoppage: it operates by what it told last, or is retired."""
        return STATES[self.state].operating or self.state == "retired"

    @property
    def activity(self) -> str | None:
        """`ready` or `busy` where the time is usable."""
        state = STATES[self.shown]
        usable = state.usable == "always" or (
            state.usable == "when_dispatchable" and self.dispatchable is True
        )
        return state.activity if usable else None


def intervals(events: Sequence[Event], end: int) -> list[Interval]:
    """The states of a robot, to the end of the log."""
    told = list(tell(events))
    ends = [*(one.start for one in told[1:]), end][: len(told)]
    life = [event for event in events if is_sign_of_life(event)]
    return [
        with_versions(cut, events)
        for one, until in zip(told, ends, strict=True)
        for cut in silences(replace(one, end=until), life)
    ]


def is_sign_of_life(event: Event) -> bool:
    return REGISTRY.by_name[event.name].roles.sign_of_life


def tell(events: Sequence[Event]) -> Iterator[Interval]:
    """Each state that a change of state or a heartbeat tells, from when it is so."""
    changes = [event for event in events if event.name == "robot.state_changed"]
    now: Interval | None = None
    # The last sign of the state that is known, of contact restored, and of life.
    sign, restored, heard = 0, 0, None
    for event in events:
        before = now
        if event.name == "robot.connection_restored":
            restored = event.at
        elif event.name == "robot.state_changed":
            sign = event.at
            now = change(event, before)
            yield now
        elif event.name == "robot.heartbeat":
            races = any(is_race(event, one) for one in changes)
            if not races and (before is None or contradicts(event, before)):
                now = Interval(
                    found_out(event, before, sign, restored, heard),
                    0,
                    event["state"],
                    "heartbeat",
                    "none",
                    event,
                    event["dispatchable"],
                    lost=before is not None and before.state != event["state"],
                )
                yield now
            sign = event.at
        if is_sign_of_life(event):
            heard = event


def change(event: Event, before: Interval | None) -> Interval:
    """The state that a change of state reports."""
    state, reason, dispatchable = event["to_state"], event["reason"], event["dispatchable"]
    again = before is not None and before.state == state
    if again and before is not None:
        reason = reason or before.reason
        dispatchable = before.dispatchable if dispatchable is None else dispatchable
    source = event["from_state"]
    return Interval(
        event.at,
        0,
        state,
        "reported",
        reason or "none",
        event,
        dispatchable,
        lost=before is not None and event["from_state"] not in (None, before.state),
        illegal=source is not None and not may_change(source, state),
    )


def may_change(source: str, state: str) -> bool:
    allowed = STATES[state].entered_from
    return source == state or allowed == "any" or source in allowed


def is_race(heartbeat: Event, change: Event) -> bool:
    """Whether the heartbeat was sampled before the change was logged."""
    margin: int = CLOCK_THRESHOLD
    if heartbeat["emitter_id"] is None or heartbeat.emitter != change.emitter:
        unsure = sum(one["event_at_uncertainty_ms"] or 0 for one in (heartbeat, change))
        margin += min(unsure, SILENCE)
    return abs(heartbeat.at - change.at) <= margin


def contradicts(heartbeat: Event, now: Interval) -> bool:
    if heartbeat["state"] != now.state:
        return True
    told: bool | None = heartbeat["dispatchable"]
    return now.state == "returning" and told is not None and told != now.dispatchable


def found_out(
    heartbeat: Event, before: Interval | None, sign: int, restored: int, heard: Event | None
) -> int:
    """When the state changed that a heartbeat tells, its change being lost."""
    soon = heartbeat.at - SILENCE
    if before is None:
        return heartbeat.at
    if before.state == "non_contactable" and restored > before.start and restored >= soon:
        return restored
    if sign >= soon:
        return (sign + heartbeat.at + 1) // 2
    if heard and heard.at < soon and logged_on(heard, heartbeat):
        return max((heard.at + heartbeat.at + 1) // 2, heartbeat.at // DAY * DAY)
    return heartbeat.at


def silences(told: Interval, life: Sequence[Event]) -> Iterator[Interval]:
    """The state, cut where nothing was heard of the robot."""
    if not STATES[told.state].expects_heartbeat:
        yield told
        return
    heard: Event | None = None
    now, since, basis = told, told.start, told.basis
    goes_on = replace(told, lost=False, illegal=False)
    for sign in [*life, None]:
        if sign and sign.at <= told.event.at:
            heard = sign
            continue
        until = min(sign.at if sign else told.end, told.end)
        last = max(heard.at, told.start) if heard else told.start
        if until - last > SILENCE:
            silent = last + SILENCE
            yield replace(now, start=since, end=silent, basis=basis)
            lost_from = until
            if sign and heard and logged_on(heard, sign):
                lost_from = min(until, max(silent, sign.at // DAY * DAY))
            now = goes_on
            if lost_from > silent:
                unknown = replace(now, silent=True, basis="silence", reason="silence")
                yield replace(unknown, start=silent, end=lost_from)
            if until > lost_from:
                yield replace(now, start=lost_from, end=until, basis="lost_lines")
            since, basis = until, "resumed"
        if until == told.end:
            break
        heard = sign
    if since < told.end or now is told:
        yield replace(now, start=since, basis=basis)


def logged_on(heard: Event, sign: Event) -> bool:
    """Whether the robot logged a line at least every SILENCE on average between two signs."""
    lines = sign.seq - heard.seq
    known = heard["emitter_id"] is not None and heard["seq"] is not None
    return known and heard.emitter == sign.emitter and lines * SILENCE >= sign.at - heard.at


def with_versions(one: Interval, events: Sequence[Event]) -> Interval:
    """The interval with the versions that the robot tells at or before its start."""
    hardware, software = None, None
    for event in events:
        if event.at > one.start:
            break
        if event.name in ("robot.state_changed", "robot.heartbeat", "robot.error"):
            hardware = event["hardware_version"] or hardware
            if event["service"] == ROBOT_SERVICE:
                software = event["service_version"] or software
    return replace(one, hardware=hardware, software=software)


def hours(states: Sequence[Interval], end: int) -> dict[tuple[int, str, str], list[int]]:
    """By hour, state and reason: milliseconds, and those of them that are ready and busy."""
    if not states:
        return {}
    first, last = states[0], states[-1]
    edges = [
        replace(first, start=first.start // HOUR * HOUR, end=first.start, state="unobserved"),
        replace(last, start=end, end=-(-end // HOUR) * HOUR, state="unobserved"),
    ]
    found: dict[tuple[int, str, str], list[int]] = {}
    for one in [*states, *(replace(edge, reason="none", silent=False) for edge in edges)]:
        for hour in range(one.start // HOUR * HOUR, one.end, HOUR):
            seconds = found.setdefault((hour, one.shown, one.reason), [0, 0, 0])
            lasted = min(one.end, hour + HOUR) - max(one.start, hour)
            seconds[0] += lasted
            if one.activity:
                seconds[1 if one.activity == "ready" else 2] += lasted
    in_fleet = {hour for hour, state, _ in found if state not in ("retired", "unobserved")}
    return {key: seconds for key, seconds in found.items() if seconds[0] and key[0] in in_fleet}
