"""What the schemas refuse is quarantined, and no more; what is accepted says what its line says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.mapping.verdict import Judge
from fleet.registry import Registry, load_registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import ROOT, Warehouse
from tests.python.registry.mutants import mutants
from tests.python.registry.odd_lines import (
    NotAnEventError,
    environment,
    extremes,
    fits,
    held,
    held_of_id,
    held_of_key,
    long_lines,
    mutations,
    said,
    short_lines,
    value_at,
)

MUTATIONS = 2400
TWICE = 200
# Enough for each field to meet most of the odd values.
STEP = 5
QUARANTINE = "base_event_log__quarantined_lines"
COUNT = "select {}, count(*) from fleet_staging.{} group by 1"
NOT_TESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(ROOT)


def spoilt(registry: Registry) -> Iterator[bytes]:
    """The payloads that the loggers are tested with, as if they had been let through."""
    for number, (name, payload) in enumerate(mutants(registry)):
        if number % STEP == 0:
            ids = {key: value for key, value in payload.items() if key in registry.ids}
            data = {key: value for key, value in payload.items() if key not in ids}
            line = example_line(registry.by_name[name], registry)
            line = {key: value for key, value in line.items() if key not in registry.ids}
            own = {
                "event_id": f"spoilt-{number}",
                "emitter_id": f"spoilt/{number}/1",
                "service": f"spoilt-{number}",
            }
            yield json.dumps({**line, **own, **ids, "data": data}).encode()


@dataclass
class Odd:
    """Lines that fit their event or nearly do, loaded, and what Python says of them.

    wrong     lines that no model may have, by why
    right     rows of those that must be accepted, or be duplicates
    refused   reason and detail of those that are quarantined, by `fleet check`
    """

    warehouse: Warehouse
    lines: list[bytes]
    wrong: Counter[str] = field(default_factory=Counter)
    right: list[tuple[Any, ...]] = field(default_factory=list)
    refused: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    @property
    def statuses(self) -> dict[str, int]:
        return dict(self.warehouse.rows(COUNT.format("line_status", "base_event_log__lines")))

    @property
    def reasons(self) -> dict[str, int]:
        return dict(self.warehouse.rows(COUNT.format("reason", QUARANTINE)))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any, registry: Registry) -> Odd:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("odd"))
    odd_lines = [line.encode() for line in extremes(registry, of_widths=True)]
    lines = [*mutations(registry, MUTATIONS, seed=15), *odd_lines, *spoilt(registry)]
    lines += [line.encode() for line, is_too_long in long_lines(registry) if not is_too_long]
    lines += [*short_lines(registry), *odd_lines[:TWICE]]
    warehouse.land("odd.ndjson", lines)
    warehouse.load()
    warehouse("seed")
    models = ("+base_event_log__quarantined_lines", "path:models/staging")
    warehouse("build", "--select", *models, *NOT_TESTED)

    odd = Odd(warehouse, lines)
    judge = Judge(ROOT, registry)
    for raw in lines:
        if not judge.other_environment(raw) and (refusal := judge.refused(raw)):
            odd.refused[refusal.reason, refusal.detail] += 1
        try:
            line = said(raw)
        except NotAnEventError as error:
            odd.wrong[str(error)] += 1
            continue
        if environment(line) != "prod":
            odd.wrong["of another environment"] += 1
        elif fits(line, registry):
            odd.right.append(row_of(line, registry))
        else:
            odd.wrong["by the models"] += 1
    return odd


def test_no_line_is_lost(odd: Odd) -> None:
    statuses, reasons = odd.statuses, odd.reasons
    rejected = {name: reasons.pop(name, 0) for name in ("malformed", "not_an_object", "too_large")}
    assert sum(statuses.values()) + sum(rejected.values()) == len(odd.lines)
    assert rejected == {"too_large": 0} | {
        name: odd.wrong[name] for name in ("malformed", "not_an_object")
    }
    assert statuses["quarantined"] == sum(reasons.values()) == odd.wrong["by the models"]
    assert statuses["other_environment"] == odd.wrong["of another environment"] > 10
    assert statuses["accepted"] + statuses["duplicate"] == len(odd.right)
    # Each kind is there in numbers: the tests can fail.
    assert statuses["accepted"] > 1000
    assert statuses["duplicate"] >= 10
    assert min(rejected["malformed"], rejected["not_an_object"] * 10) > 100
    assert min(reasons.values()) >= 10
    assert reasons.keys() >= {
        *("missing_event_id", "unknown_event", "bad_timestamp", "missing_required", "bad_type"),
        "bad_value",
    }


def test_fleet_check_says_of_each_line_why_it_is_refused(odd: Odd) -> None:
    counted = f"select reason, reason_detail, count(*) from fleet_staging.{QUARANTINE} group by all"
    by_staging = Counter({(why, what): count for why, what, count in odd.warehouse.rows(counted)})
    assert odd.refused - by_staging == Counter() == by_staging - odd.refused


def test_no_row_differs_from_what_its_line_says(odd: Odd, registry: Registry) -> None:
    found = Counter(rows(odd.warehouse, registry))
    expected = Counter(set(odd.right))
    assert found - expected == Counter(), "accepted, and should not be, or not with these values"
    assert expected - found == Counter(), "should be accepted"


def test_each_column_has_all_that_a_line_says_or_nothing(odd: Odd, registry: Registry) -> None:
    """In quarantine too; nothing where the value is of another type or wider than the column."""
    table = "fleet_staging.base_event_log__typed_lines"
    columns = {name for name, *_ in odd.warehouse.rows(f"describe {table}")}
    shared = {
        registry.column(name): (name, field)
        for name, field in registry.distinct_fields()
        if registry.column(name) in columns
    }
    keys = {key.column: key for key in registry.envelope_values}
    names = [*keys, *registry.ids, *(name for name in shared if name not in keys)]
    selected = ", ".join(selection(name, registry) for name in names)
    found: Counter[tuple[Any, ...]] = Counter()
    for row in odd.warehouse.rows(f"select {selected} from {table}"):
        values = dict(zip(names, row, strict=True))
        if str(values["event_id"]).startswith("derived-"):
            values["event_id"] = "derived"
        event = registry.by_name.get(values["event_name"])
        others = {name for name in shared if not event or shared[name][0] not in event.fields}
        if values["event_name"] == "robot.heartbeat":  # read with its own fields alone
            others = set()
        found[key_of({name: values[name] for name in values.keys() - others})] += 1

    expected: Counter[tuple[Any, ...]] = Counter()
    for raw in odd.lines:
        try:
            line = said(raw)
        except NotAnEventError:
            continue
        values = {name: held_of_key(value_at(line, keys[name].path), keys[name]) for name in keys}
        if "event_id" not in line and fits(line, registry):
            values["event_id"] = "derived"
        values |= {name: held_of_id(line.get(name), name, registry) for name in registry.ids}
        event = registry.by_name.get(str(values["event_name"]))
        for column, (name, of) in shared.items():
            if event and name in event.fields:
                value = value_at(line, ["data", name])
                values[column] = held(value, of.type, of.width, event.name, "data", name)
        expected[key_of(with_times(values, registry))] += 1
    assert found - expected == Counter() == expected - found


# ---------------------------------------------------------------- a row, by SQL and by Python

ENVELOPE = ("event_name", "service", "env", "service_version", "emitter_id", "seq", "occurred_at")


def rows(dbt: Warehouse, registry: Registry) -> Iterator[tuple[Any, ...]]:
    """What the models of the streams have of each accepted line."""
    for stream, events in registry.streams.items():
        fields = [name for name, _ in registry.distinct_fields(events)]
        ids = [name for name in registry.ids if any(name in registry.event_ids(e) for e in events)]
        columns = [*ENVELOPE, "received_at", *ids, *(registry.column(name) for name in fields)]
        selected = ", ".join(selection(column, registry) for column in ["event_id", *columns])
        for row in dbt.rows(f"select {selected} from fleet_staging.stg_event_log__{stream}_events"):
            values = dict(zip(["event_id", *columns], row, strict=True))
            if values["event_id"].startswith("derived-"):  # the line has none
                values["event_id"] = None
            yield key_of(values)


def selection(column: str, registry: Registry) -> str:
    if is_time(column, registry):
        return f"strftime(\"{column}\", '%Y-%m-%d %H:%M:%S.%f')"
    return f'"{column}"'


def is_time(column: str, registry: Registry) -> bool:
    return column in times(registry)


def times(registry: Registry) -> set[str]:
    """Columns of times."""
    names = {key.column for key in registry.envelope_values if key.type == "timestamp"}
    return names | {
        registry.column(n) for n, field in registry.distinct_fields() if field.type == "timestamp"
    }


def with_times(values: dict[str, Any], registry: Registry) -> dict[str, Any]:
    known = times(registry)
    return {
        column: moment(value) if value is not None and column in known else value
        for column, value in values.items()
    }


def row_of(line: dict[str, Any], registry: Registry) -> tuple[Any, ...]:
    """The same of a line, read by Python."""
    event = registry.by_name[line["evt"]["name"]]
    values = {
        key.column: value_at(line, key.path)
        for key in registry.envelope_values
        if key.column in ("event_id", "received_at", *ENVELOPE)
    }
    values |= {name: line.get(name) for name in registry.event_ids(event)}
    data = line.get("data", {})
    values |= {registry.column(name): data.get(name) for name in event.fields}
    return key_of(with_times(values, registry))


def moment(text: str) -> str:
    """The time in UTC as text."""
    utc = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(" ", "microseconds")


def key_of(values: dict[str, Any]) -> tuple[Any, ...]:
    """Values as a key: whole numbers without a point, lists as text; absent ones left out."""
    known = []
    for column, value in sorted(values.items()):
        if isinstance(value, str) and value.startswith("["):
            value = json.loads(value)
        if isinstance(value, list):
            value = json.dumps(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = float(value)
        if value is not None:
            known.append((column, value))
    return tuple(known)
