"""The examples in a mapping are its tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from fleet.mapping.engine import Engine
from fleet.mapping.loader import Mapping
from fleet.mapping.schema import Example
from fleet.mapping.verdict import Judge, Refusal
from fleet.registry import Registry


def example_problems(mapping: Mapping, registry: Registry, judge: Judge) -> Iterator[str]:
    """What the examples find, a sentence each: of each of them, and of rules without one.

    An event must have the ids and the data that its example gives and no others; of its envelope
    only what the example gives is looked at.
    """
    engine = Engine(mapping, registry)
    examples = mapping.content.examples
    lines = [line_of(example) for example in examples]
    tested: set[int] = set()
    for number, mapped in enumerate(engine.run(lines, "example.log", "example"), start=1):
        where = f"{mapping.file}, example number {number}"
        if mapped.fault:
            yield f"{where}: the line is {mapped.fault}."
            continue
        tested.add(mapped.rule)
        rule = mapping.content.rules[mapped.rule - 1].name if mapped.rule else None
        by = f"rule {rule}" if rule else "no rule"
        wanted = examples[number - 1].gives
        if len(mapped.events) != len(wanted):
            made = ", ".join(_given(msgspec.json.decode(text), registry) for text in mapped.events)
            yield (
                f"{where}: {by} makes {len(mapped.events)} events of it, not {len(wanted)}. "
                f"If that is right, its gives is [{made}]."
            )
            continue
        for text, gives in zip(mapped.events, wanted, strict=True):
            event = msgspec.json.decode(text)
            tested |= {
                place
                for place, one in enumerate(mapping.content.rules, start=1)
                if one.go_on and one.event == event["evt"]["name"]
            }
            for difference in _differences(event, gives, registry):
                yield f"{where}, {by}: {difference}."
            said = judge.read_event(event["evt"]["name"], text.encode())
            if isinstance(said, Refusal):
                yield f"{where}, {by}: the registry refuses the event as {said}."
    for place, one in enumerate(mapping.content.rules, start=1):
        if place not in tested:
            yield f"{mapping.file}, rule {one.name}: add an example of it under examples."


def line_of(example: Example) -> str:
    """The line of an example; of a table its row as the importer reads it."""
    return example.line if isinstance(example.line, str) else json.dumps(example.line)


def _given(event: dict[str, Any], registry: Registry) -> str:
    """What an example gives of an event, as it may be written there."""
    said = {key: event[key] for key in (*registry.ids, "data") if key in event}
    return _shown({"event": event["evt"]["name"], "occurred_at": event.get("occurred_at"), **said})


def _differences(event: dict[str, Any], gives: dict[str, Any], registry: Registry) -> Iterator[str]:
    found = {"event": event["evt"]["name"], **event}
    exact = {"data", *registry.ids}
    for key in [*gives, *(key for key in exact if key in found and key not in gives)]:
        if key not in found:
            yield f"{key} is missing, not {_shown(gives[key])}"
        elif key not in gives:
            yield f"{key} is {_shown(found[key])}, which the example does not give"
        elif found[key] != gives[key]:
            yield f"{key} is {_shown(found[key])}, not {_shown(gives[key])}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
