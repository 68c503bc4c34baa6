"""One delivery: outcome, windows and legs; then how far one order came.

docs/marts.md#when-a-delivery-ends-and-when-its-robot-had-it
docs/definitions.md#funnel-on-time-and-success
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.python.oracle.log import NEVER, REGISTRY, Event, Log, named, setting
from tests.python.oracle.robots import CLOCK_THRESHOLD

CLOCK_AHEAD = setting("clock_ahead_tolerance_seconds")
LONGEST_WINDOW = setting("max_session_hours")
TAIL = setting("session_tail_minutes")
UNKNOWN_AFTER = setting("unknown_after_hours")
OF_STEP = {event.roles.funnel_step: event.name for event in REGISTRY.events}
MILESTONES = {step.name: OF_STEP[step.name] for step in REGISTRY.funnel_steps}
LEGS = {
    "order_to_dispatch_seconds": ("order_created", "dispatched"),
    "dispatch_to_pickup_seconds": ("dispatched", "pickup_completed"),
    "pickup_to_dropoff_seconds": ("pickup_completed", "dropoff_completed"),
    "order_to_dropoff_seconds": ("order_created", "dropoff_completed"),
}
STOPPED = ("blocked", "fault", "non_contactable")
CARRYING = ("returning", "in_transit", "at_customer", *STOPPED)
GIVEN, TAKEN, RETURN = "dispatch.assigned", "dispatch.unassigned", "delivery.return_completed"
# What ends a window; of several at one time the first of REASONS.
GUESSED = ("discarded", "returned", "next_assignment", "silent", "max_session_hours")
REASONS = ("unassigned", "reassigned", "ended", *GUESSED)


def legs(times: Mapping[str, int | None]) -> dict[str, int | None]:
    """Milliseconds of each leg; negative where its end is stamped before its start."""
    ends = {name: (times.get(a), times.get(b)) for name, (a, b) in LEGS.items()}
    return {n: None if a is None or b is None else b - a for n, (a, b) in ends.items()}


def first(events: Sequence[Event]) -> Event:
    """The first event; of several in one millisecond the last."""
    return [event for event in events if event.at == events[0].at][-1]


def brought(events: Iterable[Event]) -> list[Event]:
    """Events that say of an order that a robot brought it."""
    return [one for one in named(events, "order.completed") if one["fulfilled_by"] == "robot"]


class Delivery:
    """A delivery, from the events that name it and those of its orders."""

    def __init__(self, name: str, log: Log) -> None:
        self.id, self.log, self.events = name, log, log.by["delivery_id"][name]
        self.orders = sorted({event["order_id"] for event in self.events if event["order_id"]})

    def of(self, order: str | None) -> list[Event]:
        """Its events that name the order or none, where it has several."""
        alone = order is None or len(self.orders) < 2
        return [event for event in self.events if alone or event["order_id"] in (None, order)]

    def times(self, order: str | None = None) -> dict[str, int | None]:
        """When it first reached each step, with the order or all that it has."""
        of_order = self.log.by["order_id"].get(order or next(iter(self.orders), ""), [])
        created = named(of_order, "order.created")
        first = {event.name: event.at for event in reversed([*created, *self.of(order)])}
        return {step: first.get(name) for step, name in MILESTONES.items()}

    def wait(self, arrival: str, done: str) -> int | None:
        """Milliseconds from the last arrival before the first event that ends the wait."""
        until = self.times()[done]
        came = [e.at for e in named(self.events, MILESTONES[arrival]) if until and e.at <= until]
        return until - came[-1] if until and came else None

    @cached_property
    def last_attempt(self) -> list[Event]:
        """Its events since it was given to a robot last, or a robot first appeared in it."""
        own = [e for e in self.events if e.name.startswith("delivery.") and e["robot_id"]]
        began = {event["robot_id"]: event.at for event in reversed(own)}
        last = max([*began.values(), *(e.at for e in named(self.events, GIVEN))], default=0)
        return [event for event in self.events if event.at >= last]

    @cached_property
    def end(self) -> tuple[str, str | None, Event | None, int | None]:
        """What became of it, how that is known, the event that tells, and when it ended."""
        if handed := named(self.events, MILESTONES["dropoff_completed"]):
            return "completed", "reported", first(handed), handed[-1].at
        if done := brought(self.events):
            return "completed", "inferred", first(done), done[0].at
        back = named(self.last_attempt, RETURN)
        if endings := [event for event in self.last_attempt if event.ends_delivery]:
            event = endings[-1]
            return str(event.ends_delivery), "reported", event, max(e.at for e in [event, *back])
        if back:
            outcome = "cancelled" if back[-1]["reason"] == "cancelled" else "failed"
            return outcome, "inferred", back[-1], back[-1].at
        if told := named(self.last_attempt, "order.cancelled") or self.told_by_orders:
            outcome = "completed" if brought(told) else "cancelled"
            return outcome, "inferred", told[-1], told[-1].at
        if self.log.end - self.events[-1].at > UNKNOWN_AFTER:
            return "unknown", "inferred", None, None
        return "open", None, None, None

    @cached_property
    def told_by_orders(self) -> list[Event]:
        """What its orders tell of their last delivery: one was brought, or all are cancelled."""
        told = []
        for order in self.orders:
            own = [e for e in self.log.by["order_id"][order] if e["delivery_id"] is None]
            if last_delivery(self.log, order) == self.id:
                told += (brought(own) or named(own, "order.cancelled"))[:1]
        all_of_them = sorted(told)[-1:] if len(told) == len(self.orders) else []
        return sorted(brought(told))[:1] or all_of_them

    @cached_property
    def goods(self) -> str | None:
        """`returning` until a line says that they arrived; `discarded` with all that is aboard."""
        outcome, _, event, _ = self.end
        if event is None or outcome == "completed":
            return None
        is_loaded = self.times()["pickup_completed"] is not None
        goes_back = event["disposition"] == "return" or (outcome == "cancelled" and is_loaded)
        if goes_back and not named(self.last_attempt, RETURN):
            return "returning"
        return "discarded" if outcome == "failed" and is_loaded else None

    @cached_property
    def assignments(self) -> list[Assignment]:
        given = named(self.events, GIVEN)
        found = [Assignment(self, one.at, one, one["robot_id"], False) for one in given]
        for robot in {one["robot_id"] for one in self.events if one["robot_id"]}:
            lines = [one for one in self.events if one["robot_id"] == robot]
            streams = ("delivery", "robot", "pilot")
            own = [e for e in lines if e.name == TAKEN or e.name.split(".")[0] in streams]
            if own and not named(lines, GIVEN):
                offers = [e for e in named(lines, "dispatch.offer_sent") if e.at <= own[0].at]
                start = [*own[:1], *offers][-1].at
                found.append(Assignment(self, start, own[0], robot, True))
        return sorted(found, key=lambda one: (one.start, one.event))


def last_delivery(log: Log, order: str) -> str:
    """The delivery of an order that began last, by its events that name the order or none."""
    names: set[str] = {e["delivery_id"] for e in log.by["order_id"][order] if e["delivery_id"]}
    return max(names, key=lambda name: (Delivery(name, log).of(order)[0].at, name))


@dataclass(frozen=True)
class Assignment:
    """A delivery that a robot was given; inferred from the first line that names both."""

    delivery: Delivery
    start: int
    event: Event
    robot: str
    is_inferred: bool

    def states(self, start: int, end: int) -> list[Event]:
        """The changes of state that the robot tells in a time."""
        own = self.delivery.log.by["robot_id"][self.robot]
        return [e for e in named(own, "robot.state_changed") if start <= e.at < end]

    @cached_property
    def begun(self) -> int:
        """The start, or the robot's own change to assigned where its clock is shortly before."""
        changes = self.states(self.start - CLOCK_THRESHOLD, self.start)
        return next((one.at for one in changes if one["to_state"] == "assigned"), self.start)

    @cached_property
    def later(self) -> list[Assignment]:
        """The assignments of the delivery that follow it."""
        return self.delivery.assignments[self.delivery.assignments.index(self) + 1 :]

    @property
    def taken_back(self) -> int:
        """When the robot was taken off again: by the next word of dispatch on it."""
        words = named(self.delivery.events, GIVEN, TAKEN)
        words = [event for event in words if event["robot_id"] == self.robot]
        if self.is_inferred:
            return words[0].at if words else NEVER
        place = words.index(self.event)
        if following := named(words[place + 1 : place + 2], TAKEN):
            return following[0].at
        # Two clocks of dispatch that do not quite agree: nothing else could have been taken back.
        before = words[max(place - 2, 0) : place]
        alone = [event.name for event in before] in ([TAKEN], [TAKEN, TAKEN])
        return self.start if alone and before[-1].at >= self.start - CLOCK_AHEAD else NEVER

    @property
    def ended(self) -> int | None:
        """When the delivery ended, or this attempt where another follows."""
        if not self.later:
            return self.delivery.end[3]
        during = [e for e in self.delivery.events if self.start <= e.at < self.later[0].start]
        handed = [event for event in during if event.ends_delivery == "completed"]
        ended = handed or [e for e in during if e.ends_delivery or e.name == RETURN]
        return ended[-1].at if ended else None

    def way_back(self, ended: int, cap: int) -> int | None:
        """When a robot that brings goods back has none any more; NEVER where it does not say so.

        None where it brings none. Of a cancelled delivery it does if it drove on, or turned back.
        """
        before, after = self.states(self.begun, ended + 1), self.states(ended + 1, cap)
        stood = [event.at for event in before if event["to_state"] in STOPPED]
        drove = [event.at for event in before if event["to_state"] not in STOPPED]
        drives = max(drove, default=-1) >= max(stood, default=0)
        back = next((event.at for event in after if event["to_state"] not in CARRYING), NEVER)
        turns = any(event["to_state"] == "returning" and event.at < back for event in after)
        brings = drives or turns or self.delivery.end[0] != "cancelled"
        return back if brings and self.delivery.goods == "returning" else None

    def window(self, jobs: Sequence[Assignment]) -> tuple[int, int, str, bool]:
        """Start, end, what ends it first and whether that is inferred; of the robot's jobs."""
        cap, last, ended = self.begun + LONGEST_WINDOW, self.delivery.events[-1].at, self.ended
        job = next((one.begun for one in jobs[jobs.index(self) + 1 :]), NEVER)
        found = [(cap, "max_session_hours"), (self.taken_back, "unassigned")]
        if self.later:
            again = [e.begun for e in self.later if e.robot == self.robot and e.start > self.start]
            found.append((min([self.later[0].start, *again[:1]]), "reassigned"))
        if ended is None:
            silent = last + UNKNOWN_AFTER
            found.append((silent, "silent"))
            if job > last and silent < self.delivery.log.end:
                found.append((job, "next_assignment"))
        elif not self.later and (back := self.way_back(ended, cap)) is not None:
            found.append((back, "returned"))
            for other in jobs:
                gone = other.delivery.end[3] or 0
                is_discarded = other.delivery.goods == "discarded" and not other.later
                if is_discarded and other.begun <= ended < gone < cap:
                    found.append((gone, "discarded"))
            if job > ended:
                found.append((job, "next_assignment"))
        else:
            found.append((max(ended, min(ended + TAIL, job)), "ended"))
        end, reason = min(found, key=lambda one: (one[0], REASONS.index(one[1])))
        end_is_told = self.later or self.delivery.end[1] == "reported"
        guesses = GUESSED if end_is_told else ("ended", *GUESSED)
        return self.begun, max(end, self.begun), reason, self.is_inferred or reason in guesses


