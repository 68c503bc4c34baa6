"""Outcome, windows and legs of one delivery: docs/marts.md#when-a-delivery-ends, funnel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.python.oracle.log import (
    LONGEST_WINDOW,
    REGISTRY,
    TAIL,
    UNKNOWN_AFTER,
    Event,
    Log,
)
from tests.python.oracle.robots import Interval

MILESTONES = {
    step.name: next(e.name for e in REGISTRY.events if e.roles.funnel_step == step.name)
    for step in REGISTRY.funnel_steps
}
LEGS = (
    ("order_to_dispatch", "order_created", "dispatched"),
    ("dispatch_to_pickup", "dispatched", "pickup_completed"),
    ("pickup_to_dropoff", "pickup_completed", "dropoff_completed"),
    ("order_to_dropoff", "order_created", "dropoff_completed"),
)
# States in which a robot may still have goods that it is to bring back.
WITH_GOODS = ("assigned", "at_merchant", "in_transit", "at_customer", "returning")


@dataclass(frozen=True)
class Window:
    """The time [start, end) in which a robot's own events belong to a delivery."""

    start: int
    end: int
    reason: str
    is_inferred: bool
    robot: str
    id: str


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

    @cached_property
    def order_events(self) -> list[Event]:
        """Events that name an order of the delivery and no delivery."""
        found = [event for order in self.orders for event in self.log.by["order_id"][order]]
        return sorted(event for event in found if event["delivery_id"] is None)

    def named(self, *names: str) -> list[Event]:
        return [event for event in self.events if event.name in names]

    @cached_property
    def times(self) -> dict[str, int]:
        """The first event of each step."""
        found: dict[str, int] = {}
        for step, name in MILESTONES.items():
            events = self.order_events if step == "order_created" else self.events
            of_step = [event.at for event in events if event.name == name]
            if of_step:
                found[step] = of_step[0]
        return found

    def leg(self, start: str, end: str) -> int | None:
        """Milliseconds of a leg, negative where its end is stamped before its start."""
        if start in self.times and end in self.times:
            return self.times[end] - self.times[start]
        return None

    def wait(self, arrival: str, done: str) -> int | None:
        """Milliseconds from the last arrival before the first event that ends the wait."""
        if done not in self.times:
            return None
        until = self.times[done]
        arrived = [one.at for one in self.named(MILESTONES[arrival]) if one.at <= until]
        return until - arrived[-1] if arrived else None

    @cached_property
    def last_ending(self) -> Event | None:
        """Its last ending, unless another attempt followed or is to follow."""
        endings = [one for one in self.events if REGISTRY.by_name[one.name].roles.ends_delivery]
        if not endings or endings[-1]["disposition"] == "retry":
            return None
        later = [one for one in self.named("dispatch.assigned") if one > endings[-1]]
        return None if later else endings[-1]

    @cached_property
    def outcome(self) -> tuple[str, str | None, Event | None]:
        """What became of it, how that is known, and the event that tells."""
        handed_over = self.named("delivery.dropoff_completed")
        if handed_over:
            return "completed", "reported", handed_over[-1]
        told = self.told_by_order
        completed = [
            one for one in told if one.name == "order.completed" and one["fulfilled_by"] == "robot"
        ]
        if completed:
            return "completed", "inferred", completed[-1]
        if self.last_ending:
            ended = REGISTRY.by_name[self.last_ending.name].roles.ends_delivery
            return str(ended), "reported", self.last_ending
        cancelled = [one for one in told if one.name == "order.cancelled"]
        if cancelled:
            return "cancelled", "inferred", cancelled[-1]
        if self.log.end - self.events[-1].at > UNKNOWN_AFTER:
            return "unknown", "inferred", None
        return "open", None, None

    @cached_property
    def told_by_order(self) -> list[Event]:
        """What its orders' events tell: those that name it, or no delivery if it is the last."""
        found = [one for one in self.named("order.completed", "order.cancelled")]
        for order in self.orders:
            of_order = self.log.by["order_id"][order]
            carried = [one for one in of_order if one["delivery_id"]]
            if carried and last_delivery(self.log, order) == self.id:
                found += [one for one in of_order if one["delivery_id"] is None]
        return sorted(one for one in found if one.name in ("order.completed", "order.cancelled"))

    @cached_property
    def ended_at(self) -> int | None:
        """When it ended: a failed or cancelled one with its return."""
        outcome, _, event = self.outcome
        if outcome != "completed":
            back = self.named("delivery.return_completed")
            if back and event:
                return max(event.at, back[-1].at)
        return event.at if event else None

    @cached_property
    def robot(self) -> str | None:
        event = self.outcome[2]
        if event and event["robot_id"]:
            return str(event["robot_id"])
        given = assignments(self)
        return given[-1][2] if given else None


