"""Outcome, windows and legs: docs/marts.md#when-a-delivery-ends-and-when-its-robot-had-it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.python.oracle.log import (
    CLOCK_AHEAD,
    CLOCK_THRESHOLD,
    LONGEST_WINDOW,
    REGISTRY,
    TAIL,
    UNKNOWN_AFTER,
    Event,
    Log,
)

OF_STEP = {e.roles.funnel_step: e.name for e in REGISTRY.events}
MILESTONES = {step.name: OF_STEP[step.name] for step in REGISTRY.funnel_steps}
LEGS = {
    "order_to_dispatch_seconds": ("order_created", "dispatched"),
    "dispatch_to_pickup_seconds": ("dispatched", "pickup_completed"),
    "pickup_to_dropoff_seconds": ("pickup_completed", "dropoff_completed"),
    "order_to_dropoff_seconds": ("order_created", "dropoff_completed"),
}
STOPPED = ("blocked", "fault", "non_contactable")
CARRYING = ("returning", "in_transit", "at_customer", *STOPPED)
GIVEN, TAKEN = "dispatch.assigned", "dispatch.unassigned"
RETURN = "delivery.return_completed"


@dataclass(frozen=True)
class Assignment:
    """A robot that was given a delivery; inferred from the first line that names both."""

    start: int
    event: Event
    robot: str
    is_inferred: bool


@dataclass(frozen=True)
class Window:
    """The time [start, end) in which a robot's own events belong to a delivery."""

    start: int
    end: int
    reason: str
    is_inferred: bool


def first(events: Sequence[Event]) -> Event:
    """The first event; of several in one millisecond the last."""
    return [event for event in events if event.at == events[0].at][-1]


def legs(times: Mapping[str, int | None]) -> dict[str, int | None]:
    """Milliseconds of each leg; negative where its end is stamped before its start."""
    ends = {name: (times.get(a), times.get(b)) for name, (a, b) in LEGS.items()}
    return {n: None if a is None or b is None else b - a for n, (a, b) in ends.items()}


def is_brought(event: Event) -> bool:
    return event.name == "order.completed" and event["fulfilled_by"] == "robot"


