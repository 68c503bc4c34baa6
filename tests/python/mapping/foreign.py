"""Writes events as a program that knows nothing of the registry would log them, in three shapes.

Each shape has names, units, words, times and ids of its own, and a mapping that undoes them. They
are put together here from the registry alone, so that every event, id and field is in them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from fleet.registry import Event, EventField, Registry

Line = dict[str, Any]
SHAPES = ("service_json", "status_table", "archive")
ZONE = "America/Los_Angeles"


def camel(name: str) -> str:
    first, *rest = re.split(r"[_.]", name)
    return first + "".join(word.capitalize() for word in rest)


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def without_prefix(name: str, value: str, registry: Registry) -> str:
    return value.removeprefix(registry.ids[name].prefix or "")


def emitter(line: Line) -> dict[str, Any]:
    service, host, boot = line["emitter_id"].split("/")
    return {"service": service, "host": host, "boot": boot}


def dump(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000), "utf-8")
    return path


# ---------------------------------------------------------------- free-form JSON of services


def service_json(lines: Sequence[Line], registry: Registry, folder: Path) -> None:
    """A file for each service; keys in camel case, words in capitals, milliseconds for seconds."""
    files: dict[str, list[str]] = {}
    for line in lines:
        event = registry.by_name[line["evt"]["name"]]
        said: dict[str, Any] = {
            "time": time_of(line["occurred_at"]).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "uid": line["event_id"],
            **emitter(line),
            "no": line["seq"],
            "build": line["version"],
            "gateway": {"in": line.get("received_at"), "out": line.get("sent_at")},
            "uptime": line.get("mono_ms"),
            "trace": line.get("dd"),
            "msg": f"[{event.name.replace('.', '/')}] happened at {line['occurred_at'][11:19]}",
        }
        for name in registry.ids:
            if name in line:
                said[camel(name)] = without_prefix(name, line[name], registry)
        for name, value in line.get("data", {}).items():
            said.setdefault("payload", {})[camel(name)] = _json_value(
                value, event.fields[name], name
            )
        files.setdefault(said["service"], []).append(json.dumps(said, ensure_ascii=False))
    for service, texts in files.items():
        noise = json.dumps({"level": "debug", "msg": "tick"})
        text = "\n".join([noise, *texts, "Shutting down"]) + "\n"
        (folder / f"{service}.log").write_text(text, "utf-8")


def _json_value(value: Any, field: EventField, name: str) -> Any:
    match field.type:
        case "enum":
            return value.upper()
        case "number" if name.endswith("_s"):
            return value * 1000
        case "timestamp":
            return round(time_of(value).timestamp() * 1000)
        case _:
            return value


def service_json_mapping(registry: Registry) -> dict[str, Any]:
    def field(event: Event, name: str) -> Any:
        path = f"payload.{camel(name)}"
        kind = event.fields[name]
        match kind.type:
            case "enum":
                return {"path": path, "words": {w.upper(): w for w in registry.values(kind)}}
            case "number" if name.endswith("_s"):
                return {"path": path, "times": 0.001}
            case "timestamp":
                return {"path": path, "format": "unix_ms"}
            case _:
                return path

    return {
        "brief": "JSON of services.",
        "line": {
            "occurred_at": {"path": "time", "zone": "UTC"},
            "received_at": "gateway.in",
            "sent_at": "gateway.out",
            **{key: key for key in ("service", "host", "boot")},
            "seq": "no",
            "version": "build",
            "mono_ms": "uptime",
            "event_id": "uid",
            "trace_id": "trace.trace_id",
            "span_id": "trace.span_id",
            "env": {"const": "prod"},
        },
        "ids": {name: camel(name) for name in registry.ids},
        "rules": [
            {
                "name": event.name,
                "when": {"msg": {"matches": rf"^\[{event.name.replace('.', '/')}\] "}},
                "event": event.name,
                "fields": {name: field(event, name) for name in event.fields},
            }
            for event in registry.events
        ],
    }


# ---------------------------------------------------------------- a table


def status_table(lines: Sequence[Line], registry: Registry, folder: Path) -> None:
    """One table of all events; local time without a zone, yes and no, ids with another prefix."""
    fields = sorted({name for event in registry.events for name in event.fields})
    head = ["what", "uid", "at", "in_ms", "out_ms", "service", "host", "boot", "no", "build", "up"]
    head += ["trace", "span"]
    columns = [*head, *registry.ids, *(f"f {name}" for name in fields)]
    table = io.StringIO()
    rows = csv.DictWriter(table, columns, restval="", lineterminator="\r\n")
    rows.writeheader()
    for line in lines:
        event = registry.by_name[line["evt"]["name"]]
        local = time_of(line["occurred_at"]).astimezone(ZoneInfo(ZONE))
        row: dict[str, Any] = {
            "what": event.name.upper(),
            "uid": line["event_id"],
            "at": local.strftime("%d.%m.%Y %H:%M:%S.%f"),
            **emitter(line),
            "no": line["seq"],
            "build": line["version"],
            "up": line.get("mono_ms", ""),
            "trace": line.get("dd", {}).get("trace_id", ""),
            "span": line.get("dd", {}).get("span_id", ""),
        }
        for column, key in (("in_ms", "received_at"), ("out_ms", "sent_at")):
            if key in line:
                row[column] = round(time_of(line[key]).timestamp() * 1000)
        for name in registry.ids:
            if name in line:
                row[name] = f"{name}:{without_prefix(name, line[name], registry)}"
        for name, value in line.get("data", {}).items():
            row[f"f {name}"] = _cell(value, event.fields[name], name)
        rows.writerow(row)
    packed = gzip.compress(table.getvalue().encode())
    (folder / "status.csv.gz").write_bytes(packed)


def _cell(value: Any, field: EventField, name: str) -> Any:
    if field.type == "bool":
        return "yes" if value else "no"
    if field.type == "list[string]":
        assert len(value) == 1, "a cell holds one text"
        return value[0]
    if field.type == "number" and name.endswith("_m"):
        return repr(value / 1000)
    return value


def status_table_mapping(registry: Registry) -> dict[str, Any]:
    def field(event: Event, name: str) -> Any:
        path = f'"f {name}"'
        kind = event.fields[name].type
        return {"path": path, "times": 1000} if kind == "number" and name.endswith("_m") else path

    return {
        "brief": "A table of status changes.",
        "format": "csv",
        "line": {
            "occurred_at": {"path": "at", "format": "%d.%m.%Y %H:%M:%S%.f", "zone": ZONE},
            "received_at": {"path": "in_ms", "format": "unix_ms"},
            "sent_at": {"path": "out_ms", "format": "unix_ms"},
            **{key: key for key in ("service", "host", "boot")},
            "seq": "no",
            "version": "build",
            "mono_ms": "up",
            "event_id": "uid",
            "trace_id": "trace",
            "span_id": "span",
            "env": {"const": "prod"},
        },
        "ids": {name: {"path": name, "strip": f"{name}:"} for name in registry.ids},
        "rules": [
            {
                "name": event.name,
                "when": {"what": event.name.upper()},
                "event": event.name,
                "fields": {name: field(event, name) for name in event.fields},
            }
            for event in registry.events
        ],
    }


# ---------------------------------------------------------------- Datadog's archive


def archive(lines: Sequence[Line], registry: Registry, folder: Path) -> None:
    """Hours of packed files whose lines are in no order, with what services wrote in attributes."""
    hours: dict[str, list[str]] = {}
    for line in lines:
        event = registry.by_name[line["evt"]["name"]]
        received: str = line.get("received_at") or line["occurred_at"]
        said = {
            "kind": [event.stream, event.name.split(".")[1]],
            "clock": time_of(line["occurred_at"]).timestamp(),
            "send_clock": time_of(line["sent_at"]).timestamp() if "sent_at" in line else None,
            "boot": emitter(line)["boot"],
            "n": str(line["seq"]),
            "mono": line.get("mono_ms"),
            "dd": line.get("dd"),
            "ref": {name: line[name] for name in registry.ids if name in line},
            "body": line.get("data"),
            "uid": line["event_id"],
        }
        entry = {
            "_id": f"AwAA{line['event_id']}",
            "date": received,
            "host": emitter(line)["host"],
            "service": emitter(line)["service"],
            "status": line["status"],
            "message": line["message"],
            "tags": ["env:Prod", f"version:{line['version']}", "team:a:b"],
            "attributes": {key: value for key, value in said.items() if value is not None},
        }
        hour = received[:13].replace("-", "").replace("T", "/hour=")
        hours.setdefault(f"dt={hour}", []).append(json.dumps(entry))
    chance = random.Random(4)
    for name, texts in hours.items():
        chance.shuffle(texts)
        path = folder / name / "archive_000000.1.abc.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress("\n".join(texts).encode()))


def archive_mapping(registry: Registry) -> dict[str, Any]:
    return {
        "brief": "Datadog's archive.",
        "format": "datadog",
        "line": {
            "occurred_at": {"path": "clock", "format": "unix_s"},
            "received_at": "date",
            "sent_at": {"path": "send_clock", "format": "unix_s"},
            **{key: key for key in ("service", "host", "boot")},
            "seq": "n",
            "version": "tags.version",
            "env": "tags.env",
            "mono_ms": "mono",
            "event_id": "uid",
            "trace_id": "dd.trace_id",
            "span_id": "dd.span_id",
        },
        "ids": {name: f"ref.{name}" for name in registry.ids},
        "rules": [
            {
                "name": event.name,
                "when": {"kind[0]": event.stream, "kind[1]": event.name.split(".")[1]},
                "event": event.name,
                "fields": {name: f"body.{name}" for name in event.fields},
            }
            for event in registry.events
        ],
    }


WRITERS = {"service_json": service_json, "status_table": status_table, "archive": archive}
MAPPINGS = {
    "service_json": service_json_mapping,
    "status_table": status_table_mapping,
    "archive": archive_mapping,
}
