"""Orders and deliveries as the parts of the simulation hand them around."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import simpy

from fleet.simulator.world import Place

if TYPE_CHECKING:
    from fleet.simulator.merchants import Merchant
    from fleet.simulator.robots import Robot

# What makes a delivery fail, drawn when the delivery is made.
InjectedCause = Literal[
    "none",
    "customer_absent",
    "no_access",
    "merchant_not_ready",
    "robot_error",
    "safety_event",
    "robot_stuck",
    "lid_fault",
]
INJECTED_CAUSES: dict[InjectedCause, float] = {
    "none": 0.954,
    "customer_absent": 0.013,
    "no_access": 0.004,
    "merchant_not_ready": 0.007,
    "robot_error": 0.006,
    "safety_event": 0.005,
    "robot_stuck": 0.006,
    "lid_fault": 0.005,
}

Who = Literal["customer", "merchant", "system"]
Why = Literal[
    "customer_request",
    "merchant_unavailable",
    "out_of_stock",
    "too_late",
    "robot_failure",
    "weather",
    "fraud",
    "other",
]
WHYS: tuple[Why, ...] = get_args(Why)
Stage = Literal["before_dispatch", "before_pickup", "before_dropoff"]


@dataclass
class Order:
    """A customer's order."""

    order_id: str
    merchant: "Merchant"
    customer: Place
    created_at: int
    promised_at: int
    ready_at: int | None = None
    closed: bool = False
    delivery: "Delivery | None" = None

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if self.delivery is None:
            return "before_dispatch"
        return "before_dropoff" if self.delivery.picked_up else "before_pickup"


@dataclass
class Delivery:
    """One try to fulfil an order by robot; `finished` fires with the outcome.

    It may carry more orders, `pooled` into it, and may be tried again once it failed.
    """

    delivery_id: str
    order: Order
    injected_cause: InjectedCause
    finished: simpy.Event
    robot: "Robot | None" = None
    attempts: int = 0
    assigned_at: int = 0
    eta_pickup: int = 0
    set_out_at: int | None = None
    arrived_at: int | None = None
    loading: bool = False
    picked_up: bool = False
    left_at: int = 0
    at_customer: bool = False
    ended: bool = False
    assists: int = 0
    pooled: list[Order] = field(default_factory=list)
    # The robot that has the goods and cannot go on, and why; another one is to take them over.
    holder: "Robot | None" = None
    held_up_by: str | None = None
    # How it failed: the goods are lost, or a robot could not load them.
    spoilt: bool = False
    robot_tried: bool = False
    tries: int = 1

    @property
    def orders(self) -> list[Order]:
        """All orders it carries."""
        return [self.order, *self.pooled]

    @property
    def is_ready(self) -> bool:
        """Whether all its goods can be loaded."""
        return all(order.ready_at is not None for order in self.orders)

    @property
    def can_take_more(self) -> bool:
        """Whether another order may be pooled into it."""
        fetched = self.ended or self.arrived_at is not None or self.loading or self.picked_up
        return not (fetched or self.pooled or self.holder)

    @property
    def fetched_from(self) -> Place:
        """Where a robot finds the goods."""
        return self.order.merchant.place if self.holder is None else self.holder.place

    def start_afresh(self, finished: simpy.Event) -> None:
        """Forget how it failed: it is tried again."""
        self.hand_back()
        self.injected_cause = "none"
        self.finished = finished
        self.loading = self.picked_up = self.at_customer = self.ended = False
        self.spoilt = self.robot_tried = False
        self.holder = self.held_up_by = None
        self.tries += 1

    def hand_back(self) -> None:
        """Forget the robot: another one will start afresh."""
        self.robot = None
        self.set_out_at = None
        self.arrived_at = None
