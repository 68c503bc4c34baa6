"""Datadog's part: monitors, a dashboard and log-based metrics, as the JSON that its API takes."""

from __future__ import annotations

import json
import re
from typing import Any

from fleet.registry.monitoring import log_path, search_query
from fleet.registry.schema import Metric, Monitor, Registry
from fleet.registry.targets.common import MARK

FOLDER = "pipeline/datadog"
OWNED = (f"{FOLDER}/monitors/*.json", f"{FOLDER}/dashboards/*.json")
ENV = "env:prod"
"""Whose lines the monitors read; the dashboard lets the reader choose."""

METRIC_PREFIX = "fleet."
GROUPS = 50
"""Most groups of a monitor or graph: versions, markets, services."""
GRAPH_SECONDS = 3600

TITLES = {
    "release_health": "Release health",
    "funnel": "Delivery funnel",
    "supply": "Supply",
    "safety": "Safety, and trust in the data",
}


def files(registry: Registry) -> dict[str, str]:
    """One file per monitor and per log-based metric, and the dashboard of them all."""
    made = {
        f"monitors/{monitor.name}.json": monitor_json(monitor, registry)
        for monitor in registry.monitors
    }
    made |= {
        f"metrics/{metric.name}.json": metric_json(metric, registry)
        for metric in log_metrics(registry)
    }
    made["dashboards/delivery_sessions.json"] = dashboard_json(registry)
    return {
        f"{FOLDER}/{path}": json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for path, content in made.items()
    }


# ---------------------------------------------------------------- log-based metrics


def log_metrics(registry: Registry) -> list[Metric]:
    """Metrics that Datadog keeps from all lines it gets; it cannot count an id once there."""
    return [metric for metric in registry.metrics if not metric.distinct]


def metric_json(metric: Metric, registry: Registry) -> dict[str, Any]:
    """The request that creates a log-based metric."""
    compute: dict[str, Any] = {"aggregation_type": "count"}
    if metric.spread_of:
        compute = {
            "aggregation_type": "distribution",
            "path": log_path(metric.spread_of, registry),
            "include_percentiles": True,
        }
    tags = {"env": "env"} | {tag: log_path(at, registry) for tag, at in metric.tags.items()}
    return {
        "data": {
            "type": "logs_metrics",
            "id": METRIC_PREFIX + metric.name,
            "attributes": {
                "compute": compute,
                "filter": {"query": search_query(metric, registry)},
                "group_by": [{"path": path, "tag_name": tag} for tag, path in tags.items()],
            },
        }
    }


# ---------------------------------------------------------------- monitors


def monitor_json(monitor: Monitor, registry: Registry) -> dict[str, Any]:
    """The request that creates a monitor."""
    thresholds = {"critical": monitor.critical}
    if monitor.warning is not None:
        thresholds["warning"] = monitor.warning
    options: dict[str, Any] = {
        "thresholds": thresholds,
        "include_tags": True,
        "notify_audit": False,
        # A version that has just gone live has no full window yet, and is what to look at.
        "require_full_window": False,
    }
    of = registry.metrics_by_name[monitor.of]
    if monitor.source == "metrics":
        window = f"sum(last_{_span(monitor.window_minutes)})"
        counts = {name: _metric_query(name, monitor, ENV) for name in _names(monitor)}
        query = f"{window}:{_filled_in(formula(monitor, registry), counts)}"
        options["notify_no_data"] = False
    elif monitor.over is None and not of.distinct:
        query = (
            f'logs("{ENV} {search_query(of, registry)}").index("*").rollup("count")'
            f".by({_quoted(_facets(of, monitor, registry))})"
            f'.last("{_span(monitor.window_minutes)}")'
        )
        options["enable_logs_sample"] = True
        options["on_missing_data"] = "default"
    else:
        options["variables"] = [
            _log_query(registry.metrics_by_name[name], monitor, registry, ENV)
            for name in _names(monitor)
        ]
        value = formula(monitor, registry)
        query = f'formula("{value}").last("{_span(monitor.window_minutes)}")'
        options["on_missing_data"] = "resolve"
    return {
        "name": _title(monitor, registry),
        "type": "query alert" if monitor.source == "metrics" else "log alert",
        "query": f"{query} > {monitor.critical}",
        "message": "\n\n".join(
            [
                monitor.message.strip(),
                *([f"The verdict of the mart: {monitor.link}"] if monitor.link else []),
                "The value is {{value}}; the limit is {{threshold}}." + _sample(monitor),
                MARK,
            ]
        ),
        "tags": [ENV, f"team:{monitor.owner}", f"group:{monitor.group}", f"monitor:{monitor.name}"],
        "priority": monitor.priority,
        "options": options,
    }


def formula(monitor: Monitor, registry: Registry, *, guarded: bool = True) -> str:
    """The value of a monitor, over the names of its metrics.

    `guarded`: 0 while there is less than minimum_sample, as Datadog's guide to error rates does it.
    """
    if monitor.over is None:
        return monitor.of
    of, over = (registry.metrics_by_name[name] for name in (monitor.of, monitor.over))
    if monitor.shortfall:
        # Nothing at all of it is the worst, not the absence of a value.
        value = f"(1 - default_zero({of.name}) / {over.name})"
    else:
        value = f"{of.name} / {over.name}"
    factor = (over.per_hour or 1) / (of.per_hour or 1)
    if factor != 1:
        value += f" * {factor:g}"
    if guarded and monitor.minimum_sample:
        least = monitor.minimum_sample * (over.per_hour or 1)
        value += f" * is_greater({over.name}, {least - 1})"
    return value


def _sample(monitor: Monitor) -> str:
    if monitor.minimum_sample is None or monitor.over is None:
        return ""
    what = monitor.over.replace("_heartbeats", " hours").replace("_", " ")
    return f" It is 0 while there are fewer than {monitor.minimum_sample} {what}."


