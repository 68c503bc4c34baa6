"""One robot: states and hours, then its failures.

docs/definitions.md#states-and-supply-hours and docs/definitions.md#failures-mtbf-and-availability
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from tests.python.oracle.log import DAY, HOUR, SIGNS_OF_LIFE, STATES, VARS, Event, named, setting

SILENCE = setting("silence_timeout_minutes")
CLOCK_THRESHOLD = setting("clock_offset_threshold_seconds")
QUIET = setting("episode_quiet_minutes")
TELL_STATE = ("robot.state_changed", "robot.heartbeat")
ACCIDENTS = ("collision", "tip_over", "tamper")
STATE, ACCIDENT, ERROR = range(3)


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

    @property
    def shown(self) -> str:
        return "unknown" if self.basis == "silence" else self.state


def intervals(events: Sequence[Event], end: int) -> list[Interval]:
    """The states of a robot, to the end of the log."""
    told = list(tell(events))
    ends = [*(one.start for one in told[1:]), end]
    whole = [replace(one, end=until) for one, until in zip(told, ends, strict=False)]
    return [cut for one in whole for cut in silences(one, events)]


def tell(events: Sequence[Event]) -> Iterator[Interval]:
    """Each state that a change of state or a heartbeat tells, from when it is so."""
    now: Interval | None = None
    for place, event in enumerate(events):
        if event.name == "robot.state_changed":
            now = change(event, now)
            yield now
        elif event.name == "robot.heartbeat" and contradicts(event, now, events):
            at = found_out(event, now, events[:place]) if now else event.at
            lost = now is not None and now.state != event["state"]
            word = event["dispatchable"]
            now = Interval(at, 0, event["state"], "heartbeat", "none", event, word, lost)
            yield now


def change(event: Event, before: Interval | None) -> Interval:
    """The state that a change of state reports; one reported again keeps what it does not say."""
    state, source = event["to_state"], event["from_state"]
    reason, word = event["reason"], event["dispatchable"]
    if before and before.state == state:
        reason = reason or before.reason
        word = before.dispatchable if word is None else word
    lost = before is not None and source not in (None, before.state)
    allowed = STATES[state].entered_from
    illegal = allowed != "any" and source not in (None, state, *allowed)
    return Interval(event.at, 0, state, "reported", reason or "none", event, word, lost, illegal)


def contradicts(heartbeat: Event, now: Interval | None, events: Sequence[Event]) -> bool:
    """Whether it tells what is not known, and was not sampled before a change was logged."""
    for one in named(events, "robot.state_changed"):
        is_same_clock = heartbeat["emitter_id"] and heartbeat.emitter == one.emitter
        unsure = sum(event["event_at_uncertainty_ms"] or 0 for event in (heartbeat, one))
        margin = 0 if is_same_clock else min(unsure, SILENCE)
        if abs(heartbeat.at - one.at) <= CLOCK_THRESHOLD + margin:
            return False
    if now is None or heartbeat["state"] != now.state:
        return True
    return now.state == "returning" and heartbeat["dispatchable"] not in (None, now.dispatchable)


def found_out(heartbeat: Event, before: Interval, events: Sequence[Event]) -> int:
    """When the state changed that a heartbeat tells, its change being lost."""
    soon = heartbeat.at - SILENCE
    restored = max((one.at for one in named(events, "robot.connection_restored")), default=0)
    sign = max((one.at for one in named(events, *TELL_STATE)), default=0)
    heard = next(reversed(named(events, *SIGNS_OF_LIFE)), None)
    if before.state == "non_contactable" and restored > before.start and restored >= soon:
        return restored
    if sign >= soon:
        return (sign + heartbeat.at + 1) // 2
    if heard and heard.at < soon and logged_on(heard, heartbeat):
        return max((heard.at + heartbeat.at + 1) // 2, heartbeat.at // DAY * DAY)
    return heartbeat.at


def silences(told: Interval, events: Sequence[Event]) -> Iterator[Interval]:
    """The state, cut where nothing was heard of the robot."""
    life = named(events, *SIGNS_OF_LIFE)
    heard = next((one for one in reversed(life) if one.at <= told.event.at), None)
    cuts = [(told.start, told.basis)]
    for sign in [*(one for one in life if one.at > told.event.at), None]:
        until = min(sign.at, told.end) if sign else told.end
        silent = max(heard.at if heard else 0, told.start) + SILENCE
        if until > silent and STATES[told.state].expects_heartbeat:
            known = until
            if heard and sign and logged_on(heard, sign):
                known = min(until, max(silent, sign.at // DAY * DAY))
            cuts += [(silent, "silence"), (known, "lost_lines"), (until, "resumed")]
        heard = sign
    for (start, basis), (end, _) in pairwise([*cuts, (told.end, "")]):
        if basis == told.basis:
            yield replace(told, start=start, end=end)
        elif start < end:
            reason = "silence" if basis == "silence" else told.reason
            cut = replace(told, start=start, end=end, basis=basis, reason=reason)
            yield replace(cut, lost=False, illegal=False)


def logged_on(heard: Event, sign: Event) -> bool:
    """Whether the robot logged a line at least every SILENCE on average between two signs."""
    known = heard["emitter_id"] is not None and heard["seq"] is not None
    lines = sign.seq - heard.seq
    return known and heard.emitter == sign.emitter and lines * SILENCE >= sign.at - heard.at


def versions(events: Sequence[Event], at: int) -> tuple[str | None, str | None]:
    """Versions of hardware and software that the robot told last."""
    hardware, software = None, None
    for event in named(events, *TELL_STATE, "robot.error"):
        if event.at <= at:
            hardware = event["hardware_version"] or hardware
            if event["service"] == VARS["robot_service"]:
                software = event["service_version"] or software
    return hardware, software


def hours(states: Sequence[Interval], end: int) -> dict[tuple[int, str, str], list[int]]:
    """By hour, state and reason: milliseconds, and those of them that are ready and busy."""
    found: dict[tuple[int, str, str], list[int]] = {}
    outside = replace(states[-1], state="unobserved", basis="reported", reason="none")
    before = replace(outside, start=states[0].start // HOUR * HOUR, end=states[0].start)
    after = replace(outside, start=end, end=-(-end // HOUR) * HOUR)
    for one in [before, *states, after]:
        for hour in range(one.start // HOUR * HOUR, one.end, HOUR):
            lasted = min(one.end, hour + HOUR) - max(one.start, hour)
            times = found.setdefault((hour, one.shown, one.reason), [0, 0, 0])
            times[0] += lasted
            state = STATES[one.shown]
            if state.usable != "never" and (one.dispatchable or state.usable == "always"):
                times[1 if state.activity == "ready" else 2] += lasted
    in_fleet = {hour for hour, state, _ in found if state not in ("retired", "unobserved")}
    return {key: times for key, times in found.items() if times[0] and key[0] in in_fleet}


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
    """A robot between one operating state and the next, by the states that it tells.

    basis  what ends a failure that lasts until the stoppage ends
    told   since when the state before it was told
    fault  when the robot first says fault, by which event, and the state before
    """

    start: int
    end: int
    basis: str | None
    told: int
    fault: tuple[int, Event, str] | None

    def has(self, at: int) -> bool:
        """Whether an error belongs to it: raised in it, or shortly before one with a fault."""
        if self.start <= at:
            return at < self.end or self.basis is None
        return self.fault is not None and self.start <= at + QUIET


@dataclass(frozen=True)
class Failure:
    """A robot out of order: signs that overlap."""

    signs: Sequence[Sign]

    @property
    def errors(self) -> list[Event]:
        return [sign.event for sign in self.signs if sign.kind == ERROR]

    @property
    def root(self) -> tuple[str, str, str]:
        """Id, component and code of the first error, else accident, else of the state."""
        first = max(self.signs, key=lambda sign: sign.kind).event
        code = first["error_code"] or first["kind"] or "unknown"
        return first.id, first["component"] or "unknown", code

    @property
    def last(self) -> Sign:
        """The sign that ends it; a state says more than a clearance, and that than quiet."""
        order = {"quiet": 0, "cleared": 1}
        return max(self.signs, key=lambda sign: (sign.end, order.get(str(sign.basis), 2)))

    @property
    def is_charged(self) -> bool:
        return STATES[self.signs[0].state].operating

    @property
    def consequences(self) -> str | None:
        """Other components that raised errors in it, with their first code."""
        codes: dict[str, str] = {}
        for error in self.errors:
            codes.setdefault(error["component"], error["error_code"])
        return ", ".join(f"{name} {code}" for name, code in [*codes.items()][1:]) or None


def failures(events: Sequence[Event], states: Sequence[Interval], end: int) -> list[Failure]:
    """The failures of a robot in order, open ones at the end of the log included."""
    stops = list(stoppages(states, end))
    errors = [error_sign(one, events, states, stops) for one in failing(events)]
    signs = errors.copy()
    for event in named(events, "robot.safety_event"):
        faults = [stop.fault[0] for stop in stops if stop.fault and stop.told <= event.at]
        until = next((fault for fault in faults if event.at <= fault), None)
        if event["kind"] in ACCIDENTS and until is not None:
            before = state_at(states, event.at)
            signs.append(Sign(event.at, ACCIDENT, event, until, "fault", before))
    for stop in stops:
        if stop.fault:
            at, event, state = stop.fault
            own = (one for one in errors if stop.has(one.start) and one.end >= at)
            last = max(own, key=lambda one: one.end, default=stop)
            signs.append(Sign(at, STATE, event, last.end, last.basis, state))
    found: list[list[Sign]] = []
    for sign in sorted(signs, key=lambda one: (one.start, one.kind, one.event)):
        if found and sign.start <= max(one.end for one in found[-1]):
            found[-1].append(sign)
        else:
            found.append([sign])
    return [Failure(signs) for signs in found]


def failing(events: Sequence[Event]) -> list[Event]:
    return [event for event in named(events, "robot.error") if event["is_failure"]]


def is_stopped(one: Interval) -> bool:
    return one.state != "retired" and not STATES[one.state].operating


def stoppages(states: Sequence[Interval], end: int) -> Iterator[Stoppage]:
    """The stoppages of a robot: it is in none while it operates, or once it is retired."""
    runs = [list(run) for _, run in groupby(states, key=is_stopped)]
    for was, spells, then in zip([[], *runs], runs, [*runs[1:], []], strict=False):
        start, until = spells[0].start, then[0].start if then else end
        if is_stopped(spells[0]) and (start < until or not then):
            over = then[0].state if then else None
            basis = over if over in (None, "retired") else "operating"
            told = min(was[-1].start, was[-1].event.at) if was else start
            before = [was[-1].shown if was else "unknown", *(one.shown for one in spells)]
            pairs = zip(before, spells, strict=False)
            faults = ((one.start, one.event, state) for state, one in pairs if one.state == "fault")
            yield Stoppage(start, until, basis, told, next(faults, None))


def error_sign(
    error: Event, events: Sequence[Event], states: Sequence[Interval], stops: Sequence[Stoppage]
) -> Sign:
    """How long an error lasts."""
    clearances = named(events, "robot.error_cleared")
    later = [one for one in sorted([*failing(events), *clearances]) if one > error]
    of_code = [one for one in later if one["error_code"] == error["error_code"]]
    cleared = [max(one.at, error.at) for one in clearances if one["error_event_id"] == error.id]
    is_told = cleared or named(of_code[:1], "robot.error_cleared")
    cleared += [one.at for one in named(of_code, "robot.error_cleared")]
    stop = next((stop for stop in stops if stop.has(error.at)), None)
    end, basis = (stop.end, stop.basis) if stop else (error.at + QUIET, "quiet")
    if cleared and (cleared[0] <= end or (is_told and not stop)):
        end, basis = cleared[0], "cleared"
    return Sign(error.at, ERROR, error, end, basis, state_at(states, error.at))


def state_at(states: Sequence[Interval], at: int) -> str:
    known = [one.shown for one in states if one.start <= at < one.end and one.state != "retired"]
    return known[-1] if known else "unknown"
