"""Vector's part: the registry's checks in Vector Remap Language."""

from __future__ import annotations

import json

from fleet.errors import FleetError
from fleet.registry.schema import (
    LARGEST_INT,
    LIST_ITEMS,
    QUARANTINE_FILE,
    EnvelopeKey,
    Event,
    EventField,
    Registry,
)
from fleet.registry.targets.common import quoted, render
from fleet.registry.targets.lines import TIME_PATTERN

CHECKS = "pipeline/vector/programs/event_checks.vrl"
TEMPLATE = "event_checks.vrl.j2"


def files(registry: Registry) -> dict[str, str]:
    """`pipeline/vector/programs/event_checks.vrl`."""

    def required_ids(event: Event) -> str:
        needs = registry.event_ids(event).items()
        return json.dumps([name for name, need in needs if need == "required"])

    reasons = {reason.name for reason in registry.quarantine_reasons}

    def reason(name: str) -> str:
        if name not in reasons:
            raise FleetError(
                f"{QUARANTINE_FILE} has no reason {name}, which Vector's checks give: change "
                f"fleet/registry/templates/{TEMPLATE} with it."
            )
        return quoted(name)

    apart = ("event_id", "evt", "evt.name", "occurred_at", "received_at")
    keys = [key for key in registry.envelope if key.name not in apart]
    # As dbt has them: what has a value, then the objects.
    keys = [key for key in keys if key.type != "object"] + [k for k in keys if k.type == "object"]

    return {
        CHECKS: render(
            TEMPLATE,
            registry,
            keys=keys,
            key_limits=key_limits,
            limits=lambda field: field_limits(field, registry),
            carried_ids=lambda event: json.dumps(list(registry.event_ids(event))),
            required_ids=required_ids,
            required_fields=required_fields,
            reason=reason,
            event_id=registry.envelope_by_name["event_id"],
            event_name=registry.envelope_by_name["evt.name"],
            largest_int=LARGEST_INT,
            time_pattern=TIME_PATTERN,
            list_items=LIST_ITEMS,
        )
    }


def key_limits(key: EnvelopeKey) -> str:
    """What a value of a key of the envelope must be, as keys of an object in VRL."""
    match key.type:
        case "int":
            return f'"type": "int", "min": {float(key.low)}, "max": {float(key.high)}'
        case "id" | "string":
            is_blunt = "true" if key.type == "id" else "false"
            return f'"type": "key", "width": {key.width}, "is_blunt": {is_blunt}'
        case _:
            return f'"type": "{key.type}"'


def field_limits(field: EventField, registry: Registry) -> str:
    """What a value of a field must be, as keys of an object in VRL."""
    low, high = map(float, field.bounds)
    match field.type:
        case "int" | "number":
            return f'"type": "{field.type}", "min": {low}, "max": {high}'
        case "enum":
            return f'"type": "enum", "values": {json.dumps(registry.values(field))}'
        case "string":
            return f'"type": "string", "length": {field.length}'
        case "list[string]":
            return f'"type": "list", "length": {field.length}, "width": {field.width}'
        case _:
            return f'"type": "{field.type}"'


def required_fields(event: Event) -> str:
    return json.dumps([name for name, field in event.fields.items() if field.required])
