"""The registered events: `Events`, one payload type each, and what the logger needs to know.

Generated from registry/ by `fleet registry generate`; do not edit.
"""
# fmt: off
# ruff: noqa: E501

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, NotRequired, Protocol, TypedDict, overload

from msgspec import Meta

REGISTRY_VERSION: Final = "1.0.0"

ID_PREFIXES: Final[dict[str, str]] = {
    "order_id": "O-",
    "delivery_id": "D-",
    "robot_id": "R-",
    "merchant_id": "M-",
    "pilot_id": "P-",
    "market": "",
}
"""Every id, in the order of the log line, and what its values start with."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Timestamp = Annotated[datetime, Meta(tz=True)]
"""An aware datetime."""

RobotState = Literal[
    "available", "assigned", "at_merchant", "in_transit", "at_customer", "returning",
    "repositioning", "blocked", "fault", "non_contactable", "charging", "maintenance", "off_shift",
    "offline", "retired",
]
DowntimeReason = Literal[
    "battery_low", "charging", "hw_drive", "hw_sensor", "hw_compute", "hw_lid", "hw_battery",
    "hw_comms", "sw_crash", "sw_update", "localization_lost", "connectivity", "obstacle",
    "sidewalk_blocked", "tipped_over", "collision", "vandalism", "theft", "weather", "off_hours",
    "permit", "no_pilot", "cleaning", "scheduled_maintenance", "operator_hold", "unknown",
]


class Context(TypedDict, total=False):
    """What `bind_context` takes."""

    order_id: str
    delivery_id: str
    robot_id: str
    merchant_id: str
    pilot_id: str
    market: str
    trace_id: str
    span_id: str


class Events(StrEnum):
    """The events a program may log."""

    ORDER_CREATED = "order.created"
    """An order entered our system."""
    ORDER_ELIGIBILITY_DECIDED = "order.eligibility_decided"
    """It was decided whether a robot can take the order."""
    ORDER_CANCELLED = "order.cancelled"
    """The order was cancelled before it was completed."""
    ORDER_COMPLETED = "order.completed"
    """The customer has the goods."""
    MERCHANT_ORDER_CONFIRMED = "merchant.order_confirmed"
    """The merchant accepted the order."""
    MERCHANT_ORDER_REJECTED = "merchant.order_rejected"
    """The merchant refused the order."""
    MERCHANT_ORDER_READY = "merchant.order_ready"
    """The goods are ready to be loaded."""
    MERCHANT_AVAILABILITY_CHANGED = "merchant.availability_changed"
    """The merchant paused or resumed taking orders."""
    DISPATCH_REQUESTED = "dispatch.requested"
    """A delivery was created and a robot is being sought."""
    DISPATCH_OFFER_SENT = "dispatch.offer_sent"
    """The delivery was offered to a robot."""
    DISPATCH_OFFER_DECLINED = "dispatch.offer_declined"
    """The robot declined the offer or did not answer in time."""
    DISPATCH_ASSIGNED = "dispatch.assigned"
    """A robot took the delivery."""
    DISPATCH_UNASSIGNED = "dispatch.unassigned"
    """The robot was taken off the delivery before its end."""
    DISPATCH_FAILED = "dispatch.failed"
    """No robot could be found and the search was given up."""
    DELIVERY_PICKUP_EN_ROUTE = "delivery.pickup_en_route"
    """The robot set out for the merchant."""
    DELIVERY_PICKUP_ARRIVED = "delivery.pickup_arrived"
    """The robot reached the merchant."""
    DELIVERY_PICKUP_COMPLETED = "delivery.pickup_completed"
    """The merchant loaded the robot and the lid locked."""
    DELIVERY_PICKUP_FAILED = "delivery.pickup_failed"
    """The robot left the merchant without the goods."""
    DELIVERY_DROPOFF_EN_ROUTE = "delivery.dropoff_en_route"
    """The robot left the merchant with the goods."""
    DELIVERY_DROPOFF_ARRIVED = "delivery.dropoff_arrived"
    """The robot reached the customer."""
    DELIVERY_CUSTOMER_NOTIFIED = "delivery.customer_notified"
    """A message was sent to the customer."""
    DELIVERY_UNLOCK_ATTEMPTED = "delivery.unlock_attempted"
    """Someone tried to unlock the lid at the customer."""
    DELIVERY_DROPOFF_COMPLETED = "delivery.dropoff_completed"
    """The customer took the goods."""
    DELIVERY_DROPOFF_FAILED = "delivery.dropoff_failed"
    """The goods could not be handed over."""
    DELIVERY_CANCELLED = "delivery.cancelled"
    """The delivery was cancelled."""
    DELIVERY_RETURN_COMPLETED = "delivery.return_completed"
    """The goods are back at the merchant."""
    ROBOT_STATE_CHANGED = "robot.state_changed"
    """The robot went from one state to another; supply hours come from this event alone."""
    ROBOT_HEARTBEAT = "robot.heartbeat"
    """The robot is alive; sent every 60 s."""
    ROBOT_ERROR = "robot.error"
    """The robot raised an error."""
    ROBOT_ERROR_CLEARED = "robot.error_cleared"
    """An error the robot had raised is over."""
    ROBOT_CONNECTION_LOST = "robot.connection_lost"
    """The gateway no longer hears the robot."""
    ROBOT_CONNECTION_RESTORED = "robot.connection_restored"
    """The gateway hears the robot again."""
    ROBOT_STUCK = "robot.stuck"
    """The robot makes no progress."""
    ROBOT_LID_CHANGED = "robot.lid_changed"
    """The lid of the compartment moved or its lock did."""
    ROBOT_SAFETY_EVENT = "robot.safety_event"
    """Something touched safety; never sampled."""
    ROBOT_MAINTENANCE_STARTED = "robot.maintenance_started"
    """Work on the robot began."""
    ROBOT_MAINTENANCE_COMPLETED = "robot.maintenance_completed"
    """Work on the robot is done."""
    ROBOT_SOFTWARE_UPDATED = "robot.software_updated"
    """A software update of the robot ended."""
    PILOT_HELP_REQUESTED = "pilot.help_requested"
    """The robot asked for a pilot."""
    PILOT_SESSION_STARTED = "pilot.session_started"
    """A pilot connected to the robot."""
    PILOT_CONTROL_CHANGED = "pilot.control_changed"
    """Control of the robot went from one mode to another."""
    PILOT_SESSION_ENDED = "pilot.session_ended"
    """The pilot left the robot."""
    PILOT_SHIFT_CHANGED = "pilot.shift_changed"
    """A pilot came on shift, took a break or went off."""
    RELEASE_DEPLOYED = "release.deployed"
    """A version of a service or of the robot software went live or was rolled back."""
    TELEMETRY_EVENT_REJECTED = "telemetry.event_rejected"
    """The logger was given an event that does not fit the registry."""


class OrderCreated(TypedDict):
    """An order entered our system."""

    order_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    channel: Literal[
        "app", "web", "partner_api", "phone",
    ]
    """Where the order was placed."""
    items: Annotated[int, Meta(ge=1, le=500)]
    """Number of items ordered."""
    value_cents: NotRequired[Annotated[int, Meta(ge=0, le=10000000)]]
    """Value of the goods (cents)."""
    currency: NotRequired[Annotated[str, Meta(max_length=3)]]
    """ISO 4217 code of value_cents."""
    promised_at: NotRequired[Timestamp]
    """When the customer was told to expect the goods."""
    route_m: NotRequired[Annotated[float, Meta(ge=0, le=100000)]]
    """Planned distance from merchant to customer (meters)."""


class OrderEligibilityDecided(TypedDict):
    """It was decided whether a robot can take the order."""

    order_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    eligible: bool
    """Whether a robot may take the order."""
    reason: Literal[
        "range", "hours", "weather", "size", "none",
    ]
    """Why not; none when eligible."""


class OrderCancelled(TypedDict):
    """The order was cancelled before it was completed."""

    order_id: Id
    delivery_id: NotRequired[Id]
    merchant_id: Id
    market: NotRequired[Id]
    cancelled_by: Literal[
        "customer", "merchant", "operations", "system",
    ]
    """Who cancelled."""
    stage: Literal[
        "before_dispatch", "before_pickup", "before_dropoff",
    ]
    """How far the order had come."""
    reason: Literal[
        "customer_request", "merchant_unavailable", "out_of_stock", "too_late", "robot_failure",
        "weather", "fraud", "other",
    ]
    """Why it was cancelled."""


class OrderCompleted(TypedDict):
    """The customer has the goods."""

    order_id: Id
    delivery_id: NotRequired[Id]
    merchant_id: Id
    market: NotRequired[Id]
    fulfilled_by: Literal[
        "robot", "fallback",
    ]
    """Whether a robot or the fallback brought the goods."""
    total_s: Annotated[float, Meta(ge=0, le=172800)]
    """From order placed to goods handed over (seconds)."""
    late_s: NotRequired[Annotated[float, Meta(ge=-172800, le=172800)]]
    """After the promised time; negative when early (seconds)."""


class MerchantOrderConfirmed(TypedDict):
    """The merchant accepted the order."""

    order_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    prep_estimate_s: NotRequired[Annotated[float, Meta(ge=0, le=14400)]]
    """Preparation time the merchant expects (seconds)."""


class MerchantOrderRejected(TypedDict):
    """The merchant refused the order."""

    order_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    reason: Literal[
        "closed", "too_busy", "out_of_stock", "other",
    ]
    """Why the merchant refused."""


class MerchantOrderReady(TypedDict):
    """The goods are ready to be loaded."""

    order_id: Id
    delivery_id: NotRequired[Id]
    merchant_id: Id
    market: NotRequired[Id]
    prep_s: NotRequired[Annotated[float, Meta(ge=0, le=14400)]]
    """From order confirmed to goods ready (seconds)."""


class MerchantAvailabilityChanged(TypedDict):
    """The merchant paused or resumed taking orders."""

    merchant_id: Id
    market: NotRequired[Id]
    available: bool
    """Whether the merchant takes orders from now on."""
    reason: NotRequired[Literal[
        "opening_hours", "too_busy", "staff", "technical", "other",
    ]]
    """Why it changed."""


class DispatchRequested(TypedDict):
    """A delivery was created and a robot is being sought."""

    order_id: Id
    delivery_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    candidates: NotRequired[Annotated[int, Meta(ge=0, le=10000)]]
    """Robots considered."""
    requested_for_at: NotRequired[Timestamp]
    """When the robot should be at the merchant."""


class DispatchOfferSent(TypedDict):
    """The delivery was offered to a robot."""

    order_id: Id
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    offer_id: Id
    """The offer."""
    attempt: Annotated[int, Meta(ge=1, le=1000)]
    """Which offer of this delivery it is, from 1."""
    eta_pickup_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """Expected time to reach the merchant (seconds)."""
    battery_pct: NotRequired[Annotated[float, Meta(ge=0, le=100)]]
    """Charge of the battery (percent)."""


class DispatchOfferDeclined(TypedDict):
    """The robot declined the offer or did not answer in time."""

    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    offer_id: Id
    """The offer."""
    attempt: Annotated[int, Meta(ge=1, le=1000)]
    """Which offer of this delivery it was, from 1."""
    reason: Literal[
        "timeout", "battery_low", "busy", "fault", "distance", "other",
    ]
    """Why it was declined."""


class DispatchAssigned(TypedDict):
    """A robot took the delivery."""

    order_id: Id
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    offer_id: NotRequired[Id]
    """The offer that was accepted."""
    attempt: NotRequired[Annotated[int, Meta(ge=1, le=1000)]]
    """Which offer of this delivery was accepted, from 1."""
    eta_pickup_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """Expected time to reach the merchant (seconds)."""
    eta_dropoff_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """Expected time to reach the customer (seconds)."""


class DispatchUnassigned(TypedDict):
    """The robot was taken off the delivery before its end."""

    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    reason: Literal[
        "robot_fault", "robot_blocked", "robot_unreachable", "battery_low", "better_match",
        "order_cancelled", "pilot_decision", "other",
    ]
    """Why the robot was taken off."""
    by: NotRequired[Literal[
        "dispatcher", "robot", "pilot",
    ]]
    """Who took the robot off."""


class DispatchFailed(TypedDict):
    """No robot could be found and the search was given up."""

    order_id: Id
    delivery_id: Id
    market: NotRequired[Id]
    reason: Literal[
        "no_robot", "timeout", "merchant_closed", "weather", "other",
    ]
    """Why it was given up."""
    attempts: NotRequired[Annotated[int, Meta(ge=0, le=1000)]]
    """Offers made."""
    fallback: NotRequired[Literal[
        "courier", "customer_pickup", "refund", "none",
    ]]
    """How the order goes on."""


class DeliveryPickupEnRoute(TypedDict):
    """The robot set out for the merchant."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    distance_m: NotRequired[Annotated[float, Meta(ge=0, le=100000)]]
    """Distance to the merchant (meters)."""
    autonomy_mode: NotRequired[Literal[
        "autonomous", "assisted", "remote",
    ]]
    """Who drives."""


