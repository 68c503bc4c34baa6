"""Metrics and monitors of the registry: their checks, and what they count as text.

What a metric counts is written here in both languages, Datadog's search and SQL, from the same row.
"""

from __future__ import annotations

from collections.abc import Iterator

from fleet.registry.rows import hint
from fleet.registry.schema import (
    Conditions,
    Event,
    EventField,
    Metric,
    Monitor,
    Registry,
)

HEARTBEAT = "robot.heartbeat"
"""The event that Datadog's index leaves out for its number: log-based metrics alone see it."""

ENVELOPE_TAGS = ("service", "version")
TITLE_WORD = "{%s}"


# ---------------------------------------------------------------- checks


def check_monitoring(registry: Registry) -> Iterator[str]:
    """Problems of metrics and monitors, each the rest of a sentence that began with the file."""
    for metric in registry.metrics:
        for problem in _check_metric(metric, registry):
            yield f"metric {metric.name}: {problem}"
    for monitor in registry.monitors:
        for problem in _check_monitor(monitor, registry):
            yield f"monitor {monitor.name}: {problem}"


def _check_metric(metric: Metric, registry: Registry) -> Iterator[str]:
    named = [*metric.except_events, *(metric.events if isinstance(metric.events, dict) else ())]
    unknown = [name for name in named if name not in registry.by_name]
    for name in unknown:
        yield f"{name} is no event{hint(name, list(registry.by_name))}."
    if unknown:
        return
    if metric.except_events and metric.events != "all":
        yield "except goes with events: all."
    if metric.distinct and metric.spread_of:
        yield "distinct and spread_of exclude each other."
    events = registry.counted_events(metric)
    for name, conditions in events.items():
        event = registry.by_name[name]
        for problem in _check_conditions(event, conditions, registry):
            yield f"{name}: {problem}"
        if metric.distinct and registry.event_ids(event).get(metric.distinct) != "required":
            yield f"distinct {metric.distinct} is not an id that {name} requires."
        if metric.spread_of:
            field = event.fields.get(metric.spread_of)
            if field is None or field.type not in ("int", "number"):
                yield f"spread_of {metric.spread_of} is no number of {name}."
    for tag, source in metric.tags.items():
        for problem in _check_tag(tag, source, events, registry):
            yield problem


def _check_conditions(event: Event, conditions: Conditions, registry: Registry) -> Iterator[str]:
    for name, wanted in conditions.items():
        field = event.fields.get(name)
        if field is None:
            yield f"{name} is no field{hint(name, list(event.fields))}."
        elif isinstance(wanted, str):
            if field.of != "robot_states" or wanted not in registry.state_sets:
                sets = ", ".join(registry.state_sets)
                yield f"{name} must be a list of values, or for a robot state one of {sets}."
        elif isinstance(wanted, bool):
            if field.type != "bool":
                yield f"{name} is no bool."
        elif field.type != "enum":
            yield f"{name} is no enum, so it cannot be compared with a list of values."
        else:
            for value in wanted:
                if value not in registry.values(field):
                    yield f"{value} is no value of {name}{hint(value, registry.values(field))}."


def _check_tag(
    tag: str, source: str, events: dict[str, Conditions], registry: Registry
) -> Iterator[str]:
    if source in registry.ids:
        if not registry.ids[source].on_all:
            yield f"tag {tag}: an id is no tag; each value of a tag is billed."
        return
    if source in ENVELOPE_TAGS:
        return
    for name in events:
        field = registry.by_name[name].fields.get(source)
        if field is None:
            yield f"tag {tag}: {source} is neither of the envelope nor a field of {name}."
        elif not _is_few(source, field):
            yield f"tag {tag}: {source} of {name} may have any number of values, each billed."


def _is_few(name: str, field: EventField) -> bool:
    return field.type in ("enum", "bool") or name.endswith("_version")


