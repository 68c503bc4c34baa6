"""Outcome, windows and legs: docs/marts.md#when-a-delivery-ends, definitions.md#funnel."""

from collections.abc import Mapping, Sequence
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

MILESTONES = {
    step.name: next(e.name for e in REGISTRY.events if e.roles.funnel_step == step.name)
    for step in REGISTRY.funnel_steps
}
LEGS = {
    "order_to_dispatch_seconds": ("order_created", "dispatched"),
    "dispatch_to_pickup_seconds": ("dispatched", "pickup_completed"),
    "pickup_to_dropoff_seconds": ("pickup_completed", "dropoff_completed"),
    "order_to_dropoff_seconds": ("order_created", "dropoff_completed"),
}
STOPPED = ("blocked", "fault", "non_contactable")
CARRYING = ("returning", "in_transit", "at_customer", *STOPPED)
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


def ending_of(event: Event) -> str | None:
    return REGISTRY.by_name[event.name].roles.ends_delivery


def first(events: Sequence[Event]) -> Event:
    """The first event; of several in one millisecond the last."""
    return [event for event in events if event.at == events[0].at][-1]


def legs(times: Mapping[str, int | None]) -> dict[str, int | None]:
    """Milliseconds of each leg; negative where its end is stamped before its start."""
    ends = {name: (times.get(a), times.get(b)) for name, (a, b) in LEGS.items()}
    return {n: None if a is None or b is None else b - a for n, (a, b) in ends.items()}


