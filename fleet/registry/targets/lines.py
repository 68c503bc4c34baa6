"""The log line of an event as JSON Schema describes it, and an example of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fleet_events.texts import number, second, yes_no

from fleet.registry.schema import (
    ID_LENGTH,
    LIST_ITEMS,
    EnvelopeKey,
    Event,
    EventField,
    Registry,
)
from fleet.registry.summary_template import read_summary
from fleet.registry.targets.common import described

Schema = dict[str, Any]

# RFC 3339 with seconds and an offset of at most 14 hours; json_timestamp() in dbt has the same. The
# first and the last year without an offset, which leads out of the years that programs know. The
# date-time format knows the days of a month.
_DAY_AND_TIME = "-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
TIME_PATTERN = (
    "^((000[2-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
    f"{_DAY_AND_TIME}(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)|(0001|9999){_DAY_AND_TIME}Z)$"
)
TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": TIME_PATTERN,
}
EVENT_ID = "01a207a2-32fb-7c3a-9d5b-2b1f0c9e4a11"
OCCURRED_AT = "2026-11-23T09:00:00.123Z"


def line_schema(event: Event, registry: Registry) -> Schema:
    """JSON Schema 2020-12 of a line with a valid event of this kind.

    The envelope may grow, so that unknown keys on top are allowed. An id that is not of the event
    and an unknown field in `data` are not.
    """
    ids = registry.event_ids(event)
    needs_data = any(field.required for field in event.fields.values())
    properties: dict[str, Any] = envelope(event, registry)
    registry_version = properties.pop("registry_version")
    for name in registry.ids:
        properties[name] = id_schema(name, registry) if name in ids else False
    properties["registry_version"] = registry_version
    properties["data"] = data_schema(event, registry)
    optional = {key.name for key in registry.envelope if not key.required}
    optional |= {name for name in registry.ids if ids.get(name) != "required"}
    if not needs_data:
        optional.add("data")
    return {
        "title": event.class_name,
        "description": event.brief,
        **({"deprecated": True} if event.deprecated else {}),
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def envelope(event: Event, registry: Registry) -> dict[str, Schema]:
    """What a line says besides ids and payload: key to schema, in the order of the line."""
    constants: dict[str, object] = {"evt.name": event.name, "evt.valid": True}
    properties: dict[str, Schema] = {}
    for key in registry.envelope:
        if key.type == "object":
            inner = registry.envelope_below(key.name)
            required = [inside.path[1] for inside in inner if inside.required]
            properties[key.name] = {
                "type": "object",
                "description": key.brief,
                **({"required": required} if required else {}),
                "properties": {
                    inside.path[1]: key_schema(inside, constants.get(inside.name))
                    for inside in inner
                },
            }
            if key.name == "evt":
                # An older version is read too; a newer one breaks readers that do not know it.
                properties["evt"]["properties"]["version"]["maximum"] = event.version
        elif len(key.path) == 1:
            properties[key.name] = key_schema(key, constants.get(key.name))
    return properties


def key_schema(key: EnvelopeKey, constant: object = None) -> Schema:
    """What the value of a key must be: the constant, where there is one."""
    description = {"description": key.brief}
    if constant is not None:
        return {"const": constant, **description}
    match key.type:
        case "int":
            return {"type": "integer", "minimum": key.low, "maximum": key.high, **description}
        case "bool":
            return {"type": "boolean", **description}
        case "timestamp":
            return TIME | description
        case "id":
            # No blank at an end: Redshift's comparisons leave trailing ones out.
            ends = {"pattern": r"^[^ ]([\s\S]*[^ ])?$"}
            return {"type": "string", "maxLength": key.width, **description, **ends}
        case _:
            return {"type": "string", "maxLength": key.width, **description}


def id_schema(name: str, registry: Registry) -> Schema:
    kind = registry.ids[name]
    return {"description": kind.brief, **_id(kind.prefix or "")}


def data_schema(event: Event, registry: Registry) -> Schema:
    """The payload: every field of the event, and no other."""
    required = [name for name, field in event.fields.items() if field.required]
    return {
        "type": "object",
        "description": "Payload of the event.",
        **({"required": required} if required else {}),
        "properties": {
            name: {"description": described(name, field), **field_schema(field, registry)}
            for name, field in event.fields.items()
        },
        "additionalProperties": False,
    }


def field_schema(field: EventField, registry: Registry) -> Schema:
    """What a value of the field must be."""
    match field.type:
        case "id":
            return _id()
        case "string":
            return {"type": "string", "maxLength": field.length}
        case "list[string]":
            item = {"type": "string", "maxLength": field.length}
            return {"type": "array", "maxItems": LIST_ITEMS, "items": item}
        case "int":
            low, high = field.bounds
            return {"type": "integer", "minimum": low, "maximum": high}
        case "number":
            return {"type": "number", "minimum": field.min, "maximum": field.max}
        case "enum":
            return {"type": "string", "enum": registry.values(field)}
        case "bool":
            return {"type": "boolean"}
        case "timestamp":
            return dict(TIME)


def _id(prefix: str = "") -> Schema:
    """Printable ASCII, no blank at an end, more than the prefix.

    A column is as wide in bytes as such an id is long in characters; and trailing blanks do not
    count in Redshift's comparisons.
    """
    pattern = f"^{prefix}[ -~]*[!-~]$" if prefix else "^[!-~]([ -~]*[!-~])?$"
    return {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": pattern}


def example_line(event: Event, registry: Registry) -> dict[str, Any]:
    """The event's example as the line that the logger writes of it."""
    given: dict[str, Any] = {
        name: _time_text(datetime.fromisoformat(str(value)))
        if name in event.fields and event.fields[name].type == "timestamp"
        else value
        for name, value in event.example.items()
    }
    data = {name: given[name] for name in event.fields if name in given}
    return {
        "event_id": EVENT_ID,
        "evt": {"name": event.name, "version": event.version, "valid": True},
        "occurred_at": OCCURRED_AT,
        "service": event.owner,
        "env": "prod",
        "version": "4.2.1",
        "emitter_id": f"{event.owner}/host-1/b7f3",
        "seq": 1,
        "status": event.severity,
        "message": summary_text(event, given),
        **{name: given[name] for name in registry.ids if name in given},
        "registry_version": registry.version,
        **({"data": data} if data else {}),
    }


def summary_text(event: Event, given: dict[str, Any]) -> str:
    """The event's summary, filled in."""
    words = []
    for part in read_summary(event.summary):
        if part.optional and not given.keys() >= set(part.names):
            continue
        for literal, name in part.pieces:
            words.append(literal)
            if name is not None:
                words.append(_text(event, name, given[name]))
    return "".join(words)


# fleet_events.check has the same, but imports the generated module that may be out of order.
def _time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def _text(event: Event, name: str, value: Any) -> str:
    match event.fields[name].type if name in event.fields else "id":
        case "int" | "number":
            return number(value)
        case "bool":
            return yes_no(value)
        case "timestamp":
            return second(value)
        case _:
            return str(value)