class DeliveryPickupArrived(TypedDict):
    """The robot reached the merchant."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    travel_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """From setting out to arrival (seconds)."""
    eta_error_s: NotRequired[Annotated[float, Meta(ge=-86400, le=86400)]]
    """Actual minus expected arrival (seconds)."""


class DeliveryPickupCompleted(TypedDict):
    """The merchant loaded the robot and the lid locked."""

    order_id: Id
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    wait_s: Annotated[float, Meta(ge=0, le=7200)]
    """From arrival to lid locked (seconds)."""
    loaded_by: NotRequired[Literal[
        "merchant", "field_ops", "unknown",
    ]]
    """Who loaded the robot."""


class DeliveryPickupFailed(TypedDict):
    """The robot left the merchant without the goods."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    reason: Literal[
        "no_food", "no_staff", "merchant_closed", "lid_fault", "robot_fault", "other",
    ]
    """Why nothing was loaded."""
    wait_s: NotRequired[Annotated[float, Meta(ge=0, le=7200)]]
    """From arrival to giving up (seconds)."""


class DeliveryDropoffEnRoute(TypedDict):
    """The robot left the merchant with the goods."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    distance_m: NotRequired[Annotated[float, Meta(ge=0, le=100000)]]
    """Distance to the customer (meters)."""
    autonomy_mode: NotRequired[Literal[
        "autonomous", "assisted", "remote",
    ]]
    """Who drives."""


class DeliveryDropoffArrived(TypedDict):
    """The robot reached the customer."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    travel_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """From leaving the merchant to arrival (seconds)."""
    distance_m: NotRequired[Annotated[float, Meta(ge=0, le=100000)]]
    """Distance driven from the merchant (meters)."""
    eta_error_s: NotRequired[Annotated[float, Meta(ge=-86400, le=86400)]]
    """Actual minus expected arrival (seconds)."""


class DeliveryCustomerNotified(TypedDict):
    """A message was sent to the customer."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: NotRequired[Id]
    market: NotRequired[Id]
    channel: Literal[
        "push", "sms", "email", "call",
    ]
    """How the message was sent."""
    delivered_ok: NotRequired[bool]
    """Whether the provider accepted the message."""


