"""Paths to values of a line: `robot.id`, `stops[0].at`, `"usr.id"`, `@timestamp`."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

Path = tuple[str | int, ...]

_PART = re.compile(r'(?:^|\.)(?:"((?:[^"\\]|\\.)*)"|([^."\[\]]+))|\[(\d+)\]')


class PathError(ValueError):
    """A text is no path."""


@cache
def read_path(text: str) -> Path:
    """The keys and places of a path.

    Raises:
        PathError: it is none.
    """
    parts: list[str | int] = []
    place = 0
    while place < len(text):
        found = _PART.match(text, place) if place or text[0] != "." else None
        if found is None or (found[3] is not None and not parts):
            raise PathError(f"{text!r} is no path: write keys with dots between, as robot.id")
        quoted, bare, number = found.groups()
        parts.append(int(number) if number else json.loads(f'"{quoted}"') if bare is None else bare)
        place = found.end()
    if not parts:
        raise PathError("a path must not be empty")
    return tuple(parts)


def write_path(path: Path) -> str:
    """The shortest text of a path."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        bare = re.fullmatch(r'[^."\[\]]+', part)
        text += ("." if text else "") + (part if bare else json.dumps(part, ensure_ascii=False))
    return text


def value_at(line: Any, path: Path) -> Any:
    """The value there; None where there is none."""
    for part in path:
        if isinstance(part, int):
            line = line[part] if isinstance(line, list) and part < len(line) else None
        else:
            line = line.get(part) if isinstance(line, dict) else None
    return line
