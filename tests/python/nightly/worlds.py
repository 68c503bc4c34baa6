"""Small fleets of events, and how late, how often and in which state their lines arrive.

A dbt run costs seconds, whatever little it has to do, so one run carries many worlds. Each has
robots, deliveries, orders, pilots, merchants, a market and hardware of its own, and days of its
own unless it is `beside` the world before it: an event of one world then cannot set right what a
nightly run forgot of another.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, Protocol

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry
from fleet.registry.schema import Registry

# Zones and service hours of some markets, in turn; the others go by UTC, all day.
ZONES = (
    ("America/Los_Angeles", "18:00-02:00"),
    ("Asia/Kolkata", "09:15-22:45"),
    None,
    ("Pacific/Kiritimati", "closed"),
    ("Asia/Kathmandu", "23:30-00:15"),
)
FIRST_DAY = datetime(2025, 1, 20, tzinfo=UTC)
DAYS_PER_WORLD = 2

# Lines arrive in one of so many loads; the nights share them out among themselves in order.
ARRIVALS = 8
# Who logs the events that the registry has of the robots' software; its versions are the robot's.
ROBOT_OWNER, ROBOT_SERVICE = "fleet-software", "robot-agent"
# An optional field that a mart is made of.
FOR_MARTS = ("software_version",)
FIRST_LOAD = datetime(2026, 1, 1, 3, tzinfo=UTC)


Variant = Literal[
    "completed",
    "open",
    "failed",
    "returned",
    "retried",
    "cancelled",
    "reassigned",
    "given_back",
    "no_robot",
    "tried_again",
    "cancelled_and_brought",
    "told_by_order",
    "cancelled_by_order",
]
Clearance = Literal["no", "by_code", "by_name", "by_name_from_another_robot"]
ClockKind = Literal["right", "ahead", "behind", "stepping", "offline", "future", "unset"]
ClockAid = Literal["none", "mono", "sent"]
Fault = Literal[
    "unknown_event",
    "missing_required",
    "bad_type",
    "refused_at_source",
    "bad_timestamp",
    "missing_event_id",
    "malformed",
]
FateKind = Literal[
    "late",
    "copied",
    "resent",
    "changed",
    "broken",
    "nameless",
    "unnamed",
    "content",
    "ahead",
    "undated",
    "unmarked",
    "elsewhere",
    "updated",
    "relayed",
    "staged",
    "replayed",
    "replayed_first",
]


@cache
def registry() -> Registry:
    return load_registry(find_project_dir())


@dataclass(frozen=True)
class Event:
    """An event before it becomes a line.

    `ids` says which of the world's robots, orders and so on it names, by number. `names_error`
    is the number, within the story, of the error that a clearance names. `skipped` counts lines
    that its emitter logged before it and that never arrive.
    """

    name: str
    minute: float
    ids: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    names_error: int | None = None
    skipped: int = 0


class Story(Protocol):
    """Some events of a world, `start` in minutes from its first day, all of one arrival."""

    @property
    def arrival(self) -> int: ...

    def events(self) -> list[Event]: ...


@dataclass(frozen=True)
class Delivery:
    """An order and its delivery, in lines that the robot, dispatch and ordering log."""

    start: int = 600
    delivery: int = 0
    order: int = 0
    robot: int = 0
    merchant: int = 0
    pace: int = 4
    variant: Variant = "completed"
    arrival: int = 0

    def events(self) -> list[Event]:
        step = -1

        def event(name: str, *kinds: str, robot: int = self.robot, **data: Any) -> Event:
            nonlocal step
            step += 1
            numbers = {
                "delivery": self.delivery,
                "order": self.order,
                "robot": robot,
                "merchant": self.merchant,
            }
            ids = {kind: numbers[kind] for kind in kinds}
            return Event(name, self.start + step * self.pace, ids, data)

        start = [
            event("order.created", "order", "merchant"),
            event("merchant.order_confirmed", "order", "merchant"),
            event("dispatch.requested", "delivery", "order", "merchant"),
        ]
        if self.variant == "no_robot":
            return [*start, event("dispatch.failed", "delivery", "order")]
        start += [
            event("dispatch.assigned", "delivery", "order", "robot", "merchant"),
            event("robot.state_changed", "robot", from_state="available", to_state="assigned"),
            event("merchant.availability_changed", "merchant"),
        ]
        if self.variant == "cancelled":
            return [*start, event("delivery.cancelled", "delivery", "order", "robot")]
        robot = self.robot
        for _ in range({"reassigned": 1, "given_back": 2}.get(self.variant, 0)):
            before, robot = robot, 1 - robot
            start += [
                event("dispatch.unassigned", "delivery", "robot", robot=before),
                event("robot.lid_changed", "robot", robot=before),
                event("dispatch.assigned", "delivery", "order", "robot", "merchant", robot=robot),
            ]
        if self.variant == "tried_again":
            names = ("delivery", "robot", "merchant")
            start += [event("delivery.pickup_failed", *names, robot=robot)]
            robot = 1 - robot
            start += [event("dispatch.assigned", "delivery", "order", *names[1:], robot=robot)]
        if self.variant == "cancelled_by_order":
            return [*start, event("order.cancelled", "order", "merchant")]
        if self.variant == "cancelled_and_brought":
            start += [event("delivery.cancelled", "delivery", "order")]
        start += [
            event("delivery.pickup_arrived", "delivery", "robot", "merchant", robot=robot),
            event("robot.lid_changed", "robot", robot=robot),
            event(
                "delivery.pickup_completed", "delivery", "order", "robot", "merchant", robot=robot
            ),
            event("robot.state_changed", "robot", robot=robot, to_state="in_transit"),
        ]
        if self.variant == "open":
            return start
        if self.variant == "told_by_order":
            ended = event("order.completed", "order", "merchant", fulfilled_by="robot")
            return [*start, ended, event("robot.heartbeat", "robot", robot=robot)]
        start += [event("delivery.dropoff_arrived", "delivery", "robot", robot=robot)]
        if self.variant in ("failed", "returned", "retried"):
            disposition = "retry" if self.variant == "retried" else "return"
            failed = event(
                "delivery.dropoff_failed",
                "delivery",
                "robot",
                robot=robot,
                reason="customer_absent",
                disposition=disposition,
            )
            start += [failed, event("robot.heartbeat", "robot", robot=robot)]
        if self.variant == "failed":
            return start
        if self.variant == "returned":
            name = "delivery.return_completed"
            return [*start, event(name, "delivery", "robot", "merchant", robot=robot)]
        return [
            *start,
            event("delivery.dropoff_completed", "delivery", "order", "robot", robot=robot),
            event("robot.state_changed", "robot", robot=robot, to_state="available"),
            event("order.completed", "order", "merchant"),
            event("robot.heartbeat", "robot", robot=robot),
        ]


@dataclass(frozen=True)
class Shift:
    """A robot's changes of state, each followed by heartbeats every `pace` minutes.

    With `told` false only the heartbeats arrive. `skipped` lines are lost before each state.
    """

    start: int = 480
    robot: int = 0
    states: tuple[str, ...] = ("available", "charging")
    gap: int = 30
    beats: int = 2
    pace: float = 4
    told: bool = True
    dispatchable: bool | None = True
    skipped: int = 0
    arrival: int = 0

    def events(self) -> list[Event]:
        ids = {"robot": self.robot}
        events = []
        for number, state in enumerate(self.states):
            at = self.start + number * self.gap
            data: dict[str, Any] = {"to_state": state, "hardware_version": "hw"}
            if number:
                data["from_state"] = self.states[number - 1]
            if state in ("fault", "blocked"):
                data["reason"] = "sidewalk_blocked"
            beats: dict[str, Any] = {"state": state}
            if state == "returning" and self.dispatchable is not None:
                data["dispatchable"] = number == 0
                beats["dispatchable"] = self.dispatchable
            if self.told:
                events.append(Event("robot.state_changed", at, ids, data, skipped=self.skipped))
            events += [
                Event(
                    "robot.heartbeat",
                    at + self.pace * beat,
                    ids,
                    beats,
                    skipped=0 if self.told or beat > 1 else self.skipped,
                )
                for beat in range(1, self.beats + 1)
            ]
        return events


@dataclass(frozen=True)
class Failure:
    """Errors of one component, and how they are cleared."""

    start: int = 620
    robot: int = 0
    code: int = 0
    component: Literal["drive", "lid"] = "drive"
    errors: int = 1
    gap: int = 6
    cleared: Clearance = "by_code"
    named: int = 0
    arrival: int = 0

    def events(self) -> list[Event]:
        data = {"error_code": f"E-{self.code}"}
        events = [
            Event(
                "robot.error",
                self.start + number * self.gap,
                {"robot": self.robot},
                {**data, "component": self.component, "is_failure": True},
            )
            for number in range(self.errors)
        ]
        if self.cleared == "no":
            return events
        robot = 1 - self.robot if self.cleared == "by_name_from_another_robot" else self.robot
        clearance = Event(
            "robot.error_cleared",
            self.start + self.errors * self.gap,
            {"robot": robot},
            data,
            None if self.cleared == "by_code" else self.named % self.errors,
        )
        return [*events, clearance]


@dataclass(frozen=True)
class PilotSession:
    """A pilot on a robot, with one event that names the pilot alone."""

    start: int = 615
    pilot: int = 0
    robot: int = 0
    session: int = 0
    minutes: int = 10
    has_end: bool = True
    arrival: int = 0

    def events(self) -> list[Event]:
        ids = {"pilot": self.pilot, "robot": self.robot}
        data = {"session_id": f"session-{self.session}"}
        modes = {"from_mode": "autonomous", "to_mode": "remote"}
        middle = self.start + self.minutes / 2
        events = [
            Event("pilot.session_started", self.start, ids, data),
            Event("pilot.control_changed", middle, ids, {**data, **modes}),
            Event("pilot.shift_changed", middle + 1, {"pilot": self.pilot}),
        ]
        if self.has_end:
            events.append(
                Event("pilot.session_ended", self.start + self.minutes, ids, data),
            )
        return events


@dataclass(frozen=True)
class Stray:
    """Any one event of the registry, with the ids it requires and those in `also`."""

    name: str
    start: int = 620
    number: int = 0
    also: tuple[str, ...] = ()
    arrival: int = 0

    def events(self) -> list[Event]:
        event = registry().by_name[self.name]
        required = [kind for kind, need in event.ids.items() if need == "required"]
        kinds = {kind.removesuffix("_id") for kind in required} | (
            set(self.also) & {kind.removesuffix("_id") for kind in event.ids}
        )
        return [Event(self.name, self.start, dict.fromkeys(sorted(kinds), self.number))]


@dataclass(frozen=True)
class Broken:
    """A line that no table of events may hold."""

    fault: Fault = "unknown_event"
    start: int = 620
    robot: int = 0
    arrival: int = 0

    def events(self) -> list[Event]:
        return [Event("robot.stuck", self.start, {"robot": self.robot}, {"broken": self.fault})]


@dataclass(frozen=True)
class Fate:
    """What becomes of one line: the first with the event name `line`, or the one of that number.

    late             it arrives in load `arrival`, whenever its story does
    copied           the same line arrives again then
    resent           it arrives again then, received an hour later
    changed          its event_id arrives again then, with another time, robot and delivery
    broken           its event_id arrives again then, in a line to quarantine
    nameless         it arrives again then, without its event_id
    unnamed          it has no event_id
    content          it has no event_id, and neither emitter nor seq
    ahead            its clock is half an hour ahead of the receiver's
    undated          its clock is years ahead, and no transport dated it
    unmarked         it names no market
    elsewhere        it names another market
    updated          the service logs it in its next version
    relayed          the gateway logs it, in a version of its own
    staged           it is of another environment
    replayed         the same line arrives again then, from another environment
    replayed_first   the same line of another environment arrives in the first load
    """

    line: str | int
    kind: FateKind = "late"
    arrival: int = 5


@dataclass(frozen=True)
class Clock:
    """How the clock of a world's robot 0 goes, and what else its lines tell of the time.

    ahead, behind    by a minute or two, always
    stepping         ahead at first, set right at noon
    offline          right, but all that was logged before noon is sent at noon
    future           years ahead, and so is the receiver's
    unset            at 1970
    """

    kind: ClockKind = "right"
    aid: ClockAid = "none"

    def tell(self, line: dict[str, Any], minute: float, first_day: datetime) -> None:
        at = first_day + timedelta(minutes=minute)
        noon = first_day + timedelta(hours=12)
        received_at = at + timedelta(seconds=0.4 + minute % 7)
        offset = timedelta()
        match self.kind:
            case "ahead":
                offset = timedelta(seconds=120)
            case "behind":
                offset = timedelta(seconds=-90)
            case "stepping":
                offset = timedelta(seconds=100 if at < noon else 0)
            case "offline":
                received_at = max(received_at, noon)
            case "future":
                offset = timedelta(days=1500)
                received_at += timedelta(days=1500)
            case "unset":
                offset = datetime(1970, 1, 1, tzinfo=UTC) - first_day
        line["occurred_at"] = rfc3339(at + offset)
        line["received_at"] = rfc3339(received_at)
        if self.aid == "mono":
            line["mono_ms"] = round((minute + 5) * 60000)
        if self.aid == "sent":
            sent_at = received_at - timedelta(seconds=0.3)
            line["sent_at"] = rfc3339(sent_at + (timedelta() if self.kind == "future" else offset))


@dataclass(frozen=True)
class World:
    """A fleet of two robots, two pilots, two merchants and so on.

    With a `grid` all happens at whole multiples of so many minutes: much at once, and lengths of
    time that are exactly those of a rule.
    """

    stories: tuple[Story, ...]
    fates: tuple[Fate, ...] = ()
    beside: bool = False
    name: str = "w"
    clock: Clock | None = None
    grid: int = 0


@dataclass(frozen=True)
class Arrival:
    """One line and the load it comes in."""

    load: int
    text: str
    is_rejected: bool = False


def label(world: World, number: int) -> str:
    """What every id of a world holds, so that a row tells whose it is."""
    return f"-{world.name}{number}-"


def places(worlds: Sequence[World]) -> list[int]:
    """For each world, the number of the world whose days, market and hardware it has."""
    found: list[int] = []
    for number, world in enumerate(worlds):
        found.append(found[-1] if world.beside and found else number)
    return found


def arrivals(worlds: Sequence[World]) -> Iterator[Arrival]:
    """All lines of the worlds."""
    for number, (world, place) in enumerate(zip(worlds, places(worlds), strict=True)):
        yield from world_arrivals(world, label(world, number), place)


def last_event(worlds: Sequence[World]) -> Arrival:
    """An event of no robot, after all others, in the first load.

    Without it the log ends later each night, which concerns every robot's last state.
    """
    line = {
        "event_id": "last",
        "evt": {"name": "release.deployed", "version": 1, "valid": True},
        "occurred_at": rfc3339(FIRST_DAY + timedelta(days=DAYS_PER_WORLD * (len(worlds) + 1))),
        "emitter_id": "release/1/1",
        "seq": 1,
        "data": {"component": "robot-agent", "version": "1.0.0", "kind": "deploy"},
    }
    return Arrival(0, json.dumps(line))


def world_arrivals(world: World, mark: str, place: int) -> Iterator[Arrival]:
    """The lines of one world, with `mark` in every id, on the days of the world number `place`."""
    events: list[tuple[int, Event, int]] = []
    for story in world.stories:
        first = len(events)
        for event in story.events():
            if world.grid:
                event = replace(event, minute=event.minute // world.grid * world.grid)
            events.append((story.arrival, event, first))
    fates: dict[int | None, list[Fate]] = {}
    for fate in world.fates:
        number = line_number(fate, [event for _, event, _ in events])
        fates.setdefault(number, []).append(fate)

    first_day = FIRST_DAY + timedelta(days=DAYS_PER_WORLD * place)
    seqs = sequence_numbers([event for _, event, _ in events], mark)
    for number, (load, event, first) in enumerate(events):
        line = line_of(event, f"e{mark}{number}", mark, first_day, seqs[number])
        if world.clock and event.ids.get("robot") == 0:
            world.clock.tell(line, event.minute, first_day)
        if event.names_error is not None:
            line["data"]["error_event_id"] = f"e{mark}{first + event.names_error}"
        line["market"] = f"market-{place}-"
        line["version"] = f"sw-{place}-"
        for name in ("hardware_version", "software_version"):
            if line["data"].get(name):
                line["data"][name] = f"{name[0]}w-{place}-"
        if event.name == "release.deployed":
            line["data"] |= {"version": f"sw-{place}-new", "previous_version": f"sw-{place}-"}

        copies: list[Arrival] = []
        for fate in fates.get(number, []):
            match fate.kind:
                case "late":
                    load = fate.arrival
                case "ahead":
                    line["received_at"] = rfc3339(first_day + timedelta(minutes=event.minute - 30))
                case "undated":
                    line.pop("received_at", None)
                    line["occurred_at"] = "2041-06-01T00:00:00.000Z"
                case "unnamed":
                    line.pop("event_id", None)
                case "content":
                    for name in ("event_id", "emitter_id", "seq"):
                        line.pop(name, None)
                case "unmarked":
                    line.pop("market", None)
                case "elsewhere":
                    line["market"] = f"market-{place}-other"
                case "updated":
                    line["version"] = f"sw-{place}-new"
                    if line["data"].get("software_version"):
                        line["data"]["software_version"] = f"sw-{place}-new"
                case "staged":
                    line["env"] = "staging"
                case "replayed_first":
                    copies.append(Arrival(0, json.dumps({**line, "env": "Dev"})))
                case "relayed":
                    line |= {"service": "robot-gateway", "version": f"gw-{place}-"}
                case _:
                    again = copy_of(line, fate.kind, event, mark, first_day)
                    copies.append(Arrival(fate.arrival, json.dumps(again)))
        yield broken(load, line)
        yield from copies


def markets(worlds: int) -> Iterator[tuple[str, ...]]:
    """Rows of the seed markets for so many worlds."""
    for place in range(worlds):
        if zone := ZONES[place % len(ZONES)]:
            time_zone, hours = zone
            yield (f"market-{place}-", f"Market {place}", time_zone, *[hours] * 7)


def line_number(fate: Fate, events: list[Event]) -> int | None:
    """Number of the line a fate is of; None where its world has no such line."""
    if isinstance(fate.line, int):
        return fate.line % len(events) if events else None
    return next((number for number, event in enumerate(events) if event.name == fate.line), None)


def emitter_of(event: Event, mark: str) -> str:
    """Who logs it: the gateway, the robot that it names, else the service of its stream."""
    if registry().by_name[event.name].owner == "gateway":
        return f"gateway{mark}/1"
    if "robot" in event.ids:
        return f"{id_of('robot', event.ids['robot'], mark)}/1"
    return f"{event.name.split('.')[0]}{mark}/1"


def sequence_numbers(events: Sequence[Event], mark: str) -> dict[int, int]:
    """`seq` of each event by its number: as they happened within an emitter."""
    numbers: dict[int, int] = {}
    counted: dict[str, int] = {}
    for number, event in sorted(enumerate(events), key=lambda one: one[1].minute):
        emitter = emitter_of(event, mark)
        counted[emitter] = numbers[number] = counted.get(emitter, 0) + event.skipped + 1
    return numbers


def line_of(
    event: Event, event_id: str, mark: str, first_day: datetime, seq: int
) -> dict[str, Any]:
    """The log line of an event: what the registry requires from its example, and what differs."""
    registered = registry().by_name[event.name]
    data = {
        name: registered.example[name]
        for name, registered_field in registered.fields.items()
        if registered_field.requirement == "required" or name in FOR_MARTS
    }
    at = first_day + timedelta(minutes=event.minute)
    ids = {f"{kind}_id": id_of(kind, number, mark) for kind, number in event.ids.items()}
    return {
        "event_id": event_id,
        "evt": {"name": event.name, "version": registered.version, "valid": True},
        "occurred_at": rfc3339(at),
        "received_at": rfc3339(at + timedelta(seconds=2)),
        "service": ROBOT_SERVICE if registered.owner == ROBOT_OWNER else registered.owner,
        "env": "prod",
        "version": "1.0.0",
        "emitter_id": emitter_of(event, mark),
        "seq": seq,
        **ids,
        "data": {**data, **event.data},
    }


def copy_of(
    line: dict[str, Any], kind: str, event: Event, mark: str, first_day: datetime
) -> dict[str, Any]:
    """Another line of the same event."""
    if kind == "nameless":
        return {name: value for name, value in line.items() if name != "event_id"}
    if kind == "resent":
        received_at = rfc3339(first_day + timedelta(minutes=event.minute + 60))
        return {**line, "received_at": received_at}
    if kind == "changed":
        ids = {
            kind: 1 - number if kind in ("robot", "delivery") else number
            for kind, number in event.ids.items()
        }
        other = Event(event.name, event.minute + 37, ids, line["data"])
        changed = line_of(other, f"changed{mark}", mark, first_day, line.get("seq", 0))
        # Two events of one emitter with one seq would take its order away.
        changed |= {"emitter_id": f"{changed['emitter_id']}/changed"}
        return {name: value for name, value in (changed | event_id_of(line)).items() if value}
    if kind == "replayed":
        return {**line, "env": "staging"}
    if kind == "broken":
        return {**line, "occurred_at": "yesterday"}
    return dict(line)


def event_id_of(line: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": line.get("event_id")}


def broken(load: int, line: dict[str, Any]) -> Arrival:
    """The line as it arrives, spoilt where its story says so."""
    match line["data"].pop("broken", None):
        case "unknown_event":
            line["evt"]["name"] = "robot.daydreamed"
        case "missing_required":
            del line["data"]["cause"]
        case "bad_type":
            line["data"]["cause"] = 7
        case "refused_at_source":
            line["evt"]["valid"] = False
        case "bad_timestamp":
            line["occurred_at"] = "yesterday"
        case "missing_event_id":
            line["event_id"] = 7
        case "malformed":
            return Arrival(load, json.dumps(line)[:-9], is_rejected=True)
    return Arrival(load, json.dumps(line))


def id_of(kind: str, number: int, mark: str) -> str:
    return f"{kind[0].upper()}{mark}{number}"


def rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
