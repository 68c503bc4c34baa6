"""Which registered events the code emits, and which names the logs hold that the registry lacks."""

from __future__ import annotations

import ast
import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fleet.registry.schema import Registry
from fleet.registry.targets.common import MARK

PYTHON = {".py", ".pyi"}
SCRIPT = {".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"}
LOGS = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
# Folders of what others wrote or tools made.
SKIPPED = {"node_modules", "site-packages", "dist", "build", "__pycache__", "dbt_packages"}

NAME = re.compile(r"[a-z]+\.[a-z0-9_]+")
# Events.ROBOT_ERROR, and .event("robot.error", which TypeScript takes as well.
CONSTANT = re.compile(r"\bEvents\.([A-Z][A-Z0-9_]*)\b")
TEXT = re.compile(rf"""\.event\(\s*["'`]({NAME.pattern})["'`]""")
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)

# Written by the logger itself, whatever the code says.
OWN = {"telemetry.event_rejected"}


@dataclass
class Usage:
    """What was found.

    Attributes:
        code_files: source files read.
        log_files: log files read.
        emitted: event name to the first place in the code, `path:line`.
        unknown_in_code: `Events.X` or name the registry lacks, to its first place.
        lines: log lines that name a registered event.
        unknown_in_logs: name the registry lacks, to its first place.
        unknown_counts: how many log lines have each such name.
        nameless: log lines that are no JSON or name no event.
        unread: log files that end before their end, or cannot be read, with the reason.
    """

    code_files: int = 0
    log_files: int = 0
    emitted: dict[str, str] = field(default_factory=dict)
    unknown_in_code: dict[str, str] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)
    unknown_in_logs: dict[str, str] = field(default_factory=dict)
    unknown_counts: Counter[str] = field(default_factory=Counter)
    nameless: int = 0
    unread: dict[str, str] = field(default_factory=dict)

    def never_emitted(self, registry: Registry) -> list[str]:
        """Registered events that no code emits, deprecated ones left out."""
        return [
            event.name
            for event in registry.events
            if event.name not in self.emitted and event.name not in OWN and not event.deprecated
        ]

    def deprecated_emitted(self, registry: Registry) -> list[str]:
        """Deprecated events that code still emits."""
        return [e.name for e in registry.events if e.deprecated and e.name in self.emitted]


def find_usage(folders: list[Path], registry: Registry) -> Usage:
    """Look through all code and all log files below some folders.

    Generated files, hidden folders and installed packages are left out.
    """
    usage = Usage()
    constants = {event.constant: event.name for event in registry.events}
    for path in _files(folders):
        if path.name.endswith(LOGS):
            usage.log_files += 1
            _read_log(path, registry, usage)
        elif path.suffix in PYTHON | SCRIPT:
            _read_code(path, constants, registry, usage)
    return usage


def _files(folders: list[Path]) -> Iterator[Path]:
    for top in folders:
        if top.is_file():
            yield top
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(
                name for name in inner if name not in SKIPPED and not name.startswith(".")
            )
            yield from (Path(folder, name) for name in sorted(names))


def _read_code(path: Path, constants: dict[str, str], registry: Registry, usage: Usage) -> None:
    text = path.read_text("utf-8", errors="replace")
    if MARK in text[:2000]:
        return
    usage.code_files += 1
    find = _in_python if path.suffix in PYTHON else _in_script
    for word, line in find(text):
        name = constants.get(word) or (word if word in registry.by_name else None)
        if name is None:
            found = f"Events.{word}" if word.isupper() else word
            usage.unknown_in_code.setdefault(found, f"{path}:{line}")
        else:
            usage.emitted.setdefault(name, f"{path}:{line}")


def _in_python(text: str) -> Iterator[tuple[str, int]]:
    """Constants of `Events` and names given as text to `event`, each with its line."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        # Code of another Python, or half of a template.
        yield from _in_script(text)
        return
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="Events"), attr=word) if CONSTANT.fullmatch(
                f"Events.{word}"
            ):
                yield word, node.lineno
            case ast.Call(
                func=ast.Attribute(attr="event"), args=[ast.Constant(value=str(word)), *_]
            ) if NAME.fullmatch(word):
                yield word, node.lineno


def _in_script(text: str) -> Iterator[tuple[str, int]]:
    """The same for TypeScript and JavaScript."""
    # Comments become as many empty lines, so that the numbers of the others stay.
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for pattern in (CONSTANT, TEXT):
        for match in pattern.finditer(text):
            yield match[1], text.count("\n", 0, match.start(1)) + 1


class _Evt(msgspec.Struct):
    name: str


class _Line(msgspec.Struct):
    evt: _Evt


_decode = msgspec.json.Decoder(_Line).decode


def _read_log(path: Path, registry: Registry, usage: Usage) -> None:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    name = _decode(line).evt.name
                except (msgspec.DecodeError, UnicodeDecodeError):
                    usage.nameless += bool(line.strip())
                    continue
                if name in registry.by_name:
                    usage.lines[name] += 1
                else:
                    usage.unknown_in_logs.setdefault(name, f"{path}:{number}")
                    usage.unknown_counts[name] += 1
    except (OSError, EOFError, zlib.error) as error:
        usage.unread[str(path)] = str(error) or type(error).__name__
