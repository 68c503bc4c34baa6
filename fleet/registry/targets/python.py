"""The typed events of the Python package, and what `fleet` itself uses of the registry."""

from __future__ import annotations

import json

from fleet.registry.schema import LIST_ITEMS, Event, EventField, Registry
from fleet.registry.summary_template import read_summary
from fleet.registry.targets.common import quoted_words, render

ENVELOPE_TYPES = {
    "id": "str",
    "string": "str",
    "int": "int",
    "bool": "bool",
    "timestamp": "str",
    "object": "Mapping[str, object]",
}


def files(registry: Registry) -> dict[str, str]:
    """`clients/python/src/fleet_events/events.py` and `fleet/registry_constants.py`."""
    return {
        "clients/python/src/fleet_events/events.py": render(
            "events.py.j2",
            registry,
            envelope_type=ENVELOPE_TYPES.__getitem__,
            payload_type=lambda field: payload_type(field, registry),
            python_summary=python_summary,
        ),
        "fleet/registry_constants.py": render("registry_constants.py.j2", registry),
    }


def python_summary(event: Event) -> str:
    """The event's summary as a Python expression over `data`, a payload that fits.

    Written out rather than filled in from the template: the logger runs it for every line.
    """
    expressions: list[str] = []
    for part in read_summary(event.summary):
        pieces = []
        for literal, name in part.pieces:
            if literal:
                pieces.append(json.dumps(literal, ensure_ascii=False))
            if name is not None:
                pieces.append(_python_text(event, name))
        if part.optional:
            present = " and ".join(f'"{name}" in data' for name in dict.fromkeys(part.names))
            pieces = [f'({" + ".join(pieces)} if {present} else "")']
        expressions += pieces
    return "\n            + ".join(expressions)


def _python_text(event: Event, name: str) -> str:
    value = f'data["{name}"]'
    match event.fields[name].type if name in event.fields else "id":
        case "int" | "number":
            return f"number({value})"
        case "bool":
            return f"yes_no({value})"
        case "timestamp":
            return f"second({value})"
        case _:
            return f"str({value})"


def payload_type(field: EventField, registry: Registry) -> str:
    """Type of a payload field, as written in the generated module."""
    if field.of == "robot_states":
        return "RobotState"
    if field.of == "downtime_reasons":
        return "DowntimeReason"
    match field.type:
        case "id":
            return "Id"
        case "string":
            return f"Annotated[str, Meta(max_length={field.length})]"
        case "list[string]":
            item = f"Annotated[str, Meta(max_length={field.length})]"
            return f"Annotated[list[{item}], Meta(max_length={LIST_ITEMS})]"
        case "int":
            low, high = field.bounds
            return f"Annotated[int, Meta(ge={low}, le={high})]"
        case "number":
            return f"Annotated[float, Meta(ge={field.min}, le={field.max})]"
        case "enum":
            return literal_type(registry.values(field))
        case _:
            return {"bool": "bool", "timestamp": "Timestamp"}[field.type]


def literal_type(values: list[str]) -> str:
    return f"Literal[\n{quoted_words(values, 8)}\n    ]"
