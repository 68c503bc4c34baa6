"""Checks of the registry across its rows: what a single row cannot say about itself."""

from __future__ import annotations

import keyword
import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from fleet.registry.monitoring import check_monitoring
from fleet.registry.rows import hint
from fleet.registry.schema import (
    ENVELOPE_FILE,
    EVENTS_FILE,
    ID_LENGTH,
    LIST_ITEMS,
    MEANINGS,
    MONITORS_FILE,
    STATES_FILE,
    STEPS_FILE,
    UNITS,
    EnvelopeKey,
    Event,
    EventField,
    Registry,
    Stream,
)
from fleet.registry.summary_template import SummaryError, read_summary

STREAMS: tuple[str, ...] = Stream.__args__  # type: ignore[attr-defined]

# Spellings of a unit that would stand beside the registered suffix for the same thing.
FOREIGN_UNITS = {
    "sec": "_s", "secs": "_s", "seconds": "_s", "min": "_s", "minutes": "_s", "h": "_s",
    "hours": "_s", "millis": "_ms", "milliseconds": "_ms", "meters": "_m", "metres": "_m",
    "km": "_m", "kmh": "_mps", "mph": "_mps", "percent": "_pct", "ratio": "_pct", "usd": "_cents",
    "dollars": "_cents", "cent": "_cents", "ts": "_at", "time": "_at", "timestamp": "_at",
}  # fmt: skip


def check_rows(registry: Registry) -> Iterator[str]:
    """Problems that are worth saying beside those of single rows, a sentence each."""
    yield from _check_envelope(registry)
    yield from _check_states(registry)
    yield from _check_across_events(registry)
    for event in registry.events:
        for problem in _check_event(event, registry):
            yield f"{EVENTS_FILE}, event {event.name}{problem}"


def check_uses(registry: Registry) -> Iterator[str]:
    """Problems of rows that name events; only of use where all events were read."""
    yield from _check_steps(registry)
    for problem in check_monitoring(registry):
        yield f"{MONITORS_FILE}, {problem}"


def _check_envelope(registry: Registry) -> Iterator[str]:
    columns: Counter[str] = Counter(key.column for key in registry.envelope_values)
    objects = {key.name for key in registry.envelope if key.type == "object"}
    for key in registry.envelope:
        where = f"{ENVELOPE_FILE}, key {key.name}"
        for problem in _check_key(key):
            yield f"{where}: {problem}"
        *above, _ = key.path
        if above and above[0] not in objects:
            yield f"{where}: needs a key {above[0]} of the type object."
        if key.name in registry.ids:
            yield f"{where}: is an id of {EVENTS_FILE}; leave it out here."
        if key.type != "object" and columns[key.column] > 1:
            yield f"{where}: shares the column {key.column} with another key."


def _check_key(key: EnvelopeKey) -> Iterator[str]:
    if (key.width is not None) != (key.type in ("id", "string")):
        yield "an id or a string needs a width, and only they have one."
    if (key.min, key.max) != (None, None) and key.type != "int":
        yield "min and max are for int."
    if key.parts and key.type != "id":
        yield "parts are for id."
    elif key.parts and sum(key.parts.values()) + len(key.parts) - 1 > (key.width or 0):
        yield f"its parts with the / between them may be longer than {key.width} bytes."


def _check_states(registry: Registry) -> Iterator[str]:
    names = {state.name for state in registry.robot_states}
    logged = set(registry.logged_states)
    for state in registry.robot_states:
        where = f"{STATES_FILE}, state {state.name}"
        sources = [] if state.entered_from == "any" else state.entered_from
        for source in sources:
            if source not in names:
                yield f"{where}: entered_from names {source!r}, which is no state."
            elif source not in logged:
                yield f"{where}: entered_from names {source!r}, which is derived and never logged."
        if state.derived and state.entered_from:
            yield f"{where}: a derived state is never entered; leave entered_from empty."
        if state.operating != (state.state_class in ("supply", "support")):
            yield f"{where}: operating must be true for the classes supply and support only."
        if (state.usable == "never") != (state.activity is None):
            yield f"{where}: activity must be ready or busy when usable, null when never usable."


