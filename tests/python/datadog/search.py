"""Datadog's search and monitors on lines, without Datadog: with the matcher of Vector's VRL."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from vrl_python import VRLRuntime

Line = dict[str, Any]
Group = tuple[str, ...]
Counts = dict[Group, float]
Request = Mapping[str, Any]

_RUNTIME = VRLRuntime()


def as_datadog_has_it(line: Line, env: str | None = None) -> Line:
    """The line with the tags that pipeline/vector gives it; in `env`, where that is not its own."""
    line = line | {"env": env or line["env"]}
    return line | {"tags": [f"env:{line['env']}", f"version:{line['version']}"]}


def matches(query: str, line: Line) -> bool:
    """Whether Datadog's search finds the line."""
    program = f"match_datadog_query(., {json.dumps(query)})"
    found = _RUNTIME.execute(program, line).runtime_result
    assert isinstance(found, bool), found
    return found


def value_at(path: str, line: Line) -> str | None:
    """What a facet or tag says of a line: `version`, `@market`, `@data.kind`."""
    value: Any = line
    for key in path.removeprefix("@").split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else str(value)


class Query:
    """One count of a monitor: which lines, what is counted of them, and by what."""

    def __init__(self, search: str, facets: Iterable[str], distinct: str | None = None) -> None:
        self.search = search
        self.facets = tuple(facets)
        self.distinct = distinct

    def counts(self, lines: Iterable[Line]) -> Counts:
        """The number of each group; a line that lacks a facet is in none."""
        counted: dict[Group, set[Any]] = defaultdict(set)
        for number, line in enumerate(lines):
            if matches(self.search, line):
                group = [value_at(facet, line) for facet in self.facets]
                if None not in group:
                    what = value_at(self.distinct, line) if self.distinct else number
                    counted[tuple(map(str, group))].add(what)
        return {group: float(len(what)) for group, what in counted.items()}


class MonitorQuery:
    """A monitor's value, read from its JSON alone.

    Attributes:
        queries: its counts, by the names that `formula` has for them.
        formula: how they make the value.
    """

    def __init__(
        self, monitor: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.queries: dict[str, Query] = {}
        query = monitor["query"]
        if "variables" in monitor["options"]:
            found = re.fullmatch(r'formula\("(.+)"\)\.last\("\w+"\) > [\d.]+', query)
            assert found, query
            self.formula = found[1]
            for variable in monitor["options"]["variables"]:
                assert variable["compute"]["aggregation"] in ("count", "cardinality")
                self.queries[variable["name"]] = Query(
                    variable["search"]["query"],
                    [group["facet"] for group in variable["group_by"]],
                    variable["compute"].get("metric"),
                )
        elif monitor["type"] == "log alert":
            found = re.fullmatch(
                r'logs\("(.+)"\)\.index\("\*"\)\.rollup\("count"\)\.by\((.+)\)\.last\("\w+"\)'
                r" > [\d.]+",
                query,
            )
            assert found, query
            self.formula = "lines"
            self.queries["lines"] = Query(found[1], re.findall(r'"([^"]+)"', found[2]))
        else:
            found = re.fullmatch(r"sum\(last_\w+\):(.+) > [\d.]+", query)
            assert found, query
            self.formula = re.sub(
                r"sum:([\w.]+)\{([\w:]+)\} by \{([\w,]+)\}\.as_count\(\)",
                lambda match: self._of_metric(metrics[match[1]], match[2], match[3].split(",")),
                found[1],
            )

    def _of_metric(self, metric: Request, scope: str, tags: list[str]) -> str:
        attributes = metric["data"]["attributes"]
        assert attributes["compute"] == {"aggregation_type": "count"}
        paths = {group["tag_name"]: group["path"] for group in attributes["group_by"]}
        assert scope.split(":")[0] in paths
        name = metric["data"]["id"].split(".")[-1]
        self.queries[name] = Query(
            f"{scope} {attributes['filter']['query']}", [paths[tag] for tag in tags]
        )
        return str(name)

    def values(self, counts: Mapping[str, Counts]) -> Counts:
        """The value of each group, from the counts of `queries`; none where it has no value."""
        functions: dict[str, Any] = {
            "__builtins__": {},
            "default_zero": lambda count: 0.0 if count is None else count,
            "is_greater": lambda count, least: float(count > least),
        }
        values = {}
        for group in {group for found in counts.values() for group in found}:
            names = {name: found.get(group) for name, found in counts.items()}
            # A count of nothing has no value, and neither has what is reckoned from it.
            with suppress(TypeError):
                values[group] = float(eval(self.formula, functions, names))
        return values