def last_delivery(log: Log, order: str) -> str:
    """The delivery of an order that began last."""
    begun = {
        one["delivery_id"]: log.by["delivery_id"][one["delivery_id"]][0]
        for one in log.by["order_id"][order]
        if one["delivery_id"]
    }
    return max(begun, key=lambda delivery: begun[delivery])


def assignments(delivery: Delivery) -> list[tuple[int, str, str, bool]]:
    """When, by which event and to which robot a delivery was given, and if that is inferred."""
    given = [
        (one.at, one.id, str(one["robot_id"]), False)
        for one in delivery.named("dispatch.assigned")
    ]
    known = {robot for _, _, robot, _ in given}
    for robot in {str(one["robot_id"]) for one in delivery.events if one["robot_id"]} - known:
        lines = [one for one in delivery.events if one["robot_id"] == robot]
        declined = {one["offer_id"] for one in lines if one.name == "dispatch.offer_declined"}
        own = [
            one
            for one in lines
            if one.name != "dispatch.offer_declined"
            and not (one.name == "dispatch.offer_sent" and one["offer_id"] in declined)
        ]
        offers = [one for one in own if one.name == "dispatch.offer_sent"]
        if [one for one in own if one.name != "dispatch.offer_sent"]:
            first = (offers or own)[0]
            given.append((first.at, first.id, robot, True))
    return sorted(given)


def windows(
    delivery: Delivery,
    next_job: Mapping[tuple[str, str], int],
    states: Mapping[str, Sequence[Interval]],
) -> Iterable[Window]:
    """The windows of a delivery; `next_job` is when the robot of an assignment got its next one."""
    given = assignments(delivery)
    for number, (start, event_id, robot, is_inferred) in enumerate(given):
        after = given[number + 1][0] if number + 1 < len(given) else None
        found = [(start + LONGEST_WINDOW, "max_session_hours", True)]
        taken = [
            one.at
            for one in delivery.named("dispatch.unassigned")
            if one["robot_id"] == robot and one.at >= start
        ]
        if taken:
            found.append((taken[0], "unassigned", False))
        if after is not None:
            found.append((after, "reassigned", False))
        job = next_job.get((delivery.id, event_id))
        ended, is_told, is_back = attempt_end(delivery, start, after)
        if ended is not None:
            tail = ended + TAIL
            if job is not None and job > ended:
                tail = min(tail, job)
            if is_back:
                found.append((tail, "ended", not is_told))
            else:
                home = [
                    one.start
                    for one in states.get(robot, ())
                    if one.start > ended and one.state in STATES_AT_HOME
                ]
                found += [(home[0], "returned", True)] if home else []
        else:
            last = delivery.events[-1].at
            if job is not None and job >= last:
                found.append((job, "next_assignment", True))
            if delivery.log.end - last > UNKNOWN_AFTER:
                found.append((last + UNKNOWN_AFTER, "silent", True))
        end, reason, guessed = min(found)
        if end > start:
            yield Window(start, end, reason, guessed or is_inferred, robot, event_id)


STATES_AT_HOME = ("available", "charging", "maintenance", "off_shift", "offline", "retired")


def attempt_end(
    delivery: Delivery, start: int, after: int | None
) -> tuple[int | None, bool, bool]:
    """When the attempt ended, if its own events tell that, and if the goods are delivered or back."""
    if after is not None:
        endings = [
            one.at
            for one in delivery.events
            if REGISTRY.by_name[one.name].roles.ends_delivery and start <= one.at < after
        ]
        return (endings[-1], True, True) if endings else (None, True, True)
    outcome, basis, event = delivery.outcome
    if delivery.ended_at is None or event is None:
        return None, False, False
    returned = bool(delivery.named("delivery.return_completed"))
    to_return = event["disposition"] == "return" or (
        outcome == "cancelled" and "pickup_completed" in delivery.times
    )
    return delivery.ended_at, basis == "reported", outcome == "completed" or returned or not to_return