class DeliveryUnlockAttempted(TypedDict):
    """Someone tried to unlock the lid at the customer."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    method: Literal[
        "pin", "app", "remote",
    ]
    """How it was tried."""
    success: bool
    """Whether the lid unlocked."""
    attempt: NotRequired[Annotated[int, Meta(ge=1, le=1000)]]
    """Which attempt it was, from 1."""


class DeliveryDropoffCompleted(TypedDict):
    """The customer took the goods."""

    order_id: Id
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    wait_s: NotRequired[Annotated[float, Meta(ge=0, le=7200)]]
    """From arrival to goods taken (seconds)."""
    total_s: NotRequired[Annotated[float, Meta(ge=0, le=172800)]]
    """From assignment to goods taken (seconds)."""
    distance_m: NotRequired[Annotated[float, Meta(ge=0, le=100000)]]
    """Distance driven from the merchant (meters)."""
    assists: NotRequired[Annotated[int, Meta(ge=0, le=1000)]]
    """Times a pilot took over on the way."""


class DeliveryDropoffFailed(TypedDict):
    """The goods could not be handed over."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    market: NotRequired[Id]
    reason: Literal[
        "customer_absent", "no_access", "lid_fault", "robot_fault", "robot_blocked", "theft",
        "other",
    ]
    """Why the goods were not handed over."""
    disposition: Literal[
        "return", "discard", "retry",
    ]
    """What happens to the goods; retry keeps the delivery open."""


