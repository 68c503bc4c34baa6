"""Vector's part: the registry's checks in Vector Remap Language."""

from __future__ import annotations

import json

from fleet.errors import FleetError
from fleet.registry.schema import QUARANTINE_FILE, Event, EventField, Registry
from fleet.registry.targets.common import quoted, render

CHECKS = "pipeline/vector/programs/event_checks.vrl"
TEMPLATE = "event_checks.vrl.j2"
KINDS = {
    "id": "text",
    "string": "text",
    "enum": "text",
    "list[string]": "list",
}


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

    # As wide as the column, which events with a field of the same name share.
    widths = {name: field.width for name, field in registry.distinct_fields()}

    return {
        CHECKS: render(
            TEMPLATE,
            registry,
            kind=kind,
            widths=widths,
            carried_ids=lambda event: json.dumps(list(registry.event_ids(event))),
            required_ids=required_ids,
            required_fields=required_fields,
            reason=reason,
            event_id=registry.envelope_by_name["event_id"],
        )
    }


def kind(field: EventField) -> str:
    """What the check of a field distinguishes: text, list, number, int, bool or timestamp."""
    return KINDS.get(field.type, field.type)


def required_fields(event: Event) -> str:
    return json.dumps([name for name, field in event.fields.items() if field.required])
