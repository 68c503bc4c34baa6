"""The dbt project's part: seeds, macros and staging models."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import get_args

from fleet.registry.monitoring import sql_condition
from fleet.registry.schema import (
    LIST_ITEMS,
    MEANINGS,
    Event,
    EventField,
    Registry,
    StateMark,
    Trouble,
)
from fleet.registry.targets.common import described, render

STAGING = "models/staging/event_log"

# Columns that the base models add to those of the line.
DATES = {
    "event_date": "UTC day of event_at.",
    "event_at": "When it happened (UTC): by the emitter's clock, corrected for its offset.",
}
LOADED_AT = {"loaded_at": "When it was loaded (UTC)."}
UNCERTAINTY = {
    "event_at_uncertainty_ms": "How far event_at may be off, in milliseconds; NULL where nothing"
    " bounds it.",
}
COLUMN_GROUPS = {
    "id": "ids",
    "string": "text",
    "enum": "text",
    "list[string]": "text",
    "int": "numerics",
    "number": "numerics",
    "bool": "booleans",
    "timestamp": "timestamps",
}


def files(registry: Registry) -> dict[str, str]:
    """Seeds, macros, and a staging model for each stream."""
    made = {
        "macros/registry/registry.sql": render(
            "registry.sql.j2",
            registry,
            required_columns=lambda event: required_columns(event, registry),
            jinja_list=jinja_list,
            state_marks=get_args(StateMark),
            states_marked=lambda mark: [
                state.name for state in registry.robot_states if mark in state.marks
            ],
            troubles=get_args(Trouble),
            meanings=MEANINGS,
            reasons_of=lambda trouble: [
                reason.name for reason in registry.downtime_reasons if reason.trouble == trouble
            ],
            limits=lambda field: limits(field, registry),
            is_apart=lambda key: (
                len(key.path) > 1 and not registry.envelope_by_name[key.path[0]].required
            ),
        ),
        "macros/registry/metrics.sql": render(
            "metrics.sql.j2", registry, sql_condition=lambda metric: sql_condition(metric, registry)
        ),
        f"{STAGING}/_event_log__streams.yml": render(
            "streams.yml.j2",
            registry,
            stream_columns=lambda events: stream_columns(events, registry),
        ),
        "seeds/_seeds.yml": render("seeds.yml.j2", registry),
    }
    for stream, events in registry.streams.items():
        made[f"{STAGING}/stg_event_log__{stream}_events.sql"] = render(
            "stg_events.sql.j2",
            registry,
            stream=stream,
            columns=stream_columns(events, registry),
            fields={registry.column(name) for event in events for name in event.fields},
        )
    for name, rows in seeds(registry).items():
        made[f"seeds/{name}.csv"] = rows
    return made


# ---------------------------------------------------------------- seeds


def seeds(registry: Registry) -> dict[str, str]:
    """The seeds as CSV text, by name."""
    return {
        "event_registry": _csv(
            "event_name,stream,event_version,brief,severity,owner,stability,is_sign_of_life,"
            "ends_delivery,funnel_step",
            [
                (
                    event.name,
                    event.stream,
                    event.version,
                    event.brief,
                    event.severity,
                    event.owner,
                    event.stability,
                    event.roles.sign_of_life,
                    event.roles.ends_delivery,
                    event.roles.funnel_step,
                )
                for event in registry.events
            ],
        ),
        "robot_states": _csv(
            "state,brief,usable,state_class,activity,is_operating,expects_heartbeat,is_derived,"
            "mds_vehicle_state",
            [
                (
                    state.name,
                    state.brief,
                    state.usable,
                    state.state_class,
                    state.activity,
                    state.operating,
                    state.expects_heartbeat,
                    state.derived,
                    state.mds_vehicle_state,
                )
                for state in registry.robot_states
            ],
        ),
        "robot_state_transitions": _csv("from_state,to_state", registry.transitions),
        "downtime_reasons": _csv(
            "reason,reason_class,brief",
            [
                (reason.name, reason.reason_class, reason.brief)
                for reason in registry.downtime_reasons
            ],
        ),
    }


def _csv(header: str, rows: Sequence[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    for row in rows:
        writer.writerow(str(value).lower() if isinstance(value, bool) else value for value in row)
    return text.getvalue()


# ---------------------------------------------------------------- staging models


def stream_columns(events: list[Event], registry: Registry) -> dict[str, dict[str, str]]:
    """Columns of a stream's model and their descriptions, by group, in the order of the model."""
    envelope: dict[str, dict[str, str]] = {group: {} for group in COLUMN_GROUPS.values()}
    for key in registry.envelope_values:
        if key.staged:
            envelope[COLUMN_GROUPS[key.type]][key.column] = key.brief
    carried = {name for event in events for name in registry.event_ids(event)}
    event_id = {"event_id": envelope["ids"].pop("event_id")}
    ids = {name: kind.brief for name, kind in registry.ids.items() if name in carried}
    groups = envelope | {
        "ids": event_id | ids | envelope["ids"],
        "numerics": envelope["numerics"] | UNCERTAINTY,
        "timestamps": DATES | envelope["timestamps"] | LOADED_AT,
    }
    for name, field in registry.distinct_fields(events):
        group = groups[COLUMN_GROUPS[field.type]]
        # One event's words would be wrong for a column that several events share.
        briefs = {event.fields[name].brief: event for event in events if name in event.fields}
        if len(briefs) == 1:
            group[registry.column(name)] = described(name, field)
        else:
            group[registry.column(name)] = " ".join(
                f"{event.name}: {described(name, event.fields[name])}" for event in briefs.values()
            )
    return groups


# ---------------------------------------------------------------- SQL


def jinja_list(values: Iterable[str]) -> str:
    """The values as a list in a dbt macro."""
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def limits(field: EventField, registry: Registry) -> str:
    """What a value of the field may be beside its type, as keys of a dict in a dbt macro."""
    low, high = field.bounds
    match field.type:
        case "int" | "number":
            return f"'min': {low}, 'max': {high}"
        case "enum":
            return f"'values': {jinja_list(registry.values(field))}"
        case "id":
            return f"'width': {field.width}, 'prefix': ''"
        case "string":
            return f"'length': {field.length}"
        case "list[string]":
            return f"'length': {field.length}, 'items': {LIST_ITEMS}, 'width': {field.width}"
        case _:
            return "'width': none"


def required_columns(event: Event, registry: Registry) -> list[str]:
    """Columns of the base model that must not be null for this event."""
    ids = [name for name, need in registry.event_ids(event).items() if need == "required"]
    fields = [registry.column(name) for name, field in event.fields.items() if field.required]
    return ids + fields
