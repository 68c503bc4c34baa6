"""Reads `registry/*.yml`. Every problem is found in one go and told in one sentence each."""

from __future__ import annotations

import difflib
import keyword
import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fleet.errors import FleetError
from fleet.project import ProjectNotFoundError, find_project_dir
from fleet.registry.monitoring import check_monitoring
from fleet.registry.schema import (
    ID_LENGTH,
    LIST_ITEMS,
    UNITS,
    Deprecation,
    DowntimeReason,
    Event,
    EventField,
    FunnelStep,
    IdKind,
    Mds,
    Metric,
    Monitor,
    Registry,
    RobotState,
    Roles,
    Row,
    Stream,
    column_name,
)
from fleet.registry.summary_template import SummaryError, read_summary
from fleet.yaml_files import YamlError, read_yaml

EVENTS_FILE = "registry/events.yml"
STATES_FILE = "registry/robot_states.yml"
REASONS_FILE = "registry/downtime_reasons.yml"
STEPS_FILE = "registry/funnel_steps.yml"
MONITORS_FILE = "registry/monitors.yml"
STREAMS: tuple[str, ...] = Stream.__args__  # type: ignore[attr-defined]

# Spellings of a unit that would stand beside the registered suffix for the same thing.
FOREIGN_UNITS = {
    "sec": "_s", "secs": "_s", "seconds": "_s", "min": "_s", "minutes": "_s", "h": "_s",
    "hours": "_s", "millis": "_ms", "milliseconds": "_ms", "meters": "_m", "metres": "_m",
    "km": "_m", "kmh": "_mps", "mph": "_mps", "percent": "_pct", "ratio": "_pct", "usd": "_cents",
    "dollars": "_cents", "cent": "_cents", "ts": "_at", "time": "_at", "timestamp": "_at",
}  # fmt: skip

RowT = TypeVar("RowT", bound=Row)

__all__ = ["ProjectNotFoundError", "RegistryError", "find_project_dir", "load_registry"]


class RegistryError(FleetError):
    """The registry cannot be used; `problems` holds one sentence per problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "The registry has a problem: correct it and run this again."
            if len(problems) == 1
            else f"The registry has {len(problems)} problems: correct them and run this again."
        )

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the problems, then what to do."""
        self.show_problems(file)
        super().show(file)

    def show_problems(self, file: IO[Any] | None = None) -> None:
        """Print each problem on a line of its own, to standard error unless given another file."""
        for problem in self.problems:
            click.echo(problem, file=file, err=True)


def load_registry(project_dir: Path) -> Registry:
    """Read and check the registry of a project.

    Raises:
        RegistryError: with every problem found, each naming file, row and field.
    """
    problems: list[str] = []
    head = _read(project_dir, EVENTS_FILE, {"registry_version", "ids", "events"}, problems)
    states_head = _read(project_dir, STATES_FILE, {"robot_states"}, problems)
    reasons_head = _read(project_dir, REASONS_FILE, {"downtime_reasons"}, problems)
    steps_head = _read(project_dir, STEPS_FILE, {"funnel_steps"}, problems)
    # A registry of before this file, which `fleet registry diff` may be given, has none.
    monitors_head = (
        _read(project_dir, MONITORS_FILE, {"metrics", "monitors"}, problems)
        if (project_dir / MONITORS_FILE).exists()
        else {}
    )

    registry = Registry(
        version=_version(head, problems),
        ids=_ids(head, problems),
        events=_rows(Event, EVENTS_FILE, "event", head.get("events"), problems),
        robot_states=_rows(
            RobotState, STATES_FILE, "state", states_head.get("robot_states"), problems
        ),
        downtime_reasons=_rows(
            DowntimeReason, REASONS_FILE, "reason", reasons_head.get("downtime_reasons"), problems
        ),
        funnel_steps=_rows(
            FunnelStep, STEPS_FILE, "step", steps_head.get("funnel_steps"), problems
        ),
        metrics=_rows(Metric, MONITORS_FILE, "metric", monitors_head.get("metrics"), problems),
        monitors=_rows(Monitor, MONITORS_FILE, "monitor", monitors_head.get("monitors"), problems),
    )
    problems.extend(_check_states(registry))
    problems.extend(_check_across_events(registry))
    for event in registry.events:
        problems.extend(
            f"{EVENTS_FILE}, event {event.name}{problem}"
            for problem in _check_event(event, registry)
        )
    if not problems:
        # An event that was refused above would be missed here once more, by each that counts it.
        problems.extend(_check_steps(registry))
        problems.extend(f"{MONITORS_FILE}, {problem}" for problem in check_monitoring(registry))
    if problems:
        raise RegistryError(problems)
    return registry


# ---------------------------------------------------------------- reading


def _read(project_dir: Path, name: str, keys: set[str], problems: list[str]) -> dict[str, Any]:
    try:
        content = read_yaml(project_dir / name, name)
    except YamlError as error:
        problems.append(error.message)
        return {}
    problems.extend(
        f"{name}: unknown key {key!r}{_hint(str(key), keys)}." for key in content if key not in keys
    )
    problems.extend(f"{name}: {key} is missing." for key in sorted(keys - content.keys()))
    return content


def _version(head: dict[str, Any], problems: list[str]) -> str:
    version = head.get("registry_version", "0.0.0")
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+\.\d+", version):
        problems.append(f"{EVENTS_FILE}: registry_version must be three numbers such as 1.0.0.")
        return "0.0.0"
    return version