def _title(monitor: Monitor, registry: Registry) -> str:
    metric = registry.metrics_by_name[monitor.of]

    def variable(match: re.Match[str]) -> str:
        tag = match[1]
        path = tag if monitor.source == "metrics" else log_path(metric.tags[tag], registry)
        return f"{{{{[{path}].name}}}}" if path.startswith("@") else f"{{{{{path}.name}}}}"

    return re.sub(r"\{(\w+)\}", variable, monitor.title)


def _names(monitor: Monitor) -> list[str]:
    return [monitor.of, monitor.over] if monitor.over else [monitor.of]


def _facets(metric: Metric, monitor: Monitor, registry: Registry) -> list[str]:
    return [log_path(metric.tags[tag], registry) for tag in monitor.by]


def _span(minutes: int) -> str:
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _filled_in(text: str, values: dict[str, str]) -> str:
    """The formula with each metric's name replaced by its query."""
    names = "|".join(sorted(values, key=len, reverse=True))
    return re.sub(rf"\b({names})\b", lambda match: values[match[1]], text)


def _metric_query(name: str, monitor: Monitor, scope: str) -> str:
    return f"sum:{METRIC_PREFIX}{name}{{{scope}}} by {{{','.join(monitor.by)}}}.as_count()"


def _log_query(
    metric: Metric,
    monitor: Monitor,
    registry: Registry,
    scope: str,
    interval_ms: int | None = None,
) -> dict[str, Any]:
    compute: dict[str, Any] = {"aggregation": "count"}
    if metric.distinct:
        compute = {
            "aggregation": "cardinality",
            "metric": log_path(metric.distinct, registry),
        }
    return {
        "data_source": "logs",
        "name": metric.name,
        "indexes": ["*"],
        "search": {"query": f"{scope} {search_query(metric, registry)}"},
        "compute": compute | ({"interval": interval_ms} if interval_ms else {}),
        "group_by": [
            {"facet": facet, "limit": GROUPS, "sort": {**compute, "order": "desc"}}
            for facet in _facets(metric, monitor, registry)
        ],
    }


# ---------------------------------------------------------------- dashboard


def dashboard_json(registry: Registry) -> dict[str, Any]:
    """The request that creates the dashboard: a group of graphs for each group of monitors."""
    widgets = []
    for group, title in TITLES.items():
        graphs = [
            _graph(monitor, registry) for monitor in registry.monitors if monitor.group == group
        ]
        if group == "release_health":
            graphs.insert(0, _releases())
        if group == "funnel":
            graphs += [_spread(metric) for metric in registry.metrics if metric.spread_of]
        widgets.append(_widget("group", title, layout_type="ordered", widgets=graphs))
    return {
        "title": "Delivery sessions: release health, funnel and supply",
        "description": (
            "Late lines are missing: Datadog takes none that is older than 18 hours, and its "
            f"log-based metrics none older than 20 minutes. The marts have them.\n\n{MARK}"
        ),
        "layout_type": "ordered",
        "template_variables": [{"name": "env", "prefix": "env", "defaults": ["prod"]}],
        "tags": [],
        "widgets": widgets,
    }


def _widget(kind: str, title: str, **definition: Any) -> dict[str, Any]:
    return {"definition": {"type": kind, "title": title, **definition}}


def _graph(monitor: Monitor, registry: Registry) -> dict[str, Any]:
    if monitor.source == "metrics":
        queries = [
            {
                "data_source": "metrics",
                "name": name,
                "query": _metric_query(name, monitor, "$env") + f".rollup(sum, {GRAPH_SECONDS})",
            }
            for name in _names(monitor)
        ]
    else:
        queries = [
            _log_query(
                registry.metrics_by_name[name], monitor, registry, "$env", GRAPH_SECONDS * 1000
            )
            for name in _names(monitor)
        ]
    lines = {"critical": ("error dashed", monitor.critical)}
    if monitor.warning is not None:
        lines["warning"] = ("warning dashed", monitor.warning)
    return _widget(
        "timeseries",
        f"{monitor.name} by {', '.join(monitor.by)}",
        requests=[
            {
                "response_format": "timeseries",
                "display_type": "line",
                "queries": queries,
                # Without the monitor's guard: an hour's sample is small, and the reader sees it is.
                "formulas": [{"formula": formula(monitor, registry, guarded=False)}],
            }
        ],
        markers=[
            {"value": f"y = {value}", "display_type": style, "label": name}
            for name, (style, value) in lines.items()
        ],
    )


def _spread(metric: Metric) -> dict[str, Any]:
    name = METRIC_PREFIX + metric.name
    return _widget(
        "timeseries",
        f"{metric.name} by {', '.join(metric.tags)}: median and 95th percentile",
        requests=[
            {
                "response_format": "timeseries",
                "display_type": "line",
                "queries": [
                    {
                        "data_source": "metrics",
                        "name": percentile,
                        "query": f"{percentile}:{name}{{$env}} by {{{','.join(metric.tags)}}}",
                    }
                    for percentile in ("p50", "p95")
                ],
                "formulas": [{"formula": "p50"}, {"formula": "p95"}],
            }
        ],
    )


def _releases() -> dict[str, Any]:
    columns = ("timestamp", "@data.component", "@data.version", "@data.kind", "@data.scope")
    return _widget(
        "list_stream",
        "Releases",
        requests=[
            {
                "response_format": "event_list",
                "query": {
                    "data_source": "logs_stream",
                    "query_string": "$env @evt.name:release.deployed",
                    "indexes": [],
                },
                "columns": [{"field": field, "width": "auto"} for field in columns],
            }
        ],
    )