class DeliveryCancelled(TypedDict):
    """The delivery was cancelled."""

    order_id: Id
    delivery_id: Id
    robot_id: NotRequired[Id]
    market: NotRequired[Id]
    cancelled_by: Literal[
        "customer", "merchant", "operations", "system",
    ]
    """Who cancelled."""
    stage: Literal[
        "before_dispatch", "before_pickup", "before_dropoff",
    ]
    """How far the delivery had come."""
    reason: Literal[
        "customer_request", "merchant_unavailable", "out_of_stock", "too_late", "robot_failure",
        "weather", "fraud", "other",
    ]
    """Why it was cancelled."""


class DeliveryReturnCompleted(TypedDict):
    """The goods are back at the merchant."""

    order_id: NotRequired[Id]
    delivery_id: Id
    robot_id: Id
    merchant_id: Id
    market: NotRequired[Id]
    reason: NotRequired[Literal[
        "dropoff_failed", "cancelled", "other",
    ]]
    """Why the goods were returned."""
    total_s: NotRequired[Annotated[float, Meta(ge=0, le=172800)]]
    """From turning back to goods returned (seconds)."""


class RobotStateChanged(TypedDict):
    """The robot went from one state to another; supply hours come from this event alone."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    from_state: NotRequired[RobotState]
    """The state left; not given when the robot does not know it."""
    to_state: RobotState
    """The state entered."""
    reason: NotRequired[DowntimeReason]
    """Why the robot is not usable."""
    battery_pct: NotRequired[Annotated[float, Meta(ge=0, le=100)]]
    """Charge of the battery (percent)."""
    lat: NotRequired[Annotated[float, Meta(ge=-90, le=90)]]
    """Latitude in degrees, 4 decimals."""
    lon: NotRequired[Annotated[float, Meta(ge=-180, le=180)]]
    """Longitude in degrees, 4 decimals."""
    dispatchable: NotRequired[bool]
    """Whether a returning robot takes offers already."""
    state_seq: NotRequired[Annotated[int, Meta(ge=0, le=9007199254740991)]]
    """Counts the robot's transitions."""
    hardware_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Hardware the robot was built to."""


class RobotHeartbeat(TypedDict):
    """The robot is alive; sent every 60 s."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    state: RobotState
    """The state the robot is in."""
    battery_pct: NotRequired[Annotated[float, Meta(ge=0, le=100)]]
    """Charge of the battery (percent)."""
    signal_dbm: NotRequired[Annotated[float, Meta(ge=-200, le=0)]]
    """Strength of the mobile signal (dBm)."""
    lat: NotRequired[Annotated[float, Meta(ge=-90, le=90)]]
    """Latitude in degrees, 4 decimals."""
    lon: NotRequired[Annotated[float, Meta(ge=-180, le=180)]]
    """Longitude in degrees, 4 decimals."""
    last_seq: NotRequired[Annotated[int, Meta(ge=0, le=9007199254740991)]]
    """Number of the last event the robot logged."""
    hardware_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Hardware the robot was built to."""


class RobotError(TypedDict):
    """The robot raised an error."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    error_code: Annotated[str, Meta(max_length=64)]
    """Code of the error, such as DRV-104."""
    component: Literal[
        "drive", "sensor", "compute", "lid", "battery", "comms", "localization", "perception",
        "planning", "control",
    ]
    """Part of the robot the error is of."""
    severity: Literal[
        "minor", "major", "critical",
    ]
    """How bad it is."""
    is_failure: bool
    """Whether the robot cannot do its work; only these count for MTBF."""
    recoverable: NotRequired[bool]
    """Whether the robot may clear the error itself."""
    detail: NotRequired[Annotated[str, Meta(max_length=1024)]]
    """What the software says about it."""
    hardware_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Hardware the robot was built to."""


class RobotErrorCleared(TypedDict):
    """An error the robot had raised is over."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    error_code: Annotated[str, Meta(max_length=64)]
    """Code of the error, such as DRV-104."""
    error_event_id: NotRequired[Id]
    """event_id of the robot.error that is over."""
    resolution: Literal[
        "self", "pilot", "field", "update",
    ]
    """Who or what cleared it."""
    down_s: NotRequired[Annotated[float, Meta(ge=0, le=31536000)]]
    """From error to clearance (seconds)."""


