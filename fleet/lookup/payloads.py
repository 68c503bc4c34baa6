"""What one event carries: the fields that the registry gives it, and those nobody registered."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from fleet_events.events import SPECS, Events

from fleet.lookup.stores import Row

Fields = dict[str, Any]


def payload_fields(event_name: str, data: str | None) -> tuple[Fields, Fields]:
    """The registered fields of a payload, in the registry's order, and the others.

    `data`: the payload as JSON; text that is none has no fields.
    """
    try:
        found = json.loads(data or "{}")
    except ValueError:
        return {}, {}
    if not isinstance(found, dict):
        return {}, {}
    try:
        known = SPECS[Events(event_name)].payload.__annotations__
    except ValueError:
        known = {}
    registered = {name: found[name] for name in known if name in found}
    return registered, {name: value for name, value in found.items() if name not in registered}


def data_of(payload: Row | None) -> str | None:
    """The payload of a row of event_payloads; none where there is no row."""
    return payload["data"] if payload else None


def json_value(value: object) -> object:
    """A value of the marts as JSON has it: times in ISO 8601 UTC, decimals as numbers."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value) if hasattr(value, "isoformat") else value


def json_row(row: Row) -> Fields:
    """A row of the marts as an object of JSON; its columns are its keys."""
    return {name: json_value(value) for name, value in row.items()}


def event_object(event: Row, payload: Row | None) -> Fields:
    """An event with its payload: the columns of event_timeline, `data`, and `unregistered`."""
    registered, extra = payload_fields(event["event_name"], data_of(payload))
    return {**json_row(event), "data": registered, "unregistered": extra}
