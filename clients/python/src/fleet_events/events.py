"""The registered events: `Events`, one payload type each, and what the logger needs to know.

Generated from registry/ by `fleet registry generate`; do not edit.
"""
# fmt: off
# ruff: noqa: E501

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, NotRequired, Protocol, TypedDict, overload

from msgspec import Meta

from fleet_events.texts import Summary, number, second, yes_no

REGISTRY_VERSION: Final = "1.3.0"

ID_PREFIXES: Final[dict[str, str]] = {
    "order_id": "O-",
    "delivery_id": "D-",
    "robot_id": "R-",
    "merchant_id": "M-",
    "pilot_id": "P-",
    "market": "",
}
"""Every id, in the order of the log line, and what its values start with."""

TRACE_IDS: Final = (
    "trace_id",
    "span_id",
)
"""Ids of the trace, in `dd` of the log line."""

WIDTHS: Final[dict[str, int]] = {
    "service": 128,
    "host": 90,
    "boot": 36,
    "event_id": 64,
    "env": 64,
    "version": 128,
    "emitter_id": 256,
    "status": 16,
    "message": 4096,
    "registry_version": 32,
}
"""Most bytes of a text of the envelope, or of a part of one; the warehouse takes a longer one for none."""

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


class Envelope(TypedDict, total=False):
    """What a line says besides ids and payload, in the order of the line."""

    event_id: str
    """Id of the event; the loggers write a UUIDv7. A line without one gets a derived id."""
    evt: Mapping[str, object]
    """Which event it is; valid says whether it fits the registry."""
    occurred_at: str
    """When it happened by the emitter's clock (UTC)."""
    sent_at: str
    """The emitter's clock at each attempt to send the line (UTC); beside received_at it shows how far that clock is off."""
    service: str
    """Service or robot program that logged it."""
    env: str
    """Environment it ran in."""
    version: str
    """Version of the service."""
    emitter_id: str
    """One run of one service on one host: service/host/boot."""
    seq: int
    """Number of the event among those of the emitter, from 1."""
    mono_ms: int
    """Milliseconds since boot by a clock that is never set (robots)."""
    status: str
    """Severity of the event."""
    message: str
    """The event in one readable line."""
    dd: Mapping[str, object]
    """Trace the event belongs to."""
    registry_version: str
    """Version of the registry the event was checked against."""
    received_at: str
    """When the log transport got it (UTC); absent on lines that passed none."""
    earliest_credible_at: str
    """Of a line of history, the day from which its times are believed; without it the var of the same name says so."""


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
    """The robot went from one state to another, or tells its state again with another reason or dispatchable."""
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
    """Something affected safety; never sampled."""
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
    TELEMETRY_EMITTER_RESTARTED = "telemetry.emitter_restarted"
    """A program began to log under a new emitter_id and says how far it had come under the one before."""


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
    """When the customer may expect the goods."""
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
    software_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version of the robot's software, as the robot last reported it."""


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
    software_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version of the robot's software, as the robot last reported it."""


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
    software_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version of the robot's software, as the robot last reported it."""


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
    software_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version of the robot's software, as the robot last reported it."""


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
    """The robot went from one state to another, or tells its state again with another reason or dispatchable."""

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
    dispatchable: NotRequired[bool]
    """Whether a returning robot takes offers already."""
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
    last_emitter_id: NotRequired[Annotated[str, Meta(max_length=256)]]
    """emitter_id that last_seq counts in."""


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
    """Something affected safety; never sampled."""

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
    software_version: NotRequired[Annotated[str, Meta(max_length=64)]]
    """Version of the robot's software, as the robot last reported it."""


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


class TelemetryEmitterRestarted(TypedDict):
    """A program began to log under a new emitter_id and says how far it had come under the one before."""

    robot_id: NotRequired[Id]
    market: NotRequired[Id]
    last_emitter_id: Annotated[str, Meta(max_length=256)]
    """emitter_id of the run before on the same host."""
    last_seq: Annotated[int, Meta(ge=0, le=9007199254740991)]
    """Number of the last event of that run."""


class EventSpec(NamedTuple):
    """What the logger needs to know of an event."""

    version: int
    status: str
    payload: type
    summary: Summary