def _ids(head: dict[str, Any], problems: list[str]) -> dict[str, IdKind]:
    raw = head.get("ids", {})
    if not isinstance(raw, dict):
        problems.append(f"{EVENTS_FILE}: ids must be a mapping of id names.")
        return {}
    ids: dict[str, IdKind] = {}
    for name, row in raw.items():
        kind = _row(IdKind, f"{EVENTS_FILE}, id {name}", row, problems)
        if kind:
            ids[str(name)] = kind
    return ids


def _rows(
    model: type[RowT], file: str, word: str, raw: object, problems: list[str]
) -> tuple[RowT, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        problems.append(f"{file}: must hold a list of {word}s.")
        return ()
    rows: list[RowT] = []
    names: Counter[str] = Counter()
    for number, item in enumerate(raw, start=1):
        name = item.get("name") if isinstance(item, dict) else None
        where = f"{file}, {word} {name or f'number {number}'}"
        row = _row(model, where, item, problems)
        if row:
            rows.append(row)
            names[str(name)] += 1
    problems.extend(
        f"{file}, {word} {name}: is given {count} times."
        for name, count in names.items()
        if count > 1
    )
    return tuple(rows)


def _row(model: type[RowT], where: str, raw: object, problems: list[str]) -> RowT | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        told: set[str] = set()
        for detail in error.errors(include_url=False):
            problem = f"{where}{_problem(model, detail)}"
            if problem not in told:
                told.add(problem)
                problems.append(problem)
        return None


def _problem(model: type[Row], detail: ErrorDetails) -> str:
    """The rest of a sentence for one pydantic error: ", field wait_s: brief is missing."."""
    loc = [str(part) for part in detail["loc"]]
    place = ""
    if len(loc) > 1 and loc[0] in ("fields", "ids", "example", "roles", "mds", "deprecated"):
        section = loc.pop(0)
        if section in ("fields", "ids"):
            place = f", {section[:-1]} {loc.pop(0)}"
            model = EventField
        else:
            place = f", {section}"
            loc = loc[:1]
            inner: dict[str, type[Row]] = {"roles": Roles, "mds": Mds, "deprecated": Deprecation}
            model = inner.get(section, model)
    # What follows the key is pydantic's own path through a union.
    key = loc[0] if loc else "it"
    match detail["type"]:
        case "extra_forbidden":
            known = {field.alias or name for name, field in model.model_fields.items()}
            return f"{place}: unknown key {key!r}{_hint(key, known)}."
        case "missing":
            return f"{place}: {key} is missing."
        case "date_type" | "date_from_datetime_inexact":
            return f"{place}: {key} must be a date such as 2027-06-30, without quotes."
        case "dict_type" | "literal_error" if key == "events":
            return f"{place}: events must be all, errors, or a mapping of event names."
        case "literal_error" if key != "of":
            return f"{place}: {key} must be {detail.get('ctx', {}).get('expected')}."
        case _ if model is not Monitor and key in ("of", "entered_from"):
            named = "any" if key == "entered_from" else "robot_states or downtime_reasons"
            return (
                f"{place}: {key} must be {named}, or a list of lower_snake_case words "
                "(quote on, off, yes and no)."
            )
        case "string_pattern_mismatch" if key in ("name", "renamed_to"):
            return f"{place}: {key} must read stream.object_verb, lower case."
        case "string_pattern_mismatch":
            pattern = str(detail.get("ctx", {}).get("pattern", ""))
            wanted = "lower_snake_case" if "a-z" in pattern else f"text that fits {pattern}"
            return f"{place}: {key} must be {wanted}."
        case _:
            message = detail["msg"].removeprefix("Input should ").removeprefix("be ")
            return f"{place}: {key} must be {message}."


# ---------------------------------------------------------------- checks


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
                f"{STEPS_FILE}{_hint(step, set(known))}."
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
    for event in registry.events:
        for name, field in event.fields.items():
            where = f"{EVENTS_FILE}, event {event.name}, field {name}"
            used, used_by = first_use.setdefault(name, (field.type, event.name))
            if _column_kind(used) != _column_kind(field.type):
                yield f"{where}: is {field.type} here but {used} in {used_by}; a name has one type."
            other = columns.setdefault(column_name(name), name)
            if other != name:
                yield f"{where}: would share the column {column_name(name)} with {other}."


def _column_kind(field_type: str) -> str:
    """A closed and an open list of words make the same column."""
    return "text" if field_type in ("string", "enum") else field_type


def _check_event(event: Event, registry: Registry) -> Iterator[str]:
    """Problems of one event, each the rest of a sentence that began with its name."""
    if event.stream not in STREAMS:
        yield f": the stream {event.stream!r} is unknown; use one of {_listed(STREAMS)}."
    for name in event.ids:
        if name not in registry.ids:
            yield f", id {name}: is not among ids{_hint(name, set(registry.ids))}."
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
        heir = registry.by_name.get(deprecated.renamed_to)
        if heir is None:
            hint = _hint(deprecated.renamed_to, set(registry.by_name) - {event.name})
            yield f", deprecated: renamed_to names no registered event{hint}."
        elif heir.deprecated is not None:
            yield f", deprecated: renamed_to names {heir.name}, which is deprecated itself."


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
                yield f": summary names {{{name}}}, which is not of this event{_hint(name, known)}."
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
            yield f", example: {name} is not of this event{_hint(name, {*ids, *event.fields})}."
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


def _hint(word: str, known: set[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _listed(words: set[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(words) if isinstance(words, set) else words)
