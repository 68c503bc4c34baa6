"""Every query finds the lines of its events and no other line, by Datadog's own search."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from fleet_events.handler import EventLogHandler

from fleet.registry import Registry
from fleet.registry.generate import generate
from fleet.registry.schema import Metric
from tests.python.datadog.conftest import FOLDER, ROOT, Requests, requests_in
from tests.python.datadog.search import Line, MonitorQuery, as_datadog_has_it, matches


def is_counted(metric: Metric, line: Line, registry: Registry) -> bool:
    """Whether the registry says that the metric counts the line."""
    events = registry.counted_events(metric)
    data = line.get("data", {})
    if line["evt"]["name"] not in events:
        return False
    for field, wanted in events[line["evt"]["name"]].items():
        if isinstance(wanted, str):
            states = {state.name: state for state in registry.robot_states}
            state = states[data[field]]
            is_operating, is_down = state.operating, state.state_class == "unplanned_down"
            is_usable = state.usable == "always" or (
                state.usable == "when_dispatchable" and data.get("dispatchable", False)
            )
            fits = {
                "operating": is_operating,
                "unplanned_down": is_down,
                "in_service": is_operating or is_down,
                "unusable": (is_operating or is_down) and not is_usable,
            }[wanted]
        elif isinstance(wanted, bool):
            fits = data[field] == wanted
        else:
            fits = data[field] in wanted
        if not fits:
            return False
    return True


def mismatches(query: str, metric: Metric, lines: list[Line], registry: Registry) -> list[Line]:
    """Lines that only one finds, the query or the registry's row."""
    return [line for line in lines if matches(query, line) != is_counted(metric, line, registry)]


def test_each_monitor_counts_the_lines_of_its_metrics_and_no_other(
    registry: Registry, monitors: Requests, metrics: Requests, example_lines: list[Line]
) -> None:
    assert {monitor.name for monitor in registry.monitors} == monitors.keys()
    for monitor in registry.monitors:
        queries = MonitorQuery(monitors[monitor.name], metrics).queries
        named = [monitor.of, monitor.over] if monitor.over else [monitor.of]
        assert sorted(queries) == sorted(named if queries.keys() != {"lines"} else ["lines"])
        for name in named:
            query = queries.get(name) or queries["lines"]
            metric = registry.metrics_by_name[name]
            assert not mismatches(query.search, metric, example_lines, registry), name
            found = [line for line in example_lines if matches(query.search, line)]
            assert 0 < len(found) < len(example_lines), name
            assert query.distinct == (f"@{metric.distinct}" if metric.distinct else None)


def test_each_log_based_metric_counts_the_lines_of_its_row_and_no_other(
    registry: Registry, metrics: Requests, example_lines: list[Line]
) -> None:
    for metric in registry.metrics:
        if metric.distinct:
            assert f"fleet.{metric.name}" not in metrics
            continue
        query = metrics[f"fleet.{metric.name}"]["data"]["attributes"]["filter"]["query"]
        assert not mismatches(query, metric, example_lines, registry), metric.name


@pytest.mark.parametrize(
    ("metric", "right", "wrong"),
    [
        ("takeovers", " @data.from_mode:autonomous", ""),
        ("takeovers", "assisted OR remote", "assisted OR remotely"),
        ("events", "-@evt.name:robot.heartbeat", ""),
        ("robot_errors", "robot.error OR", "robot.errors OR"),
        ("unusable_heartbeats", "-@data.dispatchable:true", "@data.dispatchable:true"),
        ("operating_heartbeats", "@data.state", "@state"),
    ],
)
def test_a_wrong_query_is_found(
    registry: Registry,
    metrics: Requests,
    example_lines: list[Line],
    metric: str,
    right: str,
    wrong: str,
) -> None:
    query = metrics[f"fleet.{metric}"]["data"]["attributes"]["filter"]["query"]
    assert right in query
    row = registry.metrics_by_name[metric]
    assert mismatches(query.replace(right, wrong), row, example_lines, registry)


def test_no_monitor_counts_ordinary_logs_or_another_environment(
    monitors: Requests, metrics: Requests, example_lines: list[Line]
) -> None:
    written: list[bytes] = []
    logger = logging.Logger("robot")
    logger.addHandler(EventLogHandler(service="robot-agent", env="prod", write=written.append))
    logger.error("robot.error", extra={"is_failure": True})
    ordinary = as_datadog_has_it(json.loads(written[0]))
    elsewhere = [as_datadog_has_it(line, env="staging") for line in example_lines]
    for name, monitor in monitors.items():
        for query in MonitorQuery(monitor, metrics).queries.values():
            assert not any(matches(query.search, line) for line in [ordinary, *elsewhere]), name


def test_a_line_sent_twice_counts_once_where_ids_are_counted(
    monitors: Requests, metrics: Requests, example_lines: list[Line]
) -> None:
    twice = example_lines + example_lines
    for name, monitor in monitors.items():
        for query in MonitorQuery(monitor, metrics).queries.values():
            once = query.counts(example_lines)
            expected = once if query.distinct else {group: 2 * n for group, n in once.items()}
            assert query.counts(twice) == expected, name


def test_nothing_is_split_by_an_id(monitors: Requests, metrics: Requests) -> None:
    dashboards = requests_in("dashboards")
    split_by = set()
    for request in [*monitors.values(), *metrics.values(), *dashboards.values()]:
        text = json.dumps(request)
        split_by |= set(re.findall(r'"(?:facet|path|tag_name)": "([^"]+)"', text))
        split_by |= {tag for tags in re.findall(r"by \{([^}]+)\}", text) for tag in tags.split(",")}
        split_by |= {
            tag for by in re.findall(r"\.by\((.+?)\)\.", text) for tag in re.findall(r"[@\w.]+", by)
        }
    assert {"market", "@market", "version", "software_version", "service"} <= split_by
    assert not {tag for tag in split_by if tag.endswith("_id")}


def test_every_file_is_of_a_row_of_the_registry(registry: Registry) -> None:
    made = {ROOT / path for path in generate(registry) if path.startswith("pipeline/datadog/")}
    stale = set(FOLDER.rglob("*.json")) - made
    assert not stale, f"no row of registry/monitors.yml makes {stale}: remove them"


def test_a_changed_value_changes_the_queries(registry: Registry, tmp_path: Path) -> None:
    states = [
        state.model_copy(update={"usable": "always"}) if state.name == "repositioning" else state
        for state in registry.robot_states
    ]
    changed: Any = type(registry)(**{**vars_of(registry), "robot_states": tuple(states)})
    before, after = generate(registry), generate(changed)
    path = "pipeline/datadog/metrics/unusable_heartbeats.json"
    assert "repositioning" in before[path]
    assert "repositioning" not in after[path]


def vars_of(registry: Registry) -> dict[str, Any]:
    return {name: getattr(registry, name) for name in type(registry).__dataclass_fields__}
