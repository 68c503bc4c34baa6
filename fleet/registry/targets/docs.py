"""The reference page: every event with its fields, units, owner and an example."""

from __future__ import annotations

import json

from fleet.registry.schema import (
    LIST_ITEMS,
    EnvelopeKey,
    Event,
    EventField,
    Registry,
    unit,
)
from fleet.registry.targets.common import render
from fleet.registry.targets.lines import example_line

PATH = "docs/events.md"


def files(registry: Registry) -> dict[str, str]:
    """`docs/events.md`."""
    return {
        PATH: render(
            "events.md.j2",
            registry,
            envelope_row=envelope_row,
            anchor=lambda name: name.replace(".", ""),
            facts=facts,
            rows=lambda event: rows(event, registry),
            example=lambda event: json.dumps(example_line(event, registry), ensure_ascii=False),
        )
    }


def facts(event: Event) -> str:
    """What holds for the event as a whole, in one line."""
    words = [
        f"version {event.version}",
        event.stability,
        f"owner {event.owner}",
        f"severity {event.severity}",
    ]
    if event.roles.funnel_step:
        words.append(f"funnel step `{event.roles.funnel_step}`")
    if event.roles.ends_delivery:
        words.append(f"ends the delivery as {event.roles.ends_delivery}")
    if event.roles.sign_of_life:
        words.append("sign of life of the robot")
    if event.mds:
        words.append(f"MDS `{event.mds.event_type}`")
    return " · ".join(words)


def envelope_row(key: EnvelopeKey) -> str:
    """A row of the table of the envelope."""
    kind = f"{key.type}, at most {key.width} bytes" if key.width else key.type
    column = "" if key.type == "object" else f"`{key.column}`"
    return _row(f"`{key.name}`", kind, "", key.requirement, column, key.brief)


def rows(event: Event, registry: Registry) -> list[str]:
    """The table of the event's ids and fields."""
    ids = [
        _row(f"`{name}`", "id", "", need, f"`{name}`", registry.ids[name].brief)
        for name, need in registry.event_ids(event).items()
    ]
    fields = [
        _row(
            f"`data.{name}`",
            words(field, registry),
            unit(name) or "",
            field.requirement,
            f"`{registry.column(name)}`",
            field.brief,
        )
        for name, field in event.fields.items()
    ]
    return [*ids, *fields]


def words(field: EventField, registry: Registry) -> str:
    """The type of a field and its limits."""
    match field.type:
        case "enum" if field.of == "robot_states":
            return "a [robot state](#robot-states)"
        case "enum" if field.of == "downtime_reasons":
            return "a [downtime reason](#downtime-reasons)"
        case "enum":
            return "one of " + ", ".join(f"`{value}`" for value in registry.values(field))
        case "string":
            return f"text, at most {field.length} characters"
        case "list[string]":
            return f"at most {LIST_ITEMS} texts of at most {field.length} characters"
        case "int" | "number":
            kind = "whole number" if field.type == "int" else "number"
            match field.min, field.max:
                case None, None:
                    return kind
                case low, None:
                    return f"{kind} from {low}"
                case None, high:
                    return f"{kind} to {high}"
                case low, high:
                    return f"{kind} {low} to {high}"
        case "bool":
            return "true or false"
        case "timestamp":
            return "time (UTC)"
    return "id"


def _row(name: str, kind: str, in_unit: str, need: str, column: str, brief: str) -> str:
    cells = [name, kind, in_unit, need, column, brief]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
