"""What lines have in common: their keys, and their message without its numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fleet.mapping.paths import Path, value_at, write_path
from fleet.mapping.sources import as_object

MESSAGES = ("msg", "message", "text", "log", "event", "event_type", "event_types", "type", "action")
"""Keys that often say what kind of line it is, the most telling first; on top, or one below."""
MOST_SHAPES = 10_000
MOST_VALUES = 50
LONGEST_MESSAGE = 200
LONGEST_EXAMPLE = 4000
DEPTH = 4

# What differs between lines of one kind: a time; a word with a number in it, but not the colon or
# the full stop behind it; what stands behind an equals sign; a star, because it stands for these;
# and where other words are left, a word in capitals. What stands behind `evt=` is the kind.
_NOT_THE_KIND = "".join(
    rf"(?<!\b{key}=)" for key in ("evt", "event", "type", "kind", "action", "act", "cmd", "op")
)
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_VARIABLE = (
    rf"{_MOMENT}"
    r"|[\w./+-]*\d(?:[\w./+-]*\w)?(?::\d(?:[\w./+-]*\w)?)*"
    rf"|(?<==){_NOT_THE_KIND}[^\s,;)\]}}]+"
    r"|\*"
)
VARIABLE = re.compile(_VARIABLE)
VARIABLE_OR_CAPITALS = re.compile(rf"{_VARIABLE}|{_NOT_THE_KIND}\b[A-Z][A-Z_]*[A-Z]\b")


@dataclass
class Field:
    """The values that lines of one shape have at one path."""

    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    low: float | None = None
    high: float | None = None

    def add(self, value: Any) -> None:
        """Take a value in."""
        self.kinds[_kind(value)] += 1
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
        if isinstance(value, list | dict):
            return
        text = str(value)
        # What is longer is neither an id nor a word, and patterns would take long over it.
        if len(text) <= LONGEST_MESSAGE and (len(self.values) < MOST_VALUES or text in self.values):
            self.values[text] += 1

    def include(self, other: Field) -> None:
        """Take in what another has."""
        self.kinds += other.kinds
        self.values += other.values
        bounds = [b for b in (self.low, self.high, other.low, other.high) if b is not None]
        self.low, self.high = min(bounds, default=None), max(bounds, default=None)

    @property
    def count(self) -> int:
        """Values taken in."""
        return sum(self.kinds.values())

    @property
    def has_numbers(self) -> bool:
        """Whether every value has a digit in it, as ids have."""
        return bool(self.values) and all(re.search(r"\d", value) for value in self.values)

    @property
    def kind(self) -> str:
        """The kind that most of the values are of."""
        return self.kinds.most_common(1)[0][0]


@dataclass
class Shape:
    """Lines that have the same message but for its numbers, or else the same keys."""

    path: Path | None
    template: str
    keys: tuple[str, ...]
    example: str
    is_cut: bool = False
    """Whether the message goes on behind the template."""
    count: int = 0
    fields: dict[Path, Field] = field(default_factory=dict)
    variables: list[Field] = field(default_factory=list)
    """What stands in the place of each star of the template."""

    def __str__(self) -> str:
        if self.path is not None:
            return f"{write_path(self.path)}: {self.template}"
        return f"keys {', '.join(self.keys)}" if self.keys else f"text: {self.template}"


class Shapes:
    """Counts lines by their shape."""

    def __init__(self, *, with_fields: bool = False) -> None:
        self._shapes: dict[tuple[Any, ...], Shape] = {}
        self._with_fields = with_fields
        self.total = 0

    def add(self, line: str) -> Shape | None:
        """Count a line; None when there are too many shapes to tell this one."""
        self.total += 1
        said = as_object(line.encode())
        path, text = (None, line) if said is None else message_of(said)
        template, variables = template_of(text)
        keys = tuple(sorted(said)) if said is not None and path is None else ()
        key = (path, template, keys)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) == MOST_SHAPES:
                return None
            is_cut = len(text) > LONGEST_MESSAGE
            shape = self._shapes[key] = Shape(path, template, keys, line, is_cut)
        shape.count += 1
        if len(line) < len(shape.example) > LONGEST_EXAMPLE:
            shape.example = line
        if self._with_fields and said is not None:
            for where, value in leaves(said):
                shape.fields.setdefault(where, Field()).add(value)
        if self._with_fields:
            shape.variables += [Field() for _ in variables[len(shape.variables) :]]
            for known, value in zip(shape.variables, variables, strict=True):
                known.add(value)
        return shape

    def __len__(self) -> int:
        return len(self._shapes)

    def most_common(self, count: int) -> list[Shape]:
        """The shapes of most lines."""
        return sorted(self._shapes.values(), key=lambda shape: -shape.count)[:count]


def message_of(said: dict[str, Any]) -> tuple[Path | None, str]:
    """The path of the text that says what kind of line it is, and the text."""
    below = [(key,) for key, value in said.items() if isinstance(value, dict)]
    for holder in ((), *below):
        for name in MESSAGES:
            path = (*holder, name)
            text = value_at(said, path)
            if isinstance(text, str) and text:
                return path, text
    return None, ""


def template_of(text: str) -> tuple[str, list[str]]:
    """A message with a star for each part that differs between lines, and these parts.

    A word alone is the name of a kind of line, and stays.
    """
    text = text[:LONGEST_MESSAGE]
    if re.fullmatch(r"[A-Za-z_.]+", text):
        return text, []
    template = VARIABLE_OR_CAPITALS.sub("*", text)
    if re.search(r"[A-Za-z]", template):
        return template, VARIABLE_OR_CAPITALS.findall(text)
    return VARIABLE.sub("*", text), VARIABLE.findall(text)


def leaves(said: dict[str, Any], above: Path = ()) -> Iterable[tuple[Path, Any]]:
    """Every value that is no object, with its path."""
    for key, value in said.items():
        path = (*above, key)
        if isinstance(value, dict) and len(path) < DEPTH:
            yield from leaves(value, path)
        elif value is not None:
            yield path, value


_TIME = re.compile(_MOMENT)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "number"
        case list():
            return "list"
        case str() if _TIME.fullmatch(value):
            return (
                "time"
                if value[-1] == "Z" or re.search(r"[+-]\d\d:?\d\d$", value)
                else "time without zone"
            )
        case str() if re.fullmatch(r"[+-]?\d+", value):
            return "int"
        case str() if re.fullmatch(r"[+-]?\d*\.\d+", value):
            return "number"
        case str() if value.lower() in ("true", "false"):
            return "bool"
        case _:
            return "text"
