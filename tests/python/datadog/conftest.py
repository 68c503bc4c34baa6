"""Fixtures of the generated Datadog files and of lines as the Python logger writes them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fleet_events.events import Events
from fleet_events.logger import EventLogger

from fleet.registry import Registry, load_registry
from tests.python.datadog.search import Line, as_datadog_has_it

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "pipeline" / "datadog"

Requests = Mapping[str, dict[str, Any]]


def requests_in(folder: str) -> dict[str, dict[str, Any]]:
    """The committed requests of a folder, by file name."""
    return {path.stem: json.loads(path.read_text()) for path in (FOLDER / folder).glob("*.json")}


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(ROOT)


@pytest.fixture(scope="session")
def monitors() -> Requests:
    return requests_in("monitors")


@pytest.fixture(scope="session")
def metrics() -> Requests:
    """The log-based metrics, by their id in Datadog."""
    return {request["data"]["id"]: request for request in requests_in("metrics").values()}


@pytest.fixture(scope="session")
def example_lines(registry: Registry) -> list[Line]:
    """Each event's example, and it again with every value that an enum or bool of it may have."""
    written: list[bytes] = []
    log = EventLogger(
        service="example",
        env="prod",
        version="4.2.1",
        host="host",
        write=written.append,
        clock=lambda: datetime(2026, 11, 23, 9, tzinfo=UTC),
    )
    for event in registry.events:
        log.event(Events(event.name), event.example)
        for name, field in event.fields.items():
            values: list[Any] = [True, False] if field.type == "bool" else registry.values(field)
            for value in values:
                log.event(Events(event.name), {**event.example, name: value})
    lines = [json.loads(line) for line in written]
    assert all(line["evt"]["valid"] for line in lines)
    return [as_datadog_has_it(line) for line in lines]
