"""How far one order came: docs/definitions.md#funnel-on-time-and-success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.python.oracle.deliveries import Delivery, legs
from tests.python.oracle.log import Log


@dataclass(frozen=True)
class Attempt:
    """What one delivery did for an order."""

    delivery: Delivery
    times: Mapping[str, int | None]
    completed: int | None

    @property
    def handed_over(self) -> int | None:
        return self.times["dropoff_completed"] or self.completed

    def reached(self, step: str) -> bool:
        steps = list(self.times)
        later = (self.times[one] for one in steps[steps.index(step) :])
        return self.completed is not None or any(at is not None for at in later)


@dataclass(frozen=True)
class Order:
    """An order that entered the funnel, or a delivery that no line names with an order."""

    key: str
    log: Log
    deliveries: Sequence[Delivery]

    @cached_property
    def attempts(self) -> list[Attempt]:
        found = []
        for one in self.deliveries:
            is_alone = len(one.orders) < 2
            completed = one.end[2] if is_alone and one.end[0] == "completed" else None
            times = one.times(self.key if one.orders else None)
            found.append(Attempt(one, times, completed.at if completed else None))
        return found

    @cached_property
    def chosen(self) -> Attempt | None:
        """The delivery that brought the order, else its last."""
        brought = [one for one in self.attempts if one.handed_over is not None]
        if brought:
            return min(brought, key=lambda one: one.handed_over or 0)
        begun = [(one.delivery.events[0].at, one.delivery.id, one) for one in self.attempts]
        return max(begun, key=lambda one: one[:2])[2] if begun else None

    def told(self, name: str, column: str, last: bool = False) -> object:
        own = [one for one in self.log.by["order_id"].get(self.key, []) if one.name == name]
        return own[-1 if last else 0][column] if own else None

    def reached(self, step: str) -> bool:
        by_robot = self.told("order.completed", "fulfilled_by") == "robot"
        return by_robot or any(one.reached(step) for one in self.attempts)

    @cached_property
    def lost_step(self) -> str | None:
        """The first step that it did not reach; `eligible` where no robot may, or did, take it."""
        refused = self.told("order.eligibility_decided", "eligible", last=True) is False
        if refused and not self.reached("dispatched"):
            return "eligible"
        steps = ("dispatched", "pickup_completed", "dropoff_completed")
        return next((step for step in steps if not self.reached(step)), None)

    @property
    def legs(self) -> dict[str, int | None]:
        created = [
            e.at for e in self.log.by["order_id"].get(self.key, []) if e.name == "order.created"
        ]
        times = {
            **(self.chosen.times if self.chosen else {}),
            "order_created": next(iter(created), None),
        }
        return legs(times)


def orders(log: Log, deliveries: Sequence[Delivery]) -> dict[str, Order]:
    """Orders that were created or that a delivery carried, and deliveries without one."""
    carried: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        for key in delivery.orders or [delivery.id]:
            carried.setdefault(key, []).append(delivery)
    for event in log.events:
        if event.name == "order.created":
            carried.setdefault(event["order_id"], [])
    return {key: Order(key, log, of_order) for key, of_order in carried.items()}
