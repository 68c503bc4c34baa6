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
"""Keys that often say what kind of line it is, the most telling first."""
MOST_SHAPES = 10_000
MOST_VALUES = 50
DEPTH = 3

# A number, or a word with one in it: what differs between lines of one kind.
VARIABLE = re.compile(r"[\w./:+-]*\d[\w./:+-]*")


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
        if len(self.values) < MOST_VALUES and not isinstance(value, list | dict):
            self.values[str(value)] += 1

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
    count: int = 0
    fields: dict[Path, Field] = field(default_factory=dict)

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
        path, template = (None, VARIABLE.sub("*", line)[:200]) if said is None else message_of(said)
        keys = tuple(sorted(said)) if said is not None and path is None else ()
        key = (path, template, keys)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) == MOST_SHAPES:
                return None
            shape = self._shapes[key] = Shape(path, template, keys, line)
        shape.count += 1
        if self._with_fields and said is not None:
            for where, value in leaves(said):
                shape.fields.setdefault(where, Field()).add(value)
        return shape

    def most_common(self, count: int) -> list[Shape]:
        """The shapes of most lines."""
        return sorted(self._shapes.values(), key=lambda shape: -shape.count)[:count]


def message_of(said: dict[str, Any]) -> tuple[Path | None, str]:
    """The path of the text that says what kind of line it is, and the text without numbers."""
    for holder in ((), ("attributes",)):
        for name in MESSAGES:
            path = (*holder, name)
            text = value_at(said, path)
            if isinstance(text, str) and text:
                return path, VARIABLE.sub("*", text)[:200]
    return None, ""


def leaves(said: dict[str, Any], above: Path = ()) -> Iterable[tuple[Path, Any]]:
    """Every value that is no object, with its path."""
    for key, value in said.items():
        path = (*above, key)
        if isinstance(value, dict) and len(path) < DEPTH:
            yield from leaves(value, path)
        elif value is not None:
            yield path, value


_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


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