def _check_steps(registry: Registry) -> Iterator[str]:
    known = [step.name for step in registry.funnel_steps]
    events: dict[str, list[str]] = {step: [] for step in known}
    for event in registry.events:
        step = event.roles.funnel_step
        if step in events:
            events[step].append(event.name)
        elif step is not None:
            yield (
                f"{EVENTS_FILE}, event {event.name}, roles: funnel_step {step!r} is not in "
                f"{STEPS_FILE}{hint(step, set(known))}."
            )
    for step, names in events.items():
        if len(names) != 1:
            yield (
                f"{STEPS_FILE}, step {step}: needs one event with roles: {{funnel_step: {step}}}, "
                f"not {' and '.join(names) or 'none'}."
            )


def _check_across_events(registry: Registry) -> Iterator[str]:
    first_use: dict[str, tuple[str, str]] = {}
    columns: dict[str, str] = {}
    meanings: dict[tuple[str, str], tuple[str, str]] = {}
    for event in registry.events:
        for name, field in event.fields.items():
            where = f"{EVENTS_FILE}, event {event.name}, field {name}"
            used, used_by = first_use.setdefault(name, (field.type, event.name))
            if _column_kind(used) != _column_kind(field.type):
                yield f"{where}: is {field.type} here but {used} in {used_by}; a name has one type."
            other = columns.setdefault(registry.column(name), name)
            if other != name:
                yield f"{where}: would share the column {registry.column(name)} with {other}."
            for word, meaning in field.means.items():
                first = meanings.setdefault((name, word), (meaning, event.name))
                if first[0] != meaning:
                    yield (
                        f"{where}: {word} means {meaning} here but {first[0]} in {first[1]}; "
                        "a word has one meaning."
                    )


def _column_kind(field_type: str) -> str:
    """A closed and an open list of words make the same column."""
    return "text" if field_type in ("string", "enum") else field_type


def _check_event(event: Event, registry: Registry) -> Iterator[str]:
    """Problems of one event, each the rest of a sentence that began with its name."""
    if event.stream not in STREAMS:
        yield f": the stream {event.stream!r} is unknown; use one of {', '.join(STREAMS)}."
    for name in event.ids:
        if name not in registry.ids:
            yield f", id {name}: is not among ids{hint(name, set(registry.ids))}."
    for name, field in event.fields.items():
        for problem in _check_field(name, field, registry):
            yield f", field {name}: {problem}"
    yield from _check_deprecation(event, registry)
    yield from _check_summary(event, registry)
    yield from _check_example(event, registry)


def _check_deprecation(event: Event, registry: Registry) -> Iterator[str]:
    deprecated = event.deprecated
    if (event.stability == "deprecated") != (deprecated is not None):
        yield ": stability must be deprecated when `deprecated` is given, and only then."
    if deprecated is None:
        return
    if (deprecated.reason == "renamed") != (deprecated.renamed_to is not None):
        yield ", deprecated: renamed_to belongs to the reason renamed, and only to it."
    elif deprecated.renamed_to is not None:
        successor = registry.by_name.get(deprecated.renamed_to)
        if successor is None:
            close = hint(deprecated.renamed_to, set(registry.by_name) - {event.name})
            yield f", deprecated: renamed_to names no registered event{close}."
        elif successor.deprecated is not None:
            yield f", deprecated: renamed_to names {successor.name}, which is deprecated itself."


