"""Counts what lines say that no column will have, so that somebody can say whether it is wanted.

Fields that the registry does not know, and values that a mapping reads nowhere: none of them is
lost, for lines and logs are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fleet.mapping.loader import Mapping
from fleet.mapping.paths import Path, read_path
from fleet.mapping.schema import Rule, Value
from fleet.mapping.shapes import leaves
from fleet.registry import Registry


class Unregistered:
    """Counts fields of events that the registry does not know.

    Attributes:
        counts: lines by event and place, such as `data.wifi` or, of a key on top, `tenant`.
    """

    def __init__(self, registry: Registry) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        tops = {key.path[0] for key in registry.envelope} | set(registry.ids) | {"data"}
        below = {
            key.name: {inner.path[1] for inner in registry.envelope_below(key.name)}
            for key in registry.envelope
            if key.type == "object"
        }
        self._known = {
            event.name: (tops, below | {"data": set(event.fields)}) for event in registry.events
        }

    def add(self, line: dict[str, Any]) -> None:
        """Take in a line that staging accepts."""
        name = line["evt"]["name"]
        tops, below = self._known[name]
        # Of nearly all lines there is nothing to say.
        for key in line.keys() - tops:
            self.counts[name, key] += 1
        for key, known in below.items():
            inner = line.get(key)
            if inner:
                for field in inner.keys() - known:
                    self.counts[name, f"{key}.{field}"] += 1


class Unread:
    """Counts values of lines that the rule which takes them reads nowhere.

    Attributes:
        counts: lines by the path, as the mapping would write it.
        rules: the names of their rules by the path.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.counts: Counter[Path] = Counter()
        self.rules: dict[Path, set[str]] = {}
        self._is_datadog = mapping.content.format == "datadog"
        shared = list(_paths(mapping, None))
        self._read = {
            rule.name: {*shared, *_paths(mapping, rule)} for rule in mapping.content.rules
        }

    def add(self, rule: str, line: dict[str, Any]) -> None:
        """Take in a line of which a rule makes an event."""
        if self._is_datadog:  # beside what the service wrote is what Datadog knows of every line
            line = line.get("attributes") or {}
        read = self._read[rule]
        for path, _ in leaves(line):
            if not any(path[: len(one)] == one or one[: len(path)] == path for one in read):
                self.counts[path] += 1
                self.rules.setdefault(path, set()).add(rule)


def _paths(mapping: Mapping, rule: Rule | None) -> Iterator[Path]:
    """The paths that a rule reads; those that all of them do."""
    content = mapping.content
    holders: list[Any]
    if rule is None:
        holders = [value for _, value in content.line] + list(content.ids.values())
        yield from map(read_path, content.line.identity)
        for one in content.rules:
            yield from map(read_path, one.when)
            # It tells a part of what its lines say, another rule the rest.
            if one.go_on:
                yield from _paths(mapping, one)
    else:
        holders = [*rule.ids.values(), *rule.fields.values(), rule.occurred_at]
    for value in holders:
        if isinstance(value, Value) and value.path is not None:
            yield value.keys