SPECS: Final[dict[Events, EventSpec]] = {
    Events.ORDER_CREATED: EventSpec(
        1, "info", OrderCreated,
        lambda data: (
            "Order placed: "
            + number(data["items"])
            + " items by "
            + str(data["channel"])
        ),
    ),
    Events.ORDER_ELIGIBILITY_DECIDED: EventSpec(
        1, "info", OrderEligibilityDecided,
        lambda data: (
            "Robot fit decided: eligible "
            + yes_no(data["eligible"])
            + ", reason "
            + str(data["reason"])
        ),
    ),
    Events.ORDER_CANCELLED: EventSpec(
        1, "warn", OrderCancelled,
        lambda data: (
            "Order cancelled by "
            + str(data["cancelled_by"])
            + " ("
            + str(data["stage"])
            + "): "
            + str(data["reason"])
        ),
    ),
    Events.ORDER_COMPLETED: EventSpec(
        1, "info", OrderCompleted,
        lambda data: (
            "Order completed by "
            + str(data["fulfilled_by"])
            + " after "
            + number(data["total_s"])
            + " s"
            + (", " + number(data["late_s"]) + " s late" if "late_s" in data else "")
        ),
    ),
    Events.MERCHANT_ORDER_CONFIRMED: EventSpec(
        1, "info", MerchantOrderConfirmed,
        lambda data: (
            "Merchant confirmed"
            + (", ready in about " + number(data["prep_estimate_s"]) + " s" if "prep_estimate_s" in data else "")
        ),
    ),
    Events.MERCHANT_ORDER_REJECTED: EventSpec(
        1, "warn", MerchantOrderRejected,
        lambda data: (
            "Merchant rejected the order: "
            + str(data["reason"])
        ),
    ),
    Events.MERCHANT_ORDER_READY: EventSpec(
        1, "info", MerchantOrderReady,
        lambda data: (
            "Goods ready"
            + (" after " + number(data["prep_s"]) + " s" if "prep_s" in data else "")
        ),
    ),
    Events.MERCHANT_AVAILABILITY_CHANGED: EventSpec(
        1, "info", MerchantAvailabilityChanged,
        lambda data: (
            "Merchant taking orders: "
            + yes_no(data["available"])
            + (" (" + str(data["reason"]) + ")" if "reason" in data else "")
        ),
    ),
    Events.DISPATCH_REQUESTED: EventSpec(
        1, "info", DispatchRequested,
        lambda data: (
            "Robot sought"
            + (" among " + number(data["candidates"]) + " candidates" if "candidates" in data else "")
        ),
    ),
    Events.DISPATCH_OFFER_SENT: EventSpec(
        1, "info", DispatchOfferSent,
        lambda data: (
            "Offer "
            + number(data["attempt"])
            + " sent to "
            + str(data["robot_id"])
            + (", " + number(data["eta_pickup_s"]) + " s to the merchant" if "eta_pickup_s" in data else "")
        ),
    ),
    Events.DISPATCH_OFFER_DECLINED: EventSpec(
        1, "warn", DispatchOfferDeclined,
        lambda data: (
            "Offer "
            + number(data["attempt"])
            + " declined by "
            + str(data["robot_id"])
            + ": "
            + str(data["reason"])
        ),
    ),
    Events.DISPATCH_ASSIGNED: EventSpec(
        1, "info", DispatchAssigned,
        lambda data: (
            "Assigned to "
            + str(data["robot_id"])
            + (" on attempt " + number(data["attempt"]) if "attempt" in data else "")
            + (", " + number(data["eta_pickup_s"]) + " s to the merchant" if "eta_pickup_s" in data else "")
        ),
    ),
    Events.DISPATCH_UNASSIGNED: EventSpec(
        1, "warn", DispatchUnassigned,
        lambda data: (
            str(data["robot_id"])
            + " taken off the delivery"
            + (" by " + str(data["by"]) if "by" in data else "")
            + ": "
            + str(data["reason"])
        ),
    ),
    Events.DISPATCH_FAILED: EventSpec(
        1, "error", DispatchFailed,
        lambda data: (
            "Dispatch given up"
            + (" after " + number(data["attempts"]) + " attempts" if "attempts" in data else "")
            + ": "
            + str(data["reason"])
            + ("; fallback " + str(data["fallback"]) if "fallback" in data else "")
        ),
    ),
    Events.DELIVERY_PICKUP_EN_ROUTE: EventSpec(
        1, "info", DeliveryPickupEnRoute,
        lambda data: (
            "Set out for the merchant"
            + (", " + number(data["distance_m"]) + " m away" if "distance_m" in data else "")
        ),
    ),
    Events.DELIVERY_PICKUP_ARRIVED: EventSpec(
        1, "info", DeliveryPickupArrived,
        lambda data: (
            "At the merchant"
            + (" after " + number(data["travel_s"]) + " s" if "travel_s" in data else "")
        ),
    ),
    Events.DELIVERY_PICKUP_COMPLETED: EventSpec(
        1, "info", DeliveryPickupCompleted,
        lambda data: (
            "Loaded"
            + (" by " + str(data["loaded_by"]) if "loaded_by" in data else "")
            + " after "
            + number(data["wait_s"])
            + " s at the merchant"
        ),
    ),
    Events.DELIVERY_PICKUP_FAILED: EventSpec(
        1, "error", DeliveryPickupFailed,
        lambda data: (
            "Pickup failed"
            + (" after " + number(data["wait_s"]) + " s at the merchant" if "wait_s" in data else "")
            + ": "
            + str(data["reason"])
        ),
    ),
    Events.DELIVERY_DROPOFF_EN_ROUTE: EventSpec(
        1, "info", DeliveryDropoffEnRoute,
        lambda data: (
            "Set out for the customer"
            + (", " + number(data["distance_m"]) + " m away" if "distance_m" in data else "")
        ),
    ),
    Events.DELIVERY_DROPOFF_ARRIVED: EventSpec(
        1, "info", DeliveryDropoffArrived,
        lambda data: (
            "At the customer"
            + (" after " + number(data["travel_s"]) + " s" if "travel_s" in data else "")
            + (", " + number(data["distance_m"]) + " m driven" if "distance_m" in data else "")
        ),
    ),
    Events.DELIVERY_CUSTOMER_NOTIFIED: EventSpec(
        1, "info", DeliveryCustomerNotified,
        lambda data: (
            "Customer notified by "
            + str(data["channel"])
            + (", accepted: " + yes_no(data["delivered_ok"]) if "delivered_ok" in data else "")
        ),
    ),
    Events.DELIVERY_UNLOCK_ATTEMPTED: EventSpec(
        1, "info", DeliveryUnlockAttempted,
        lambda data: (
            "Unlock attempt"
            + (" " + number(data["attempt"]) if "attempt" in data else "")
            + " by "
            + str(data["method"])
            + ", success: "
            + yes_no(data["success"])
        ),
    ),
    Events.DELIVERY_DROPOFF_COMPLETED: EventSpec(
        1, "info", DeliveryDropoffCompleted,
        lambda data: (
            "Goods taken"
            + (" after " + number(data["wait_s"]) + " s at the customer" if "wait_s" in data else "")
            + (", " + number(data["total_s"]) + " s in all" if "total_s" in data else "")
            + (", " + number(data["assists"]) + " assists" if "assists" in data else "")
        ),
    ),
    Events.DELIVERY_DROPOFF_FAILED: EventSpec(
        1, "error", DeliveryDropoffFailed,
        lambda data: (
            "Dropoff failed: "
            + str(data["reason"])
            + "; goods: "
            + str(data["disposition"])
        ),
    ),
    Events.DELIVERY_CANCELLED: EventSpec(
        1, "warn", DeliveryCancelled,
        lambda data: (
            "Delivery cancelled by "
            + str(data["cancelled_by"])
            + " ("
            + str(data["stage"])
            + "): "
            + str(data["reason"])
        ),
    ),
    Events.DELIVERY_RETURN_COMPLETED: EventSpec(
        1, "info", DeliveryReturnCompleted,
        lambda data: (
            "Goods back at the merchant"
            + (" after " + number(data["total_s"]) + " s" if "total_s" in data else "")
            + (": " + str(data["reason"]) if "reason" in data else "")
        ),
    ),
    Events.ROBOT_STATE_CHANGED: EventSpec(
        1, "info", RobotStateChanged,
        lambda data: (
            "State "
            + (str(data["from_state"]) + " to " if "from_state" in data else "")
            + str(data["to_state"])
            + (", reason " + str(data["reason"]) if "reason" in data else "")
        ),
    ),
    Events.ROBOT_HEARTBEAT: EventSpec(
        1, "info", RobotHeartbeat,
        lambda data: (
            "Alive in state "
            + str(data["state"])
            + (", battery " + number(data["battery_pct"]) + " %" if "battery_pct" in data else "")
        ),
    ),
    Events.ROBOT_ERROR: EventSpec(
        1, "error", RobotError,
        lambda data: (
            "Error "
            + str(data["error_code"])
            + " of "
            + str(data["component"])
            + ", "
            + str(data["severity"])
            + ", failure: "
            + yes_no(data["is_failure"])
        ),
    ),
    Events.ROBOT_ERROR_CLEARED: EventSpec(
        1, "info", RobotErrorCleared,
        lambda data: (
            "Error "
            + str(data["error_code"])
            + " cleared by "
            + str(data["resolution"])
            + (" after " + number(data["down_s"]) + " s" if "down_s" in data else "")
        ),
    ),
    Events.ROBOT_CONNECTION_LOST: EventSpec(
        1, "warn", RobotConnectionLost,
        lambda data: (
            "Unreachable, last seen "
            + second(data["last_seen_at"])
        ),
    ),
    Events.ROBOT_CONNECTION_RESTORED: EventSpec(
        1, "info", RobotConnectionRestored,
        lambda data: (
            "Reachable again after "
            + number(data["gap_s"])
            + " s"
        ),
    ),
    Events.ROBOT_STUCK: EventSpec(
        1, "warn", RobotStuck,
        lambda data: (
            "Stuck"
            + (" for " + number(data["stuck_s"]) + " s" if "stuck_s" in data else "")
            + ": "
            + str(data["cause"])
        ),
    ),
    Events.ROBOT_LID_CHANGED: EventSpec(
        1, "info", RobotLidChanged,
        lambda data: (
            "Lid "
            + str(data["to"])
            + (" by " + str(data["actor"]) if "actor" in data else "")
        ),
    ),
    Events.ROBOT_SAFETY_EVENT: EventSpec(
        1, "error", RobotSafetyEvent,
        lambda data: (
            "Safety: "
            + str(data["kind"])
            + ", "
            + str(data["severity"])
        ),
    ),
    Events.ROBOT_MAINTENANCE_STARTED: EventSpec(
        1, "info", RobotMaintenanceStarted,
        lambda data: (
            str(data["work_type"])
            + " work began"
            + (" at " + str(data["location"]) if "location" in data else "")
        ),
    ),
    Events.ROBOT_MAINTENANCE_COMPLETED: EventSpec(
        1, "info", RobotMaintenanceCompleted,
        lambda data: (
            str(data["work_type"])
            + " work done"
            + (" after " + number(data["duration_s"]) + " s" if "duration_s" in data else "")
        ),
    ),
    Events.ROBOT_SOFTWARE_UPDATED: EventSpec(
        1, "info", RobotSoftwareUpdated,
        lambda data: (
            "Update of "
            + str(data["component"])
            + (" from " + str(data["from_version"]) if "from_version" in data else "")
            + " to "
            + str(data["to_version"])
            + ": "
            + str(data["result"])
        ),
    ),
    Events.PILOT_HELP_REQUESTED: EventSpec(
        1, "info", PilotHelpRequested,
        lambda data: (
            "Pilot asked for: "
            + str(data["cause"])
            + (", priority " + str(data["priority"]) if "priority" in data else "")
        ),
    ),
    Events.PILOT_SESSION_STARTED: EventSpec(
        1, "info", PilotSessionStarted,
        lambda data: (
            str(data["pilot_id"])
            + " connected"
            + (" after " + number(data["queue_s"]) + " s" if "queue_s" in data else "")
            + (": " + str(data["cause"]) if "cause" in data else "")
        ),
    ),
    Events.PILOT_CONTROL_CHANGED: EventSpec(
        1, "info", PilotControlChanged,
        lambda data: (
            "Control "
            + str(data["from_mode"])
            + " to "
            + str(data["to_mode"])
            + (": " + str(data["cause"]) if "cause" in data else "")
        ),
    ),
    Events.PILOT_SESSION_ENDED: EventSpec(
        1, "info", PilotSessionEnded,
        lambda data: (
            str(data["pilot_id"])
            + " left"
            + (" after " + number(data["duration_s"]) + " s" if "duration_s" in data else "")
            + (", " + number(data["remote_s"]) + " s driven remotely" if "remote_s" in data else "")
            + ": "
            + str(data["outcome"])
        ),
    ),
    Events.PILOT_SHIFT_CHANGED: EventSpec(
        1, "info", PilotShiftChanged,
        lambda data: (
            str(data["pilot_id"])
            + " is "
            + str(data["status"])
            + (" at " + str(data["site"]) if "site" in data else "")
        ),
    ),
    Events.RELEASE_DEPLOYED: EventSpec(
        1, "info", ReleaseDeployed,
        lambda data: (
            str(data["kind"])
            + " of "
            + str(data["component"])
            + " "
            + str(data["version"])
            + (", before " + str(data["previous_version"]) if "previous_version" in data else "")
        ),
    ),
    Events.TELEMETRY_EVENT_REJECTED: EventSpec(
        1, "warn", TelemetryEventRejected,
        lambda data: (
            "Event "
            + str(data["rejected_name"])
            + " does not fit the registry"
        ),
    ),
    Events.TELEMETRY_EMITTER_RESTARTED: EventSpec(
        1, "info", TelemetryEmitterRestarted,
        lambda data: (
            "Logging restarted after event "
            + number(data["last_seq"])
            + " of "
            + str(data["last_emitter_id"])
        ),
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

    @overload
    def event(
        self, event: Literal[Events.TELEMETRY_EMITTER_RESTARTED], data: TelemetryEmitterRestarted
    ) -> str: ...
