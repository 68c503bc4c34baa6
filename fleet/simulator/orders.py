"""Orders and deliveries as the parts of the simulation hand them around."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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


@dataclass
class Delivery:
    """One try to fulfil an order by robot; `finished` fires with the outcome."""

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

    def hand_back(self) -> None:
        """Forget the robot: another one will start afresh."""
        self.robot = None
        self.set_out_at = None
        self.arrived_at = None
