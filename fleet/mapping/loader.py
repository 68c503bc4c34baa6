"""Reads `mappings/*.yml`. Every problem is found in one go, with its file, line and rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zoneinfo import available_timezones

import click
import yaml
from pydantic import BaseModel, ValidationError

from fleet.errors import FleetError
from fleet.mapping.schema import EPOCHS, Condition, Example, Line, MappingFile, Rule, Scalar, Value
from fleet.registry import Event, EventField, Registry
from fleet.registry.rows import hint
from fleet.yaml_files import YamlError, read_yaml

MAPPINGS = "mappings"
NAME = re.compile(r"[a-z][a-z0-9_]*")

Place = tuple[str | int, ...]
Problem = tuple[Place, str]


class MappingError(FleetError):
    """A mapping cannot be used; `problems` holds one sentence per problem."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self.problems = problems
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{name} has {count}: correct the file and run this again.")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the problems, then what to do."""
        for problem in self.problems:
            click.echo(problem, file=file, err=True)
        super().show(file)


@dataclass(frozen=True)
class Mapping:
    """A mapping, checked against the registry.

    Attributes:
        name: its file's name without `.yml`.
        file: what messages call the file.
        content: what the file says.
    """

    name: str
    file: str
    content: MappingFile


def find_mappings(project_dir: Path) -> list[Path]:
    """The mapping files of a project, in the order of their names."""
    return sorted((project_dir / MAPPINGS).glob("*.yml"))


def load_mapping(path: Path, registry: Registry, name: str | None = None) -> Mapping:
    """Read and check a mapping; `name` is what messages call its file, its path unless given.

    Raises:
        MappingError: with every problem found, each naming file, line and place.
        FleetError: the file cannot be read, is no YAML or has a name that no program may have.
    """
    file = name or str(path)
    if not NAME.fullmatch(path.stem):
        raise FleetError(f"{file}: name the file in lower_snake_case, as service_logs.yml.")
    try:
        raw = read_yaml(path, file)
    except YamlError as error:
        raise MappingError(file, [error.message]) from None
    problems: list[Problem] = []
    content = None
    try:
        content = MappingFile.model_validate(raw)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            place = tuple(found["loc"])
            problems.append((place, _sentence(place, found)))
    if content is not None:
        problems = list(_check(content, registry))
    if problems:
        root = yaml.compose(path.read_text("utf-8"), yaml.CSafeLoader)
        raise MappingError(
            file,
            [
                f"{file}, line {_line(root, place)}{_words(place, raw)}: {said}"
                for place, said in dict.fromkeys(problems)
            ],
        )
    assert content is not None
    return Mapping(path.stem, file, content)


def load_mappings(project_dir: Path, registry: Registry) -> list[Mapping]:
    """Every mapping of a project.

    Raises:
        MappingError: one of them has problems.
    """
    return [
        load_mapping(path, registry, f"{MAPPINGS}/{path.name}")
        for path in find_mappings(project_dir)
    ]


# ---------------------------------------------------------------- where and what


def _line(root: Any, place: Place) -> int:
    """The line of a place, or of the nearest thing above it that is there."""
    line = 1
    node = root
    for part in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and part in range(len(node.value)):
            found = node.value[int(part)]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def _words(place: Place, raw: Any) -> str:
    """`, rule pickup, field wait_s`: the place in words."""
    words = ""
    parts = list(place)
    if len(parts) > 1 and parts[0] in ("rules", "examples"):
        kind, number = str(parts[0]).removesuffix("s"), int(parts[1])
        row = raw[kind + "s"][number] if isinstance(raw.get(kind + "s"), list) else None
        name = row.get("name") if isinstance(row, dict) else None
        words += f", {kind} {name or f'number {number + 1}'}"
        parts = parts[2:]
    if len(parts) > 1 and parts[0] in ("ids", "fields"):
        words += f", {str(parts[0]).removesuffix('s')} {parts[1]}"
        parts = parts[2:]
    rest = [str(part) for part in parts if part != "gives" or len(parts) > 1]
    return words + (f", {' '.join(rest)}" if rest else "")


_MODELS: dict[str, type[BaseModel]] = {
    "line": Line, "rules": Rule, "examples": Example, "ids": Value, "fields": Value,
    "when": Condition,
}  # fmt: skip


def _sentence(place: Place, found: Any) -> str:
    match found["type"]:
        case "missing":
            return "is missing."
        case "extra_forbidden":
            model: type[BaseModel] = MappingFile
            for part in place[:-1]:
                model = _MODELS.get(str(part), model)
                if model is Line and part != "line" and isinstance(part, str):
                    model = Value
            if model is Rule and "occurred_at" in place[:-1]:
                model = Value
            return f"unknown key{hint(str(place[-1]), model.model_fields)}."
        case "value_error":
            return f"{found['ctx']['error']}."
        case _:
            message = str(found["msg"]).removeprefix("Input should ").removeprefix("be ")
            return f"must be {message}."


# ---------------------------------------------------------------- against the registry