def told_by_order(log: Log, order: str) -> Event | None:
    """What the order's events tell that name no delivery: brought by a robot, else cancelled."""
    own = [one for one in log.by["order_id"][order] if one["delivery_id"] is None]
    brought = [e for e in own if e.name == "order.completed" and e["fulfilled_by"] == "robot"]
    return next(iter([*brought, *(e for e in own if e.name == "order.cancelled")]), None)


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
        found: dict[str, int | None] = {}
        for step, name in MILESTONES.items():
            own = self.named(name)
            if step == "order_created":
                first = (order or self.orders[0]) if self.orders else None
                own = [e for e in self.log.by["order_id"].get(first or "", []) if e.name == name]
            elif order and len(self.orders) > 1:
                own = [event for event in own if event["order_id"] in (None, order)]
            found[step] = own[0].at if own else None
        return found

    def wait(self, arrival: str, done: str) -> int | None:
        """Milliseconds from the last arrival before the first event that ends the wait."""
        until = self.times()[done]
        arrived = [e.at for e in self.named(MILESTONES[arrival]) if until and e.at <= until]
        return until - arrived[-1] if until and arrived else None

    @cached_property
    def last_attempt(self) -> int:
        """When it was given to a robot last, or a robot first appeared in it."""
        firsts: dict[str, int] = {}
        for event in self.events:
            if event.name.startswith("delivery.") and event["robot_id"]:
                firsts.setdefault(event["robot_id"], event.at)
        return max([*firsts.values(), *(e.at for e in self.named("dispatch.assigned"))], default=0)

    @cached_property
    def end(self) -> tuple[str, str | None, Event | None, int | None]:
        """What became of it, how that is known, the event that tells, and when it ended."""
        handed = self.named(MILESTONES["dropoff_completed"])
        if handed:
            return "completed", "reported", first(handed), handed[-1].at
        brought = [e for e in self.named("order.completed") if e["fulfilled_by"] == "robot"]
        if brought:
            return "completed", "inferred", first(brought), brought[0].at
        last = [event for event in self.events if event.at >= self.last_attempt]
        back = [event for event in last if event.name == RETURN]
        back_at = back[-1].at if back else 0
        endings = [e for e in last if ending_of(e) and e["disposition"] != "retry"]
        if endings:
            event = endings[-1]
            return str(ending_of(event)), "reported", event, max(event.at, back_at)
        if back:
            outcome = "cancelled" if back[-1]["reason"] == "cancelled" else "failed"
            return outcome, "inferred", back[-1], back_at
        cancelled = [event for event in last if event.name == "order.cancelled"]
        if cancelled:
            return "cancelled", "inferred", cancelled[-1], max(cancelled[-1].at, back_at)
        if told := self.told:
            outcome = "completed" if told.name == "order.completed" else "cancelled"
            return outcome, "inferred", told, told.at
        if self.log.end - self.events[-1].at > UNKNOWN_AFTER:
            return "unknown", "inferred", None, None
        return "open", None, None, None

    @cached_property
    def told(self) -> Event | None:
        """What its orders tell of their last delivery: one was brought, or all are cancelled."""
        own = [order for order in self.orders if last_delivery(self.log, order) == self.id]
        told = [event for order in own if (event := told_by_order(self.log, order))]
        brought = [event for event in told if event.name == "order.completed"]
        if brought:
            return brought[0] if len(brought) == 1 else min(brought, key=lambda e: e.at)
        all_of_them = len(told) == len(self.orders)
        return max(told, key=lambda event: event.at) if told and all_of_them else None

    @cached_property
    def is_returning(self) -> bool:
        """Whether goods are to be brought back, and no line says that they arrived."""
        outcome, _, event, _ = self.end
        last = [one for one in self.named(RETURN) if one.at >= self.last_attempt]
        if event is None or last or outcome == "completed":
            return False
        loaded = self.times()["pickup_completed"] is not None
        return event["disposition"] == "return" or (outcome == "cancelled" and loaded)

    @cached_property
    def assignments(self) -> list[Assignment]:
        given = [
            Assignment(one.at, one, one["robot_id"], False)
            for one in self.named("dispatch.assigned")
        ]
        known = {one.robot for one in given}
        for robot in {one["robot_id"] for one in self.events if one["robot_id"]} - known:
            lines = [one for one in self.events if one["robot_id"] == robot]
            own = [one for one in lines if tells_who_has_it(one)]
            if own:
                offers = [
                    e.at for e in lines if e.name == "dispatch.offer_sent" and e.at <= own[0].at
                ]
                given.append(Assignment((offers or [own[0].at])[-1], own[0], robot, True))
        return sorted(given, key=lambda one: (one.start, one.event))

    def taken_back(self, given: Assignment) -> int | None:
        """When the robot was taken off again: by the next word of dispatch on it."""
        of_robot = [e for e in self.events if e["robot_id"] == given.robot]
        words = [e for e in of_robot if e.name in ("dispatch.assigned", "dispatch.unassigned")]
        if given.is_inferred:
            return next((e.at for e in words if e.name == "dispatch.unassigned"), None)
        place = words.index(given.event)
        names = [one.name for one in words]
        if names[place + 1 : place + 2] == ["dispatch.unassigned"]:
            return words[place + 1].at
        # Two clocks of dispatch that do not quite agree: nothing else could have been taken back.
        before = names[max(place - 2, 0) : place][::-1]
        nothing_else = before[:1] == ["dispatch.unassigned"] and before[1:] != ["dispatch.assigned"]
        if nothing_else and words[place - 1].at >= given.start - CLOCK_AHEAD:
            return given.start
        return None

    def attempt_end(self, given: Assignment) -> tuple[int | None, bool]:
        """When the attempt of an assignment ended, and whether it is the last one."""
        later = self.assignments[self.assignments.index(given) + 1 :]
        if not later:
            return self.end[3], True
        until = later[0].start
        during = [one for one in self.events if given.start <= one.at < until]
        ended = [e for e in during if e.name == RETURN or ending_of(e)]
        ended = [e for e in ended if e["disposition"] != "retry"]
        handed = [e for e in ended if ending_of(e) == "completed"]
        return (handed or ended)[-1].at if ended else None, False


def tells_who_has_it(event: Event) -> bool:
    stream = event.name.split(".")[0]
    return stream in ("delivery", "robot", "pilot") or event.name == "dispatch.unassigned"


def last_delivery(log: Log, order: str) -> str:
    """The delivery of an order that began last, by the lines that name the order or none."""
    begun: dict[str, int] = {}
    for delivery in {e["delivery_id"] for e in log.by["order_id"][order] if e["delivery_id"]}:
        own = log.by["delivery_id"][delivery]
        begun[delivery] = min(e.at for e in own if e["order_id"] in (None, order))
    return max(begun, key=lambda delivery: (begun[delivery], delivery))


