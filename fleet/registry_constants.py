"""What `fleet` uses of the registry without reading it: quarantine reasons and funnel steps.

Generated from registry/ by `fleet registry generate`; do not edit.
"""
# fmt: off

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class QuarantineReason(StrEnum):
    """Why a line is quarantined, in the order of the checks; docs/events.md explains each."""

    MALFORMED = "malformed"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    MISSING_EVENT_ID = "missing_event_id"
    UNKNOWN_EVENT = "unknown_event"
    BAD_TIMESTAMP = "bad_timestamp"
    MISSING_REQUIRED = "missing_required"
    BAD_TYPE = "bad_type"
    BAD_VALUE = "bad_value"
    REFUSED_AT_SOURCE = "refused_at_source"


@dataclass(frozen=True)
class FunnelStep:
    """A step of a delivery.

    Attributes:
        name: its name in the registry.
        title: what people read.
        column: when it was reached.
        count: column of delivery_funnel_daily with the orders that reached it; None where the step
            is no stage of the funnel.
        leg: column with the seconds from the stage before.
    """

    name: str
    title: str
    column: str
    count: str | None
    leg: str | None


FUNNEL_STEPS: Final = (
    FunnelStep(
        name="order_created",
        title="Order",
        column="order_created_at",
        count="eligible_count",
        leg=None,
    ),
    FunnelStep(
        name="dispatched",
        title="Dispatch",
        column="dispatched_at",
        count="dispatched_count",
        leg="order_to_dispatch_seconds",
    ),
    FunnelStep(
        name="pickup_arrived",
        title="At the merchant",
        column="pickup_arrived_at",
        count=None,
        leg=None,
    ),
    FunnelStep(
        name="pickup_completed",
        title="Pickup",
        column="pickup_completed_at",
        count="picked_up_count",
        leg="dispatch_to_pickup_seconds",
    ),
    FunnelStep(
        name="dropoff_arrived",
        title="At the customer",
        column="dropoff_arrived_at",
        count=None,
        leg=None,
    ),
    FunnelStep(
        name="dropoff_completed",
        title="Dropoff",
        column="dropoff_completed_at",
        count="dropped_off_count",
        leg="pickup_to_dropoff_seconds",
    ),
)
