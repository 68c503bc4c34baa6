"""The readable line of an event is the same in the log and in the warehouse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from fleet_events.check import check_for
from fleet_events.events import Events
from fleet_events.registry import Registry, load_registry
from fleet_events.registry.schema import column_name

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
        f"cast(${name} as {type_}) as {column_name(name) if name not in registry.ids else name}"
        for name, type_ in names.items()
    ]
    values = {name: data.get(name) for name in names} | {"event_name": event.value}
    values = {name: None if isinstance(value, list) else value for name, value in values.items()}
    query = f"select {sql} from (select $event_name as event_name, {', '.join(columns)})"
    row = connection.execute(query, values).fetchone()
    assert row
    return str(row[0])


@pytest.mark.parametrize("event", list(Events))
def test_log_and_warehouse_say_the_same(
    connection: duckdb.DuckDBPyConnection, registry: Registry, summary_sql: str, event: Events
) -> None:
    registered = registry.by_name[event]
    check = check_for(event)
    for data in (
        registered.example,
        # All that may be absent, absent; numbers on a half, where roundings differ.
        {
            name: value + 0.5 if isinstance(value, float) and value < 80 else value
            for name, value in registered.example.items()
            if registered.ids.get(name) == "required"
            or (name in registered.fields and registered.fields[name].required)
        },
    ):
        fitted = check.fit(data)
        assert fitted is not None
        told = in_warehouse(connection, registry, summary_sql, event, dict(fitted))
        assert check.message(fitted) == told