def windows(log: Log, deliveries: Sequence[Delivery]) -> dict[str, Window]:
    """The windows of all deliveries, by the event that tells of the assignment."""
    given = [(one, delivery) for delivery in deliveries for one in delivery.assignments]
    starts = {one.event.id: begun(log, one) for one, _ in given}
    given.sort(key=lambda pair: (starts[pair[0].event.id], pair[1].id, pair[0].event.id))
    found = {}
    for place, (one, delivery) in enumerate(given):
        others = [(other, of) for other, of in given if other.robot == one.robot]
        place = others.index((one, delivery))
        job = starts[others[place + 1][0].event.id] if place + 1 < len(others) else None
        found[one.event.id] = window(log, one, delivery, starts, job, others)
    return found


def begun(log: Log, given: Assignment) -> int:
    """The assignment, or the robot's own change to assigned where its clock is shortly before."""
    answers = [
        one.at
        for one in log.by["robot_id"][given.robot]
        if one.name == "robot.state_changed"
        and one["to_state"] == "assigned"
        and one.at < given.start <= one.at + CLOCK_THRESHOLD
    ]
    return min(answers, default=given.start)


def window(
    log: Log,
    given: Assignment,
    delivery: Delivery,
    starts: Mapping[str, int],
    job: int | None,
    others: Sequence[tuple[Assignment, Delivery]],
) -> Window:
    """From the assignment to the first of what can end it."""
    start = starts[given.event.id]
    cap = start + LONGEST_WINDOW
    ended, is_last = delivery.attempt_end(given)
    found = [(cap, 9, "max_session_hours", True)]
    if (taken := delivery.taken_back(given)) is not None:
        found.append((taken, 1, "unassigned", False))
    if not is_last:
        place = delivery.assignments.index(given)
        found.append((delivery.assignments[place + 1].start, 2, "reassigned", False))
    if ended is None:
        silent = delivery.events[-1].at + UNKNOWN_AFTER
        found.append((silent, 6, "silent", True))
        if job is not None and job > delivery.events[-1].at and silent < log.end:
            found.append((job, 5, "next_assignment", True))
    elif is_last and delivery.is_returning and drives_back(log, given, delivery, start, cap):
        changes = state_changes(log, given.robot, start, cap)
        back = [e.at for e in changes if e.at > ended and e["to_state"] not in CARRYING]
        gone = [
            of.end[3] or 0
            for other, of in others
            if of.id != delivery.id
            and starts[other.event.id] <= ended < (of.end[3] or 0) < cap
            and discards(other, of)
        ]
        found += [(back[0], 4, "returned", True)] if back else []
        found += [(min(gone), 3, "discarded", True)] if gone else []
        if job is not None and job > ended:
            found.append((job, 5, "next_assignment", True))
    else:
        tail = ended + TAIL if job is None else max(ended, min(ended + TAIL, job))
        found.append((tail, 4, "ended", is_last and delivery.end[1] == "inferred"))
    end, _, reason, guessed = min(found)
    return Window(start, max(end, start), reason, guessed or given.is_inferred)


def state_changes(log: Log, robot: str, start: int, end: int) -> list[Event]:
    own = log.by["robot_id"][robot]
    return [e for e in own if e.name == "robot.state_changed" and start <= e.at < end]


def drives_back(log: Log, given: Assignment, delivery: Delivery, start: int, cap: int) -> bool:
    """Whether the robot has the goods; of a cancelled one not if it stood and did not turn."""
    ended = delivery.end[3] or 0
    changes = state_changes(log, given.robot, start, cap)
    stood = [e.at for e in changes if e.at <= ended and e["to_state"] in STOPPED]
    drove = [e.at for e in changes if e.at <= ended and e["to_state"] not in STOPPED]
    back = [e.at for e in changes if e.at > ended and e["to_state"] not in CARRYING]
    turned = [e.at for e in changes if e.at > ended and e["to_state"] == "returning"]
    drives = bool(drove) and (not stood or stood[-1] <= drove[-1])
    return (
        delivery.end[0] != "cancelled"
        or drives
        or (bool(turned) and turned[0] < (back[0] if back else cap))
    )


def discards(given: Assignment, delivery: Delivery) -> bool:
    """Whether the robot came to an end with all that it had aboard, and brings nothing back."""
    loaded = delivery.times()["pickup_completed"] is not None
    is_last = delivery.assignments[-1] == given
    return is_last and delivery.end[0] == "failed" and loaded and not delivery.is_returning