@dataclass(frozen=True)
class Delivery:
    """A delivery, from the events that name it and those of its orders."""

    id: str
    log: Log

    @cached_property
    def events(self) -> list[Event]:
        return self.log.by["delivery_id"][self.id]

    @cached_property
    def orders(self) -> list[str]:
        return sorted({event["order_id"] for event in self.events if event["order_id"]})

    def named(self, *names: str) -> list[Event]:
        return [event for event in self.events if event.name in names]

    def times(self, order: str | None = None) -> dict[str, int | None]:
        """The first event of each step; for one of several orders of lines that name it or none."""
        own = self.events
        if order and len(self.orders) > 1:
            own = [event for event in own if event["order_id"] in (None, order)]
        created = self.log.by["order_id"].get(order or next(iter(self.orders), ""), [])
        found = {}
        for step, name in MILESTONES.items():
            of_step = (
                e.at for e in (created if step == "order_created" else own) if e.name == name
            )
            found[step] = next(of_step, None)
        return found

    def wait(self, arrival: str, done: str) -> int | None:
        """Milliseconds from the last arrival before the first event that ends the wait."""
        until = self.times()[done]
        arrived = [e.at for e in self.named(MILESTONES[arrival]) if until and e.at <= until]
        return until - arrived[-1] if until and arrived else None

    @cached_property
    def last_attempt(self) -> list[Event]:
        """Its events since it was given to a robot last, or a robot first appeared in it."""
        own = [e for e in self.events if e.name.startswith("delivery.") and e["robot_id"]]
        began = {event["robot_id"]: event.at for event in reversed(own)}
        last = max([*began.values(), *(e.at for e in self.named(GIVEN))], default=0)
        return [event for event in self.events if event.at >= last]

    @cached_property
    def end(self) -> tuple[str, str | None, Event | None, int | None]:
        """What became of it, how that is known, the event that tells, and when it ended."""
        if handed := self.named(MILESTONES["dropoff_completed"]):
            return "completed", "reported", first(handed), handed[-1].at
        if brought := [event for event in self.events if is_brought(event)]:
            return "completed", "inferred", first(brought), brought[0].at
        back = [event for event in self.last_attempt if event.name == RETURN]
        back_at = back[-1].at if back else 0
        if endings := [event for event in self.last_attempt if event.ends_delivery]:
            event = endings[-1]
            return str(event.ends_delivery), "reported", event, max(event.at, back_at)
        if back:
            outcome = "cancelled" if back[-1]["reason"] == "cancelled" else "failed"
            return outcome, "inferred", back[-1], back_at
        if cancelled := [e for e in self.last_attempt if e.name == "order.cancelled"]:
            return "cancelled", "inferred", cancelled[-1], cancelled[-1].at
        if told := self.told_by_orders:
            return "completed" if is_brought(told) else "cancelled", "inferred", told, told.at
        if self.log.end - self.events[-1].at > UNKNOWN_AFTER:
            return "unknown", "inferred", None, None
        return "open", None, None, None

    @cached_property
    def told_by_orders(self) -> Event | None:
        """What its orders tell of their last delivery: one was brought, or all are cancelled."""
        told = []
        for order in self.orders:
            own = [e for e in self.log.by["order_id"][order] if e["delivery_id"] is None]
            own = [e for e in own if is_brought(e)] or [
                e for e in own if e.name == "order.cancelled"
            ]
            if own and last_delivery(self.log, order) == self.id:
                told.append(own[0])
        if brought := [event for event in told if is_brought(event)]:
            return min(brought, key=lambda event: event.at)
        all_of_them = told and len(told) == len(self.orders)
        return max(told, key=lambda event: event.at) if all_of_them else None

    @cached_property
    def is_returning(self) -> bool:
        """Whether goods are to be brought back, and no line says that they arrived."""
        outcome, _, event, _ = self.end
        if event is None or any(one.name == RETURN for one in self.last_attempt):
            return False
        loaded = self.times()["pickup_completed"] is not None
        goes_back = event["disposition"] == "return" or (outcome == "cancelled" and loaded)
        return outcome != "completed" and goes_back

    @property
    def is_discarded(self) -> bool:
        """Whether the goods come to nothing, with all that the robot has aboard."""
        loaded = self.times()["pickup_completed"] is not None
        return self.end[0] == "failed" and loaded and not self.is_returning

    @cached_property
    def assignments(self) -> list[Assignment]:
        given = [Assignment(one.at, one, one["robot_id"], False) for one in self.named(GIVEN)]
        robots = {one["robot_id"] for one in self.events if one["robot_id"]}
        for robot in robots - {one.robot for one in given}:
            lines = [one for one in self.events if one["robot_id"] == robot]
            streams = ("delivery", "robot", "pilot")
            own = [e for e in lines if e.name == TAKEN or e.name.split(".")[0] in streams]
            if own:
                offers = [e for e in lines if e.name == "dispatch.offer_sent" and e.at <= own[0].at]
                given.append(Assignment([*own[:1], *offers][-1].at, own[0], robot, True))
        return sorted(given, key=lambda one: (one.start, one.event))

    def taken_back(self, given: Assignment) -> int | None:
        """When the robot was taken off again: by the next word of dispatch on it."""
        words = [e for e in self.named(GIVEN, TAKEN) if e["robot_id"] == given.robot]
        if given.is_inferred:
            return words[0].at if words else None
        place = words.index(given.event)
        if [event.name for event in words[place + 1 : place + 2]] == [TAKEN]:
            return words[place + 1].at
        # Two clocks of dispatch that do not quite agree: nothing else could have been taken back.
        before = words[max(place - 2, 0) : place]
        names = [event.name for event in before]
        alone = names[-1:] == [TAKEN] and names != [GIVEN, TAKEN]
        return given.start if alone and before[-1].at >= given.start - CLOCK_AHEAD else None

    def attempt_end(self, given: Assignment, until: int | None) -> int | None:
        """When the attempt of an assignment ended, that another follows."""
        if until is None:
            return self.end[3]
        during = [event for event in self.events if given.start <= event.at < until]
        handed = [event for event in during if event.ends_delivery == "completed"]
        ended = handed or [e for e in during if e.ends_delivery or e.name == RETURN]
        return ended[-1].at if ended else None


def last_delivery(log: Log, order: str) -> str:
    """The delivery of an order that began last, by the lines that name the order or none."""
    names: set[str] = {e["delivery_id"] for e in log.by["order_id"][order] if e["delivery_id"]}
    begun = {
        name: min(e.at for e in log.by["delivery_id"][name] if e["order_id"] in (None, order))
        for name in names
    }
    return max(names, key=lambda name: (begun[name], name))