def _check(content: MappingFile, registry: Registry) -> Iterator[Problem]:
    line = content.line
    for key, value in line:
        if isinstance(value, Value):
            kind = {"seq": "int", "mono_ms": "int"}.get(key, "text")
            kind = "time" if key.endswith("_at") else kind
            yield from _check_value(("line", key), value, kind, set())
    if line.event_id and line.identity:
        yield ("line", "identity"), "goes without event_id, which the line has of its own."
    if line.seq and line.in_order:
        yield ("line", "in_order"), "goes without seq: the lines have numbers of their own."
    for name, value in content.ids.items():
        if name not in registry.ids:
            yield ("ids", name), f"is no id of the registry{hint(name, registry.ids)}."
        yield from _check_value(("ids", name), value, "id", set())
    names: dict[str, int] = {}
    going_on: set[str] = set()
    for number, rule in enumerate(content.rules):
        at: Place = ("rules", number)
        if names.setdefault(rule.name, number) != number:
            yield (*at, "name"), "is the name of an earlier rule."
        if rule.event in going_on:
            yield (
                (*at, "event"),
                "an earlier rule that goes on makes this event: a line gives each event once.",
            )
        if rule.go_on:
            going_on.add(rule.event or "")
        yield from _check_rule(at, rule, content, registry)
    for number, example in enumerate(content.examples):
        if content.format == "csv" and isinstance(example.line, str):
            yield ("examples", number, "line"), "of a table is a mapping of columns to texts."
        for index, given in enumerate(example.gives):
            event = given.get("event")
            if event not in registry.by_name:
                close = hint(str(event), registry.by_name)
                yield (
                    ("examples", number, "gives", index),
                    f"needs an event of the registry{close}.",
                )


def _check_rule(
    at: Place, rule: Rule, content: MappingFile, registry: Registry
) -> Iterator[Problem]:
    groups: set[str] = set()
    for path, wanted in rule.when.items():
        if wanted.matches is None:
            continue
        try:
            groups |= set(re.compile(wanted.matches).groupindex)
        except re.error as error:
            yield (*at, "when", path), f"matches is no regular expression ({error})."
        if re.search(r"\(\?(<?[=!])|\\[1-9]|\(\?P=", wanted.matches):
            yield (
                (*at, "when", path),
                "Vector's expressions neither look around nor refer back to a group.",
            )
        if "'" in wanted.matches:
            yield (*at, "when", path), r"write \x27 for ' in matches."
    if rule.occurred_at:
        yield from _check_value((*at, "occurred_at"), rule.occurred_at, "time", groups)
    if rule.event is None:
        for key in ("ids", "fields", "go_on"):
            if getattr(rule, key):
                yield (*at, key), "is for a rule that has an event."
        return
    event = registry.by_name.get(rule.event)
    if event is None:
        yield (*at, "event"), f"is no event of the registry{hint(rule.event, registry.by_name)}."
        return
    ids = registry.event_ids(event)
    for name, value in rule.ids.items():
        if name not in ids:
            yield (*at, "ids", name), f"is no id of {event.name}{hint(name, ids)}."
        yield from _check_value((*at, "ids", name), value, "id", groups)
    for name, need in ids.items():
        if need == "required" and name not in rule.ids and name not in content.ids:
            yield (*at, "ids"), f"{event.name} requires {name}: say where it comes from."
    for name, value in rule.fields.items():
        field = event.fields.get(name)
        if field is None:
            yield (*at, "fields", name), f"is no field of {event.name}{hint(name, event.fields)}."
            continue
        yield from _check_value((*at, "fields", name), value, field.type, groups)
        yield from _check_words((*at, "fields", name), value, field, event, registry)
    for name, field in event.fields.items():
        if field.required and name not in rule.fields:
            yield (*at, "fields"), f"{event.name} requires {name}: say where it comes from."


def _check_value(at: Place, value: Value, kind: str, groups: set[str]) -> Iterator[Problem]:
    if value.group is not None and value.group not in groups:
        known = f"name it in matches, as (?P<{value.group}>...)"
        yield (*at, "group"), f"no matches of the rule has such a group: {known}."
    is_time = kind in ("time", "timestamp")
    if value.const is not None and kind == "time":
        yield (*at, "const"), "a time is told by each line, not by the mapping."
    if (value.format or value.zone) and not is_time:
        yield at, "format and zone are for times."
    if value.zone is not None and value.zone not in available_timezones():
        yield (*at, "zone"), f"is no time zone{hint(value.zone, available_timezones())}."
    if value.format is not None and value.format not in ("iso", *EPOCHS):
        if "%" not in value.format:
            yield (
                (*at, "format"),
                f"must be iso, {', '.join(EPOCHS)}, or have strftime's letters such as %Y.",
            )
        elif "'" in value.format or '"' in value.format:
            yield (*at, "format"), "must have no quotes."
    if value.format in EPOCHS and value.zone:
        yield (*at, "zone"), f"says nothing to {value.format}."
    if (value.times, value.plus) != (None, None) and kind not in ("int", "number"):
        yield at, "times and plus are for numbers."
    if value.strip is not None and kind != "id":
        yield (*at, "strip"), "is for ids."
    if value.otherwise is not None and not value.words:
        yield (*at, "otherwise"), "is for a value that has words."
    if value.words and (value.times, value.plus) != (None, None):
        yield at, "has words or a unit, not both."


def _check_words(
    at: Place, value: Value, field: EventField, event: Event, registry: Registry
) -> Iterator[Problem]:
    given: list[tuple[Place, Scalar]] = [((*at, "words", w), v) for w, v in value.words.items()]
    for key in ("otherwise", "const"):
        if (one := getattr(value, key)) is not None:
            given.append(((*at, key), one))
    for place, word in given:
        if field.type == "enum":
            known = registry.values(field)
            if word not in known:
                yield (
                    place,
                    f"{word!r} is no value of {event.name}'s field{hint(str(word), known)}.",
                )
        elif field.type == "bool" and not isinstance(word, bool):
            yield place, f"must be true or false, not {word!r}."
        elif field.type in ("int", "number") and (
            isinstance(word, bool) or not isinstance(word, int | float)
        ):
            yield place, f"must be a number, not {word!r}."