class RobotConnectionLost(TypedDict):
    """The gateway no longer hears the robot."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    last_seen_at: Timestamp
    """When the gateway last heard the robot."""
    last_seq: NotRequired[Annotated[int, Meta(ge=0, le=9007199254740991)]]
    """Number of the last event the gateway got."""


class RobotConnectionRestored(TypedDict):
    """The gateway hears the robot again."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    gap_s: Annotated[float, Meta(ge=0, le=31536000)]
    """How long the robot was not heard (seconds)."""
    first_seq: NotRequired[Annotated[int, Meta(ge=0, le=9007199254740991)]]
    """Number of the first event after the gap."""


class RobotStuck(TypedDict):
    """The robot makes no progress."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    cause: Literal[
        "obstacle", "crowd", "parked_vehicle", "construction", "curb", "terrain", "crossing",
        "localization", "unknown",
    ]
    """What stops the robot."""
    lat: NotRequired[Annotated[float, Meta(ge=-90, le=90)]]
    """Latitude in degrees, 4 decimals."""
    lon: NotRequired[Annotated[float, Meta(ge=-180, le=180)]]
    """Longitude in degrees, 4 decimals."""
    autonomy_mode: NotRequired[Literal[
        "autonomous", "assisted", "remote",
    ]]
    """Who drives."""
    stuck_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """Without progress so far (seconds)."""


class RobotLidChanged(TypedDict):
    """The lid of the compartment moved or its lock did."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    to: Literal[
        "open", "closed", "locked", "unlocked",
    ]
    """What the lid is now."""
    actor: NotRequired[Literal[
        "merchant", "customer", "pilot", "field_ops", "robot", "unknown",
    ]]
    """Who moved it."""


class RobotSafetyEvent(TypedDict):
    """Something touched safety; never sampled."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    pilot_id: NotRequired[Id]
    market: NotRequired[Id]
    kind: Literal[
        "collision", "tip_over", "e_stop", "tamper", "near_miss",
    ]
    """What happened."""
    severity: Literal[
        "minor", "major", "critical",
    ]
    """How bad it is."""
    speed_mps: NotRequired[Annotated[float, Meta(ge=0, le=20)]]
    """Speed at that moment (meters_per_second)."""
    lat: NotRequired[Annotated[float, Meta(ge=-90, le=90)]]
    """Latitude in degrees, 4 decimals."""
    lon: NotRequired[Annotated[float, Meta(ge=-180, le=180)]]
    """Longitude in degrees, 4 decimals."""


class RobotMaintenanceStarted(TypedDict):
    """Work on the robot began."""

    robot_id: Id
    market: NotRequired[Id]
    work_type: Literal[
        "preventive", "corrective", "cleaning",
    ]
    """What kind of work."""
    ticket_id: NotRequired[Id]
    """The work order."""
    location: NotRequired[Literal[
        "depot", "merchant", "street",
    ]]
    """Where the work is done."""


class RobotMaintenanceCompleted(TypedDict):
    """Work on the robot is done."""

    robot_id: Id
    market: NotRequired[Id]
    work_type: Literal[
        "preventive", "corrective", "cleaning",
    ]
    """What kind of work."""
    ticket_id: NotRequired[Id]
    """The work order."""
    duration_s: NotRequired[Annotated[float, Meta(ge=0, le=31536000)]]
    """From start to end of the work (seconds)."""
    components: NotRequired[Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=20)]]
    """Parts replaced or repaired."""


class RobotSoftwareUpdated(TypedDict):
    """A software update of the robot ended."""

    robot_id: Id
    market: NotRequired[Id]
    component: Annotated[str, Meta(max_length=64)]
    """Software that was updated."""
    from_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version before."""
    to_version: Annotated[str, Meta(max_length=64)]
    """Version the update was to bring."""
    result: Literal[
        "succeeded", "rolled_back", "failed",
    ]
    """How it ended."""


