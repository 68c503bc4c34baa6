"""The readable line of an event is the same in the log and in the warehouse."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import fleet_events.texts
import jinja2
import pytest
from fleet_events.check import check_for
from fleet_events.events import Events

from fleet.registry import Registry, load_registry
from fleet.registry.targets.dbt import sql_summary
from fleet.registry.targets.python import python_summary

PROJECT = Path(__file__).parents[3]
COLUMN_TYPES = {"int": "bigint", "number": "double", "bool": "boolean", "timestamp": "timestamp"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(PROJECT)


@pytest.fixture(scope="module")
def summary_sql() -> str:
    macros = ("macros/cross_database/number_text.sql", "macros/registry/event_summary.sql")
    text = "".join((PROJECT / macro).read_text("utf-8") for macro in macros)
    return jinja2.Template(text + "{{ event_summary() }}").render()


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def in_warehouse(
    connection: duckdb.DuckDBPyConnection,
    registry: Registry,
    sql: str,
    event: Events,
    data: dict[str, Any],
) -> str:
    names = dict.fromkeys(registry.ids, "varchar") | {
        name: COLUMN_TYPES.get(field.type, "varchar") for name, field in registry.distinct_fields()
    }
    columns = [
        f"cast(${name} as {type_}) as {registry.column(name) if name not in registry.ids else name}"
        for name, type_ in names.items()
    ]
    values = {name: data.get(name) for name in names} | {"event_name": event.value}
    values = {name: None if isinstance(value, list) else value for name, value in values.items()}
    query = f"select {sql} from (select $event_name as event_name, {', '.join(columns)})"
    row = connection.execute(query, values).fetchone()
    assert row
    return str(row[0])


def required_only(registry: Registry, event: Events) -> dict[str, Any]:
    """The example of an event without all that may be absent."""
    registered = registry.by_name[event]
    return {
        name: value
        for name, value in registered.example.items()
        if registered.ids.get(name) == "required"
        or (name in registered.fields and registered.fields[name].required)
    }


def halved(data: dict[str, Any]) -> dict[str, Any]:
    """With numbers on a half, where roundings differ."""
    return {
        name: value + 0.5 if isinstance(value, float) and value < 80 else value
        for name, value in data.items()
    }


@pytest.mark.parametrize("event", list(Events))
def test_log_and_warehouse_say_the_same(
    connection: duckdb.DuckDBPyConnection, registry: Registry, summary_sql: str, event: Events
) -> None:
    example = dict(registry.by_name[event].example)
    required = required_only(registry, event)
    less_one = [
        {name: value for name, value in example.items() if name != absent}
        for absent in example.keys() - required.keys()
    ]
    check = check_for(event)
    for data in (example, halved(required), *less_one):
        fitted = check.validate(data)
        assert fitted is not None
        found = in_warehouse(connection, registry, summary_sql, event, dict(fitted))
        assert check.message(fitted) == found


@pytest.mark.parametrize("event", list(Events))
def test_nothing_is_in_doubt_where_optional_fields_are_absent(
    connection: duckdb.DuckDBPyConnection, registry: Registry, summary_sql: str, event: Events
) -> None:
    data = required_only(registry, event)
    fitted = check_for(event).validate(data)
    assert fitted is not None
    assert "?" not in in_warehouse(connection, registry, summary_sql, event, dict(fitted))


def test_a_part_in_brackets_needs_all_of_its_fields(
    connection: duckdb.DuckDBPyConnection, registry: Registry
) -> None:
    summary = "Stuck[ for {stuck_s} s at {lat}/{lon}]: {cause}[ ({autonomy_mode}%)]"
    event = registry.by_name["robot.stuck"].model_copy(update={"summary": summary})
    macros = (PROJECT / "macros/cross_database/number_text.sql").read_text("utf-8")
    sql = jinja2.Template(macros + sql_summary(event, registry)).render()
    values = {"stuck_s": 45.0, "lat": 34.0, "lon": -118.0, "autonomy_mode": "remote"}
    found = set()
    for count in range(len(values) + 1):
        for names in combinations(values, count):
            data = {"cause": "curb"} | {name: values[name] for name in names}
            logged = eval(f"({python_summary(event)})", vars(fleet_events.texts), {"data": data})
            assert logged == in_warehouse(connection, registry, sql, Events.ROBOT_STUCK, data)
            found.add(logged)
    assert found == {
        "Stuck: curb",
        "Stuck: curb (remote%)",
        "Stuck for 45 s at 34/-118: curb",
        "Stuck for 45 s at 34/-118: curb (remote%)",
    }