def windows(log: Log, deliveries: Iterable[Delivery]) -> dict[str, Window]:
    """The windows of all deliveries, by the event that tells of the assignment."""
    of_robot: dict[str, list[tuple[int, str, str, Assignment, Delivery]]] = {}
    for of in deliveries:
        for one in of.assignments:
            row = (begun(log, one), of.id, one.event.id, one, of)
            of_robot.setdefault(one.robot, []).append(row)
    found = {}
    for given in of_robot.values():
        given.sort(key=lambda row: row[:3])
        for place, (start, _, name, one, of) in enumerate(given):
            job = given[place + 1][0] if place + 1 < len(given) else None
            aboard = [
                (began, other.end[3] or 0)
                for began, _, _, its, other in given
                if other.id != of.id and other.is_discarded and its == other.assignments[-1]
            ]
            found[name] = window(log, one, of, start, job, aboard)
    return found


def begun(log: Log, given: Assignment) -> int:
    """The assignment, or the robot's own change to assigned where its clock is shortly before."""
    changes = state_changes(log, given.robot, given.start - CLOCK_THRESHOLD, given.start)
    return next((one.at for one in changes if one["to_state"] == "assigned"), given.start)


def window(
    log: Log,
    given: Assignment,
    delivery: Delivery,
    start: int,
    job: int | None,
    aboard: Sequence[tuple[int, int]],
) -> Window:
    """From the assignment to the first of what can end it; `job` is the robot's next assignment."""
    cap, last = start + LONGEST_WINDOW, delivery.events[-1].at
    place = delivery.assignments.index(given)
    until = next((one.start for one in delivery.assignments[place + 1 :]), None)
    ended = delivery.attempt_end(given, until)
    found = [(cap, 9, "max_session_hours", True)]
    if (taken := delivery.taken_back(given)) is not None:
        found.append((taken, 1, "unassigned", False))
    if until is not None:
        later = [one for one in delivery.assignments if one.start > given.start]
        again = [begun(log, one) for one in later if one.robot == given.robot]
        found.append((min([until, *again[:1]]), 2, "reassigned", False))
    if ended is None:
        found.append((last + UNKNOWN_AFTER, 6, "silent", True))
        if job is not None and job > last and last + UNKNOWN_AFTER < log.end:
            found.append((job, 5, "next_assignment", True))
    elif until is None and drives_back(log, given, delivery, start, cap):
        changes = state_changes(log, given.robot, ended + 1, cap)
        back = [one.at for one in changes if one["to_state"] not in CARRYING]
        gone = [at for began, at in aboard if began <= ended < at < cap]
        found += [(at, 4, "returned", True) for at in back[:1]]
        found += [(at, 3, "discarded", True) for at in gone]
        if job is not None and job > ended:
            found.append((job, 5, "next_assignment", True))
    else:
        tail = ended + TAIL if job is None else max(ended, min(ended + TAIL, job))
        found.append((tail, 4, "ended", until is None and delivery.end[1] == "inferred"))
    end, _, reason, is_guessed = min(found)
    return Window(start, max(end, start), reason, is_guessed or given.is_inferred)


def state_changes(log: Log, robot: str, start: int, end: int) -> list[Event]:
    own = log.by["robot_id"][robot]
    return [e for e in own if e.name == "robot.state_changed" and start <= e.at < end]


def drives_back(log: Log, given: Assignment, delivery: Delivery, start: int, cap: int) -> bool:
    """Whether the robot has goods to bring back; of a cancelled one not if it stood still."""
    ended = delivery.end[3] or 0
    before = state_changes(log, given.robot, start, ended + 1)
    after = state_changes(log, given.robot, ended + 1, cap)
    stood = [event.at for event in before if event["to_state"] in STOPPED]
    drove = [event.at for event in before if event["to_state"] not in STOPPED]
    drives = bool(drove) and max(stood, default=0) <= drove[-1]
    back = next((event.at for event in after if event["to_state"] not in CARRYING), cap)
    turns = any(event["to_state"] == "returning" and event.at < back for event in after)
    return delivery.is_returning and (delivery.end[0] != "cancelled" or drives or turns)