class PilotHelpRequested(TypedDict):
    """The robot asked for a pilot."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    market: NotRequired[Id]
    help_id: Id
    """The request."""
    cause: Literal[
        "stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer",
        "safety", "unknown",
    ]
    """Why the robot asks."""
    priority: NotRequired[Literal[
        "low", "normal", "high", "urgent",
    ]]
    """How soon it is needed."""


class PilotSessionStarted(TypedDict):
    """A pilot connected to the robot."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    pilot_id: Id
    market: NotRequired[Id]
    session_id: Id
    """The pilot's session."""
    help_id: NotRequired[Id]
    """The request it answers."""
    cause: NotRequired[Literal[
        "stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer",
        "safety", "unknown",
    ]]
    """Why the pilot connected."""
    queue_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """From request to connection (seconds)."""


class PilotControlChanged(TypedDict):
    """Control of the robot went from one mode to another."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    pilot_id: Id
    market: NotRequired[Id]
    session_id: Id
    """The pilot's session."""
    from_mode: Literal[
        "autonomous", "assisted", "remote",
    ]
    """Mode left."""
    to_mode: Literal[
        "autonomous", "assisted", "remote",
    ]
    """Mode entered."""
    cause: NotRequired[Literal[
        "stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer",
        "safety", "resolved", "unknown",
    ]]
    """Why it changed."""
    latency_ms: NotRequired[Annotated[float, Meta(ge=0, le=60000)]]
    """Round trip between pilot and robot (milliseconds)."""


class PilotSessionEnded(TypedDict):
    """The pilot left the robot."""

    delivery_id: NotRequired[Id]
    robot_id: Id
    pilot_id: Id
    market: NotRequired[Id]
    session_id: Id
    """The pilot's session."""
    duration_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """From connection to leaving (seconds)."""
    remote_s: NotRequired[Annotated[float, Meta(ge=0, le=86400)]]
    """Of it in remote mode (seconds)."""
    outcome: Literal[
        "resolved", "unresolved", "handed_over", "dropped",
    ]
    """How it ended."""


class PilotShiftChanged(TypedDict):
    """A pilot came on shift, took a break or went off."""

    pilot_id: Id
    market: NotRequired[Id]
    status: Literal[
        "on", "break", "off",
    ]
    """What the pilot is now."""
    site: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Where the pilot works."""


class ReleaseDeployed(TypedDict):
    """A version of a service or of the robot software went live or was rolled back."""

    market: NotRequired[Id]
    component: Annotated[str, Meta(max_length=64)]
    """What was released; the same name as `service` on its log lines."""
    version: Annotated[str, Meta(max_length=64)]
    """The version released."""
    previous_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """The version before."""
    kind: Literal[
        "deploy", "rollback",
    ]
    """Forward or back."""
    scope: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Where it went, such as all, canary or a market."""


