"""Writes what follows from the registry: typed events, seeds, macros and staging models."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from fleet_events.registry.schema import (
    ID_LENGTH,
    LIST_ITEMS,
    TEXT_LENGTH,
    Event,
    EventField,
    Registry,
    column_name,
    unit,
)
from fleet_events.registry.summary import read_summary

MARK = "Generated from registry/ by `fleet registry generate`; do not edit."
STAGING = "models/staging/event_log"

# Whole numbers beyond this are not exact in JSON readers that use doubles.
LARGEST_INT = 2**53 - 1

ENVELOPE = {
    "ids": {"event_id": "Id of the event, a UUIDv7."},
    "text": {
        "event_name": "Registered name of the event.",
        "service": "Service or robot program that logged it.",
        "env": "Environment it ran in.",
        "service_version": "Version of the service.",
        "emitter_id": "One run of one service on one host: service/host/boot.",
    },
    "numerics": {"seq": "Number of the event among those of the emitter, from 1."},
    "booleans": {},
    "timestamps": {
        "event_date": "UTC day of event_at.",
        "event_at": "When it happened (UTC), corrected where the emitter's clock ran ahead.",
        "occurred_at": "When it happened by the emitter's clock (UTC).",
        "received_at": "When the log transport got it (UTC).",
        "loaded_at": "When it was loaded (UTC).",
    },
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


def generate(registry: Registry) -> dict[str, str]:
    """Every generated file: path below the project, with `/`, to its text."""
    environment = Environment(
        loader=PackageLoader("fleet_events.registry"),
        # The templates write Jinja for dbt, so their own marks differ from dbt's.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "mark": MARK,
        "registry": registry,
        "column_name": column_name,
        "described": described,
        "payload_type": lambda field: payload_type(field, registry),
        "quoted_words": quoted_words,
        "quoted": lambda text: json.dumps(text, ensure_ascii=False),
        "required_columns": lambda event: required_columns(event, registry),
        "python_summary": python_summary,
        "sql_summary": sql_summary,
        "python_list": lambda values: "[" + ", ".join(f"'{value}'" for value in values) + "]",
        "stream_columns": lambda events: stream_columns(events, registry),
        "id_length": ID_LENGTH,
        "text_length": 4 * TEXT_LENGTH,
    }

    def render(template: str, **names: object) -> str:
        return environment.get_template(template).render(**names)

    files = {
        "fleet_events/events.py": render("events.py.j2"),
        "macros/registry/registry.sql": render("registry.sql.j2"),
        "macros/registry/event_summary.sql": render("event_summary.sql.j2"),
        f"{STAGING}/_event_log__streams.yml": render("streams.yml.j2"),
        "seeds/_seeds.yml": render("seeds.yml.j2"),
    }
    for stream, events in registry.streams.items():
        files[f"{STAGING}/stg_event_log__{stream}_events.sql"] = render(
            "stg_events.sql.j2", stream=stream, columns=stream_columns(events, registry)
        )
    for name, rows in seeds(registry).items():
        files[f"seeds/{name}.csv"] = rows
    return files


def write_generated(project_dir: Path, registry: Registry, *, check: bool = False) -> list[str]:
    """Bring the generated files up to date, removing those of streams that are gone.

    With `check` nothing is changed. Returns the paths that differed.
    """
    files = generate(registry)
    changed = []
    for path, text in files.items():
        target = project_dir / path
        if not target.is_file() or target.read_bytes() != text.encode():
            changed.append(path)
            if not check:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode())
    for model in sorted((project_dir / STAGING).glob("stg_event_log__*_events.sql")):
        path = model.relative_to(project_dir).as_posix()
        if path not in files and MARK in model.read_text("utf-8"):
            changed.append(path)
            if not check:
                model.unlink()
    return changed


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
        "event_fields": _csv(
            "event_name,field_name,column_name,field_kind,field_type,unit,is_required,brief",
            [row for event in registry.events for row in _field_rows(event, registry)],
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


def _field_rows(event: Event, registry: Registry) -> list[tuple[object, ...]]:
    ids = [
        (event.name, name, name, "id", "id", None, need == "required", registry.ids[name].brief)
        for name, need in registry.event_ids(event).items()
    ]
    fields = [
        (
            event.name,
            name,
            column_name(name),
            "field",
            field.type,
            unit(name),
            field.required,
            field.brief,
        )
        for name, field in event.fields.items()
    ]
    return [*ids, *fields]


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
    groups = {group: dict(columns) for group, columns in ENVELOPE.items()}
    carried = {name for event in events for name in registry.event_ids(event)}
    groups["ids"] |= {name: kind.brief for name, kind in registry.ids.items() if name in carried}
    for name, field in registry.distinct_fields(events):
        group = groups[COLUMN_GROUPS[field.type]]
        # One event's words would be wrong for a column that several events share.
        briefs = {event.fields[name].brief: event for event in events if name in event.fields}
        if len(briefs) == 1:
            group[column_name(name)] = described(name, field)
        else:
            group[column_name(name)] = " ".join(
                f"{event.name}: {described(name, event.fields[name])}" for event in briefs.values()
            )
    return groups


def described(name: str, field: EventField) -> str:
    """What a field is, with its unit."""
    words = unit(name)
    return f"{field.brief.removesuffix('.')} ({words})." if words else field.brief


# ---------------------------------------------------------------- SQL


def required_columns(event: Event, registry: Registry) -> list[str]:
    """Columns of the base model that must not be null for this event."""
    ids = [name for name, need in registry.event_ids(event).items() if need == "required"]
    fields = [column_name(name) for name, field in event.fields.items() if field.required]
    return ids + fields


def sql_summary(event: Event) -> str:
    """The event's summary as a SQL text expression over the typed columns; `?` for a null.

    A part in brackets is left out when a column in it is null.
    """
    expressions: list[str] = []
    for part in read_summary(event.summary):
        pieces = []
        for literal, name in part.pieces:
            if literal:
                pieces.append("'" + literal.replace("'", "''") + "'")
            if name is not None:
                pieces.append(_sql_text(event, name, known=part.optional))
        if part.optional:
            present = " and ".join(
                f"{_sql_column(event, name)} is not null" for name in dict.fromkeys(part.names)
            )
            told = " || ".join(pieces)
            pieces = [f"case when {present} then {told} else '' end"]
        expressions += pieces
    return "\n            || ".join(expressions)


def _sql_column(event: Event, name: str) -> str:
    return column_name(name) if name in event.fields else name


def _sql_text(event: Event, name: str, *, known: bool) -> str:
    """A field or id as readable SQL text; `known` when it cannot be null here."""
    column = _sql_column(event, name)
    match event.fields[name].type if name in event.fields else "id":
        case "int" | "number":
            return f"{{{{ number_text('{column}') }}}}"
        case "bool" if known:
            return f"case when {column} then 'yes' else 'no' end"
        case "bool":
            return f"case when {column} then 'yes' when not {column} then 'no' else '?' end"
        case "timestamp":
            # DuckDB ignores a width, so the cast alone would not cut the fraction there.
            text = f"left(cast({column} as varchar(32)), 19)"
        case _:
            text = column
    return text if known else f"coalesce({text}, '?')"


# ---------------------------------------------------------------- Python


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
            low = -LARGEST_INT if field.min is None else field.min
            high = LARGEST_INT if field.max is None else field.max
            return f"Annotated[int, Meta(ge={low}, le={high})]"
        case "number":
            return f"Annotated[float, Meta(ge={field.min}, le={field.max})]"
        case "enum":
            return literal_type(registry.values(field))
        case _:
            return {"bool": "bool", "timestamp": "Timestamp"}[field.type]


def literal_type(values: list[str]) -> str:
    return f"Literal[\n{quoted_words(values, 8)}\n    ]"


def quoted_words(values: list[str], indent: int) -> str:
    """The values quoted, with commas, wrapped to lines of at most 100 characters."""
    words = " ".join(f'"{value}",' for value in values)
    margin = " " * indent
    return textwrap.fill(
        words, 99, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )
