"""Payloads that fit their event or nearly do: every example, each key of it spoilt in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fleet.registry import Event, Registry

Payload = dict[str, Any]
GONE = object()

# No whole number written as 3.0: to Python that is no int, to JSON and JavaScript it is one.
ODD: tuple[Any, ...] = (
    GONE, None, True, False, 0, -1, 7, 0.5, -0.5, 86401, 2**53, 1e300, "", "x", "D-1", "R-", "7",
    "true", "é" * 64, "\U0001f600" * 64, "a" * 65, "b" * 1025, "on", "unknown", "available",
    "2026-11-23T09:00:00.000Z", "2026-11-23T09:00:00+02:00", "2026-02-30T00:00:00.000Z",
    "2026-11-23", "2026-11-23T09:00:00.000", [], ["a"], ["a"] * 21, ["b" * 257], [1], [None],
    {}, {"a": 1},
)  # fmt: skip


def mutants(registry: Registry) -> Iterator[tuple[str, Payload]]:
    """Pairs of an event's name and a payload; the same ones each time."""
    for event in registry.events:
        changes = [*_changes(event, registry)]
        example: Payload = dict(event.example)
        yield event.name, example
        for change in changes:
            yield event.name, _changed(example, change)
        # Two at once, far enough apart to be two keys mostly.
        for first, second in zip(changes, changes[23:], strict=False):
            yield event.name, _changed(_changed(example, first), second)


def _changes(event: Event, registry: Registry) -> Iterator[tuple[str, Any]]:
    for name in [*registry.event_ids(event), *event.fields]:
        yield from ((name, value) for value in ODD)
        field = event.fields.get(name)
        for bound in (field.min, field.max) if field else ():
            if bound is not None:
                yield from ((name, int(bound) + step) for step in (-1, 0, 1))
        if field and field.type == "enum":
            yield from ((name, value) for value in registry.values(field))
    for name in (*registry.ids, "note", "wait_z", "evt", "data", "__proto__", "constructor"):
        if name not in event.fields and name not in registry.event_ids(event):
            yield name, "P-1"


def _changed(payload: Mapping[str, Any], change: tuple[str, Any]) -> Payload:
    name, value = change
    rest = {key: known for key, known in payload.items() if key != name}
    return rest if value is GONE else {**rest, name: value}