class TelemetryEventRejected(TypedDict):
    """The logger was given an event that does not fit the registry."""

    order_id: NotRequired[Id]
    delivery_id: NotRequired[Id]
    robot_id: NotRequired[Id]
    merchant_id: NotRequired[Id]
    pilot_id: NotRequired[Id]
    market: NotRequired[Id]
    rejected_name: Annotated[str, Meta(max_length=128)]
    """Name of the event as it was given."""
    reasons: Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=20)]
    """What does not fit, one sentence per field; never a value."""
    sample_hash: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Hash of the payload, to group equal ones; the payload itself is not copied."""


class EventSpec(NamedTuple):
    """What the logger needs to know of an event."""

    version: int
    status: str
    payload: type
    summary: str


SPECS: Final[dict[Events, EventSpec]] = {
    Events.ORDER_CREATED: EventSpec(
        1, "info", OrderCreated,
        "Order placed: {items} items by {channel}",
    ),
    Events.ORDER_ELIGIBILITY_DECIDED: EventSpec(
        1, "info", OrderEligibilityDecided,
        "Robot fit decided: eligible {eligible}, reason {reason}",
    ),
    Events.ORDER_CANCELLED: EventSpec(
        1, "warn", OrderCancelled,
        "Order cancelled by {cancelled_by} ({stage}): {reason}",
    ),
    Events.ORDER_COMPLETED: EventSpec(
        1, "info", OrderCompleted,
        "Order completed by {fulfilled_by} after {total_s} s, {late_s} s late",
    ),
    Events.MERCHANT_ORDER_CONFIRMED: EventSpec(
        1, "info", MerchantOrderConfirmed,
        "Merchant confirmed, ready in about {prep_estimate_s} s",
    ),
    Events.MERCHANT_ORDER_REJECTED: EventSpec(
        1, "warn", MerchantOrderRejected,
        "Merchant rejected the order: {reason}",
    ),
    Events.MERCHANT_ORDER_READY: EventSpec(
        1, "info", MerchantOrderReady,
        "Goods ready after {prep_s} s",
    ),
    Events.MERCHANT_AVAILABILITY_CHANGED: EventSpec(
        1, "info", MerchantAvailabilityChanged,
        "Merchant taking orders: {available} ({reason})",
    ),
    Events.DISPATCH_REQUESTED: EventSpec(
        1, "info", DispatchRequested,
        "Robot sought among {candidates} candidates",
    ),
    Events.DISPATCH_OFFER_SENT: EventSpec(
        1, "info", DispatchOfferSent,
        "Offer {attempt} sent to {robot_id}, {eta_pickup_s} s to the merchant",
    ),
    Events.DISPATCH_OFFER_DECLINED: EventSpec(
        1, "warn", DispatchOfferDeclined,
        "Offer {attempt} declined by {robot_id}: {reason}",
    ),
    Events.DISPATCH_ASSIGNED: EventSpec(
        1, "info", DispatchAssigned,
        "Assigned to {robot_id} on attempt {attempt}, {eta_pickup_s} s to the merchant",
    ),
    Events.DISPATCH_UNASSIGNED: EventSpec(
        1, "warn", DispatchUnassigned,
        "{robot_id} taken off the delivery by {by}: {reason}",
    ),
    Events.DISPATCH_FAILED: EventSpec(
        1, "error", DispatchFailed,
        "Dispatch given up after {attempts} attempts: {reason}; fallback {fallback}",
    ),
    Events.DELIVERY_PICKUP_EN_ROUTE: EventSpec(
        1, "info", DeliveryPickupEnRoute,
        "Set out for the merchant, {distance_m} m away",
    ),
    Events.DELIVERY_PICKUP_ARRIVED: EventSpec(
        1, "info", DeliveryPickupArrived,
        "At the merchant after {travel_s} s",
    ),
    Events.DELIVERY_PICKUP_COMPLETED: EventSpec(
        1, "info", DeliveryPickupCompleted,
        "Loaded by {loaded_by} after {wait_s} s at the merchant",
    ),
    Events.DELIVERY_PICKUP_FAILED: EventSpec(
        1, "error", DeliveryPickupFailed,
        "Pickup failed after {wait_s} s at the merchant: {reason}",
    ),
    Events.DELIVERY_DROPOFF_EN_ROUTE: EventSpec(
        1, "info", DeliveryDropoffEnRoute,
        "Set out for the customer, {distance_m} m away",
    ),
    Events.DELIVERY_DROPOFF_ARRIVED: EventSpec(
        1, "info", DeliveryDropoffArrived,
        "At the customer after {travel_s} s and {distance_m} m",
    ),
    Events.DELIVERY_CUSTOMER_NOTIFIED: EventSpec(
        1, "info", DeliveryCustomerNotified,
        "Customer notified by {channel}, accepted: {delivered_ok}",
    ),
    Events.DELIVERY_UNLOCK_ATTEMPTED: EventSpec(
        1, "info", DeliveryUnlockAttempted,
        "Unlock attempt {attempt} by {method}, success: {success}",
    ),
    Events.DELIVERY_DROPOFF_COMPLETED: EventSpec(
        1, "info", DeliveryDropoffCompleted,
        "Goods taken after {wait_s} s at the customer, {total_s} s in all, {assists} assists",
    ),
    Events.DELIVERY_DROPOFF_FAILED: EventSpec(
        1, "error", DeliveryDropoffFailed,
        "Dropoff failed: {reason}; goods: {disposition}",
    ),
    Events.DELIVERY_CANCELLED: EventSpec(
        1, "warn", DeliveryCancelled,
        "Delivery cancelled by {cancelled_by} ({stage}): {reason}",
    ),
    Events.DELIVERY_RETURN_COMPLETED: EventSpec(
        1, "info", DeliveryReturnCompleted,
        "Goods back at the merchant after {total_s} s: {reason}",
    ),
    Events.ROBOT_STATE_CHANGED: EventSpec(
        1, "info", RobotStateChanged,
        "State {from_state} to {to_state}, reason {reason}",
    ),
    Events.ROBOT_HEARTBEAT: EventSpec(
        1, "info", RobotHeartbeat,
        "Alive in state {state}, battery {battery_pct} %",
    ),
    Events.ROBOT_ERROR: EventSpec(
        1, "error", RobotError,
        "Error {error_code} of {component}, {severity}, failure: {is_failure}",
    ),
    Events.ROBOT_ERROR_CLEARED: EventSpec(
        1, "info", RobotErrorCleared,
        "Error {error_code} cleared by {resolution} after {down_s} s",
    ),
    Events.ROBOT_CONNECTION_LOST: EventSpec(
        1, "warn", RobotConnectionLost,
        "Unreachable, last seen {last_seen_at}",
    ),
    Events.ROBOT_CONNECTION_RESTORED: EventSpec(
        1, "info", RobotConnectionRestored,
        "Reachable again after {gap_s} s",
    ),
    Events.ROBOT_STUCK: EventSpec(
        1, "warn", RobotStuck,
        "Stuck for {stuck_s} s: {cause}",
    ),
    Events.ROBOT_LID_CHANGED: EventSpec(
        1, "info", RobotLidChanged,
        "Lid {to} by {actor}",
    ),
    Events.ROBOT_SAFETY_EVENT: EventSpec(
        1, "error", RobotSafetyEvent,
        "Safety: {kind}, {severity}",
    ),
    Events.ROBOT_MAINTENANCE_STARTED: EventSpec(
        1, "info", RobotMaintenanceStarted,
        "{work_type} work began at {location}",
    ),
    Events.ROBOT_MAINTENANCE_COMPLETED: EventSpec(
        1, "info", RobotMaintenanceCompleted,
        "{work_type} work done after {duration_s} s",
    ),
    Events.ROBOT_SOFTWARE_UPDATED: EventSpec(
        1, "info", RobotSoftwareUpdated,
        "Update of {component} from {from_version} to {to_version}: {result}",
    ),
    Events.PILOT_HELP_REQUESTED: EventSpec(
        1, "info", PilotHelpRequested,
        "Pilot asked for: {cause}, priority {priority}",
    ),
    Events.PILOT_SESSION_STARTED: EventSpec(
        1, "info", PilotSessionStarted,
        "{pilot_id} connected after {queue_s} s: {cause}",
    ),
    Events.PILOT_CONTROL_CHANGED: EventSpec(
        1, "info", PilotControlChanged,
        "Control {from_mode} to {to_mode}: {cause}",
    ),
    Events.PILOT_SESSION_ENDED: EventSpec(
        1, "info", PilotSessionEnded,
        "{pilot_id} left after {duration_s} s, {remote_s} s driven remotely: {outcome}",
    ),
    Events.PILOT_SHIFT_CHANGED: EventSpec(
        1, "info", PilotShiftChanged,
        "{pilot_id} is {status} at {site}",
    ),
    Events.RELEASE_DEPLOYED: EventSpec(
        1, "info", ReleaseDeployed,
        "{kind} of {component} {version}, before {previous_version}",
    ),
    Events.TELEMETRY_EVENT_REJECTED: EventSpec(
        1, "warn", TelemetryEventRejected,
        "Event {rejected_name} does not fit the registry",
    ),
}


class TypedEventLogger(Protocol):
    """What `get_logger` returns: each event with the payload it takes."""

    @overload
    def event(
        self, event: Literal[Events.ORDER_CREATED], data: OrderCreated
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ORDER_ELIGIBILITY_DECIDED], data: OrderEligibilityDecided
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ORDER_CANCELLED], data: OrderCancelled
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ORDER_COMPLETED], data: OrderCompleted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.MERCHANT_ORDER_CONFIRMED], data: MerchantOrderConfirmed
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.MERCHANT_ORDER_REJECTED], data: MerchantOrderRejected
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.MERCHANT_ORDER_READY], data: MerchantOrderReady
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.MERCHANT_AVAILABILITY_CHANGED], data: MerchantAvailabilityChanged
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_REQUESTED], data: DispatchRequested
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_OFFER_SENT], data: DispatchOfferSent
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_OFFER_DECLINED], data: DispatchOfferDeclined
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_ASSIGNED], data: DispatchAssigned
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_UNASSIGNED], data: DispatchUnassigned
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DISPATCH_FAILED], data: DispatchFailed
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_PICKUP_EN_ROUTE], data: DeliveryPickupEnRoute
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_PICKUP_ARRIVED], data: DeliveryPickupArrived
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_PICKUP_COMPLETED], data: DeliveryPickupCompleted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_PICKUP_FAILED], data: DeliveryPickupFailed
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_DROPOFF_EN_ROUTE], data: DeliveryDropoffEnRoute
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_DROPOFF_ARRIVED], data: DeliveryDropoffArrived
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_CUSTOMER_NOTIFIED], data: DeliveryCustomerNotified
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_UNLOCK_ATTEMPTED], data: DeliveryUnlockAttempted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_DROPOFF_COMPLETED], data: DeliveryDropoffCompleted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_DROPOFF_FAILED], data: DeliveryDropoffFailed
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_CANCELLED], data: DeliveryCancelled
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.DELIVERY_RETURN_COMPLETED], data: DeliveryReturnCompleted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_STATE_CHANGED], data: RobotStateChanged
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_HEARTBEAT], data: RobotHeartbeat
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_ERROR], data: RobotError
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_ERROR_CLEARED], data: RobotErrorCleared
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_CONNECTION_LOST], data: RobotConnectionLost
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_CONNECTION_RESTORED], data: RobotConnectionRestored
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_STUCK], data: RobotStuck
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_LID_CHANGED], data: RobotLidChanged
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_SAFETY_EVENT], data: RobotSafetyEvent
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_MAINTENANCE_STARTED], data: RobotMaintenanceStarted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_MAINTENANCE_COMPLETED], data: RobotMaintenanceCompleted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.ROBOT_SOFTWARE_UPDATED], data: RobotSoftwareUpdated
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.PILOT_HELP_REQUESTED], data: PilotHelpRequested
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.PILOT_SESSION_STARTED], data: PilotSessionStarted
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.PILOT_CONTROL_CHANGED], data: PilotControlChanged
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.PILOT_SESSION_ENDED], data: PilotSessionEnded
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.PILOT_SHIFT_CHANGED], data: PilotShiftChanged
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.RELEASE_DEPLOYED], data: ReleaseDeployed
    ) -> str: ...

    @overload
    def event(
        self, event: Literal[Events.TELEMETRY_EVENT_REJECTED], data: TelemetryEventRejected
    ) -> str: ...
