"""The generated schemas accept what the logger accepts, and nothing else."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fleet_events import EventLogger, Events
from fleet_events.check import check_for
from fleet_events.events import ID_PREFIXES

from fleet.registry import Registry, load_registry
from tests.python.registry.mutants import mutants

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(PROJECT)


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Each event's schema, as read from its file."""
    return {
        event.value: json.loads((PROJECT / f"schemas/{event}.json").read_text("utf-8"))
        for event in Events
    }


@pytest.fixture(scope="module")
def validators(schemas: dict[str, Any]) -> dict[str, jsonschema_rs.Draft202012Validator]:
    return {
        name: jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        for name, schema in schemas.items()
    }


def test_the_schemas_are_json_schema_2020_12(schemas: dict[str, Any]) -> None:
    for schema in schemas.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema_rs.meta.validate(schema)


def test_the_asyncapi_document_refers_to_the_schema_of_each_event(schemas: dict[str, Any]) -> None:
    folder = PROJECT / "schemas"
    document = json.loads((folder / "asyncapi.json").read_text("utf-8"))
    resolved = {
        name: message["payload"] for name, message in document["components"]["messages"].items()
    }
    for name, payload in resolved.items():
        assert json.loads((folder / payload["$ref"]).read_text("utf-8")) == schemas[name]
    assert list(resolved) == list(schemas)
    for message in document["channels"]["events"]["messages"].values():
        *path, name = message["$ref"].removeprefix("#/components/").split("/")
        assert path == ["messages"]
        assert name in resolved


def test_each_schema_accepts_its_example(
    schemas: dict[str, Any], validators: dict[str, jsonschema_rs.Draft202012Validator]
) -> None:
    for name, schema in schemas.items():
        (example,) = schema["examples"]
        validators[name].validate(example)


def test_the_example_is_the_line_that_the_logger_writes(
    schemas: dict[str, Any], registry: Registry
) -> None:
    for name, schema in schemas.items():
        (example,) = schema["examples"]
        raw: list[bytes] = []
        logger = EventLogger(service=example["service"], env="test", write=raw.append)
        logger.event(Events(name), registry.by_name[name].example)
        line = json.loads(raw[0])
        assert list(line) == list(example)
        own = ("event_id", "occurred_at", "env", "version", "emitter_id", "seq")
        for key in line.keys() - set(own):
            assert line[key] == example[key], (name, key)


def test_schema_and_logger_agree_on_every_mutant(
    registry: Registry, validators: dict[str, jsonschema_rs.Draft202012Validator]
) -> None:
    judged = {True: 0, False: 0}
    raw: list[bytes] = []
    logger = EventLogger(service="robot-agent", env="prod", write=raw.append)
    for name, payload in mutants(registry):
        raw.clear()
        logger.event(Events(name), payload)
        line = json.loads(raw[0])
        fits = line["evt"]["valid"]
        if not fits:
            line |= {"evt": {**line["evt"], "valid": True}, **as_given(payload)}
        assert validators[name].is_valid(line) == fits, (name, payload)
        assert fits == (check_for(name).explain(payload, {}) == [])
        judged[fits] += 1
        for report in map(json.loads, raw[1:]):
            validators[report["evt"]["name"]].validate(report)
    assert min(judged.values()) > 1000


def as_given(payload: dict[str, Any]) -> dict[str, Any]:
    """The ids and the data of a line as if the payload had been let through unchecked."""
    ids = {key: value for key, value in payload.items() if key in ID_PREFIXES}
    return {**ids, "data": {key: value for key, value in payload.items() if key not in ids}}
