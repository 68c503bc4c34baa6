"""The typed events of the TypeScript package."""

from __future__ import annotations

from fleet.registry.schema import LIST_ITEMS, Deprecation, Event, EventField, Registry
from fleet.registry.summary_template import read_summary
from fleet.registry.targets.common import quoted, render

ENVELOPE_TYPES = {
    "id": "string",
    "string": "string",
    "int": "number",
    "bool": "boolean",
    "timestamp": "string",
    "object": "object",
}


def files(registry: Registry) -> dict[str, str]:
    """`clients/typescript/src/events.ts`."""
    return {
        "clients/typescript/src/events.ts": render(
            "events.ts.j2",
            registry,
            doc=doc,
            envelope_type=ENVELOPE_TYPES.__getitem__,
            list_items=LIST_ITEMS,
            typescript_type=lambda field: payload_type(field, registry),
            typescript_spec=lambda field: field_spec(field, registry),
            typescript_summary=summary,
        )
    }


def doc(text: str, indent: int, deprecated: Deprecation | None = None) -> str:
    """A documentation comment; editors strike through what it says is deprecated."""
    safe = text.replace("*/", "*\\/")
    if deprecated is None:
        return f"/** {safe} */"
    margin = " " * indent
    sentence = deprecated.sentence.replace("*/", "*\\/")
    return f"/**\n{margin} * {safe}\n{margin} *\n{margin} * @deprecated {sentence}\n{margin} */"


def payload_type(field: EventField, registry: Registry) -> str:
    """Type of a payload field."""
    if field.of == "robot_states":
        return "RobotState"
    if field.of == "downtime_reasons":
        return "DowntimeReason"
    if field.type == "enum":
        return " | ".join(quoted(value) for value in registry.values(field))
    return {
        "bool": "boolean",
        "int": "number",
        "number": "number",
        "timestamp": "Timestamp",
        "list[string]": "readonly string[]",
    }.get(field.type, "string")


def field_spec(field: EventField, registry: Registry) -> str:
    """What the check of a field needs to know, as an object."""
    facts = {"required": "true" if field.required else "false"}
    match field.type:
        case "string":
            facts |= {"type": '"string"', "length": str(field.length)}
        case "list[string]":
            facts |= {"type": '"list"', "length": str(field.length)}
        case "int":
            facts |= {
                "type": '"int"',
                "min": str(field.bounds[0]),
                "max": str(field.bounds[1]),
            }
        case "number":
            facts |= {"type": '"number"', "min": str(field.min), "max": str(field.max)}
        case "enum" if isinstance(field.of, str):
            facts |= {"type": '"enum"', "of": field.of.upper()}
        case "enum":
            values = ", ".join(quoted(value) for value in registry.values(field))
            facts |= {"type": '"enum"', "of": f"[{values}]"}
        case _:
            facts |= {"type": quoted(field.type)}
    return "{ " + ", ".join(f"{name}: {value}" for name, value in facts.items()) + " }"


def summary(event: Event) -> str:
    """The event's summary as an expression over `data`, a payload that fits."""
    expressions: list[str] = []
    for part in read_summary(event.summary):
        pieces = []
        for literal, name in part.pieces:
            if literal:
                pieces.append(quoted(literal))
            if name is not None:
                pieces.append(_text(event, name))
        if part.optional:
            present = " && ".join(f'"{name}" in data' for name in dict.fromkeys(part.names))
            pieces = [f'({present} ? {" + ".join(pieces)} : "")']
        expressions += pieces
    return " +\n      ".join(expressions)


def _text(event: Event, name: str) -> str:
    match event.fields[name].type if name in event.fields else "id":
        case "int" | "number":
            return f"number(data.{name})"
        case "bool":
            return f"yesNo(data.{name})"
        case "timestamp":
            return f"second(data.{name})"
        case _:
            return f"data.{name}"