def windows(deliveries: Iterable[Delivery]) -> dict[str, tuple[int, int, str, bool]]:
    """The windows of all deliveries, by the event that tells of the assignment."""
    given = [one for delivery in deliveries for one in delivery.assignments]
    given.sort(key=lambda one: (one.begun, one.delivery.id, one.event.id))
    jobs = {one.robot: [job for job in given if job.robot == one.robot] for one in given}
    return {one.event.id: one.window(jobs[one.robot]) for one in given}


@dataclass(frozen=True)
class Order:
    """An order that entered the funnel, or a delivery that no line names with an order."""

    key: str
    log: Log
    deliveries: Sequence[Delivery]

    def handed_over(self, delivery: Delivery) -> int | None:
        """When a delivery brought it; what completed one completed the order that it had alone."""
        outcome, _, event, _ = delivery.end
        is_alone = outcome == "completed" and len(delivery.orders) < 2
        told = event.at if event and is_alone else None
        return delivery.times(self.key)["dropoff_completed"] or told

    @cached_property
    def chosen(self) -> Delivery | None:
        """The delivery that brought the order, else its last."""
        brought = [(at, one) for one in self.deliveries if (at := self.handed_over(one))]
        if brought:
            return min(brought, key=lambda one: one[0])[1]
        return max(self.deliveries, key=lambda one: (one.events[0].at, one.id), default=None)

    @property
    def legs(self) -> dict[str, int | None]:
        return legs(self.chosen.times(self.key) if self.chosen else {})

    def told(self, name: str, column: str) -> list[object]:
        events = self.log.by["order_id"].get(self.key, [])
        return [event[column] for event in named(events, name)]

    def reached(self, step: str) -> bool:
        """Whether it reached the step, or a later one, with any of its deliveries."""
        by_robot = self.told("order.completed", "fulfilled_by")[:1] == ["robot"]
        if by_robot or any(self.handed_over(one) for one in self.deliveries):
            return True
        steps = list(MILESTONES)
        later = steps[steps.index(step) :]
        return any(one.times(self.key)[name] for one in self.deliveries for name in later)

    @property
    def lost_step(self) -> str | None:
        """The first step that it did not reach; `eligible` where no robot may, or did, take it."""
        refused = self.told("order.eligibility_decided", "eligible")[-1:] == [False]
        if refused and not self.reached("dispatched"):
            return "eligible"
        steps = ("dispatched", "pickup_completed", "dropoff_completed")
        return next((step for step in steps if not self.reached(step)), None)


def orders(log: Log, deliveries: Sequence[Delivery]) -> dict[str, Order]:
    """Orders that were created or that a delivery carried, and deliveries without one."""
    carried: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        for key in delivery.orders or [delivery.id]:
            carried.setdefault(key, []).append(delivery)
    for event in named(log.events, "order.created"):
        carried.setdefault(event["order_id"], [])
    return {key: Order(key, log, of_order) for key, of_order in carried.items()}