def _check_monitor(monitor: Monitor, registry: Registry) -> Iterator[str]:
    for name in filter(None, (monitor.of, monitor.over)):
        metric = registry.metrics_by_name.get(name)
        if metric is None:
            yield f"{name} is no metric{hint(name, list(registry.metrics_by_name))}."
            continue
        for tag in monitor.by:
            if tag not in metric.tags:
                yield f"{name} has no tag {tag}{hint(tag, list(metric.tags))}."
        if metric.spread_of:
            yield f"{name} is a distribution, not a count."
        if monitor.source == "metrics" and metric.distinct:
            yield f"{name} counts each {metric.distinct} once, which only source: logs can."
        if monitor.source == "logs" and HEARTBEAT in registry.counted_events(metric):
            yield f"{name} counts heartbeats, which only source: metrics sees."
    if monitor.over is None and (monitor.shortfall or monitor.minimum_sample):
        yield "shortfall and minimum_sample need `over`."
    if monitor.shortfall and monitor.source == "metrics":
        yield "shortfall needs source: logs; a log-based metric of which nothing came has no value."
    if monitor.over is not None and monitor.minimum_sample is None:
        yield "a ratio needs minimum_sample: one failure of one would be all of them."
    if monitor.warning is not None and monitor.warning >= monitor.critical:
        yield "warning must be below critical."
    for tag in monitor.by:
        if TITLE_WORD % tag not in monitor.title:
            yield f"title must say {TITLE_WORD % tag}, which it is split by."


# ---------------------------------------------------------------- what is counted, as text


def log_path(source: str, registry: Registry) -> str:
    """Where Datadog has what a tag or a count is taken from: `version`, `@market`, `@data.kind`."""
    if source in ENVELOPE_TAGS:
        return source
    return f"@{source}" if source in registry.ids else f"@data.{source}"


def search_query(metric: Metric, registry: Registry) -> str:
    """The lines of a metric in Datadog's search language."""
    if metric.events == "all":
        left_out = "".join(f" -@evt.name:{name}" for name in metric.except_events)
        return f"@evt.name:*{left_out}"
    events = registry.counted_events(metric)
    plain = [name for name, conditions in events.items() if not conditions]
    parts = [f"@evt.name:{_any_of(plain)}"] if plain else []
    for name, conditions in events.items():
        if conditions:
            words = [f"@evt.name:{name}"]
            for field, wanted in conditions.items():
                words.append(_search_condition(field, wanted, registry))
            parts.append(" ".join(words))
    if len(parts) == 1:
        return parts[0]
    return f"({' OR '.join(f'({part})' if ' ' in part else part for part in parts)})"


def _search_condition(field: str, wanted: list[str] | bool | str, registry: Registry) -> str:
    path = f"@data.{field}"
    if isinstance(wanted, bool):
        return f"{path}:{str(wanted).lower()}"
    if isinstance(wanted, list):
        return f"{path}:{_any_of(wanted)}"
    always, sometimes = _states(wanted, registry)
    if not sometimes:
        return f"{path}:{_any_of(always)}"
    return f"({path}:{_any_of(always)} OR ({path}:{_any_of(sometimes)} -@data.dispatchable:true))"


def _states(state_set: str, registry: Registry) -> tuple[list[str], list[str]]:
    """States of a set, and those of it in which a robot is unusable only until dispatchable."""
    sometimes = [
        state.name
        for state in registry.robot_states
        if state_set == "unusable" and state.usable == "when_dispatchable"
    ]
    names = registry.state_sets[state_set]
    return [name for name in names if name not in sometimes], sometimes


def _any_of(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"({' OR '.join(values)})"


def sql_condition(metric: Metric, registry: Registry) -> str:
    """The events of a metric as a SQL condition on the columns of stg_event_log__events."""
    if metric.events == "all":
        left_out = _sql_list(metric.except_events)
        return f"event_name not in ({left_out})" if left_out else "event_name is not null"
    events = registry.counted_events(metric)
    plain = [name for name, conditions in events.items() if not conditions]
    parts = [f"event_name in ({_sql_list(plain)})"] if plain else []
    for name, conditions in events.items():
        if conditions:
            words = [f"event_name = '{name}'"]
            for field, wanted in conditions.items():
                words.append(_sql_condition(registry.column(field), wanted, registry))
            parts.append(f"({' and '.join(words)})" if len(events) > 1 else " and ".join(words))
    return " or ".join(parts)


def _sql_condition(column: str, wanted: list[str] | bool | str, registry: Registry) -> str:
    if isinstance(wanted, bool):
        return column if wanted else f"not {column}"
    if isinstance(wanted, list):
        return f"{column} in ({_sql_list(wanted)})"
    always, sometimes = _states(wanted, registry)
    if not sometimes:
        return f"{column} in ({_sql_list(always)})"
    return (
        f"({column} in ({_sql_list(always)})"
        f" or ({column} in ({_sql_list(sometimes)}) and not coalesce(dispatchable, false)))"
    )


def _sql_list(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