def _check_field(name: str, field: EventField, registry: Registry) -> Iterator[str]:
    if name in registry.ids:
        yield "is an id; move it to ids."
    if keyword.iskeyword(name):
        yield "is a word of the Python language; choose another."
    if name.endswith("_at") != (field.type == "timestamp"):
        yield "a timestamp ends in _at and only a timestamp does."
    suffix = "_" + name.rsplit("_", 1)[-1]
    if "_" in name and suffix in UNITS and field.type not in ("int", "number"):
        yield f"the suffix {suffix} is a unit ({UNITS[suffix]}), so it must be int or number."
    if suffix[1:] in FOREIGN_UNITS and "_" in name:
        yield f"write the unit as {FOREIGN_UNITS[suffix[1:]]}."

    if (field.type == "enum") != (field.of is not None):
        yield "an enum needs `of`, and only an enum has it."
    elif isinstance(field.of, list):
        if not field.of:
            yield "`of` must not be empty."
        if len(set(field.of)) < len(field.of):
            yield "`of` gives a value twice."
        if any(len(value) > ID_LENGTH for value in field.of):
            yield f"a value of `of` is longer than {ID_LENGTH} characters."
    for word, meaning in field.means.items():
        if word not in registry.values(field):
            yield f"means: {word} is no value of it{hint(word, registry.values(field))}."
        known = MEANINGS.get(name)
        if known is None:
            yield f"means is for the fields {', '.join(MEANINGS)}; the models ask no others."
        elif meaning not in known:
            yield (
                f"means: {word} means {meaning}, for which the models do not ask"
                f"{hint(meaning, known)}; they ask for {', '.join(known)}."
            )
    if field.type not in ("int", "number") and (field.min, field.max) != (None, None):
        yield "min and max are for int and number."
    if field.type == "number" and None in (field.min, field.max):
        yield "a number needs min and max; they also keep NaN and infinity out."
    if field.type == "int" and not all(isinstance(b, int | None) for b in (field.min, field.max)):
        yield "min and max of an int must be whole numbers."
    if field.min is not None and field.max is not None and field.min > field.max:
        yield "min is above max."
    if field.type not in ("string", "list[string]") and field.max_length is not None:
        yield "max_length is for string and list[string]."


def _check_summary(event: Event, registry: Registry) -> Iterator[str]:
    try:
        parts = read_summary(event.summary)
    except SummaryError as error:
        yield f": summary {error}."
        return
    ids = registry.event_ids(event)
    known = {*event.fields, *ids}
    for part in parts:
        may_be_absent = []
        for name in part.names:
            if name not in known:
                yield f": summary names {{{name}}}, which is not of this event{hint(name, known)}."
                continue
            if name in event.fields and event.fields[name].type == "list[string]":
                yield f": summary names {{{name}}}, but a list makes no readable line."
            field = event.fields.get(name)
            if not (field.required if field else ids[name] == "required"):
                may_be_absent.append(name)
        if part.optional and not may_be_absent and known.issuperset(part.names):
            yield ": summary has brackets without an optional field or id in them."
        if not part.optional:
            for name in may_be_absent:
                yield f": summary names {{{name}}}, which is optional, outside of brackets."


def _check_example(event: Event, registry: Registry) -> Iterator[str]:
    ids = registry.event_ids(event)
    for name in event.example:
        if name not in ids and name not in event.fields:
            yield f", example: {name} is not of this event{hint(name, {*ids, *event.fields})}."
    for name, requirement in ids.items():
        if name not in event.example:
            if requirement == "required":
                yield f", example: {name} is missing."
            continue
        value = event.example[name]
        prefix = registry.ids[name].prefix or ""
        if not isinstance(value, str) or not value.startswith(prefix) or value == prefix:
            yield f", example: {name} must be text that starts with {prefix or 'a letter'}."
    for name, field in event.fields.items():
        if name not in event.example:
            if field.required:
                yield f", example: {name} is missing."
        elif not _fits(event.example[name], field, registry):
            yield f", example: {name} is no valid {field.type}."


def _fits(value: object, field: EventField, registry: Registry) -> bool:
    match field.type:
        case "bool":
            return isinstance(value, bool)
        case "int" | "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            if field.type == "int" and not isinstance(value, int):
                return False
            low = -math.inf if field.min is None else field.min
            high = math.inf if field.max is None else field.max
            return math.isfinite(value) and low <= value <= high
        case "list[string]":
            return (
                isinstance(value, list)
                and len(value) <= LIST_ITEMS
                and all(isinstance(item, str) and len(item) <= field.length for item in value)
            )
        case _ if not isinstance(value, str):
            return False
        case "enum":
            return value in registry.values(field)
        case "timestamp":
            try:
                return datetime.fromisoformat(value).tzinfo is not None
            except ValueError:
                return False
        case "id":
            return 0 < len(value) <= ID_LENGTH
        case _:
            return len(value) <= field.length
