"""What the schemas refuse and what the models quarantine: the same lines, as far as SQL looks."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from fleet_events.events import ID_PREFIXES

from fleet.registry import load_registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import Warehouse
from tests.python.registry.mutants import mutants

PROJECT = Path(__file__).parents[3]
# Enough for each field to meet most of the odd values, and loaded in seconds.
STEP = 5


def test_schema_and_models_agree_on_what_is_missing_or_of_another_type(dbt: Warehouse) -> None:
    registry = load_registry(PROJECT)
    validators = {
        event.name: jsonschema_rs.Draft202012Validator(
            json.loads((PROJECT / f"schemas/{event.name}.json").read_text("utf-8")),
            validate_formats=True,
        )
        for event in registry.events
    }
    lines: dict[str, dict[str, Any]] = {}
    for number, (name, payload) in enumerate(mutants(registry)):
        if number % STEP == 0:
            ids = {key: value for key, value in payload.items() if key in ID_PREFIXES}
            data = {key: value for key, value in payload.items() if key not in ids}
            line = example_line(registry.by_name[name], registry)
            line = {key: value for key, value in line.items() if key not in ID_PREFIXES}
            event_id = f"01a207a2-32fb-7c3a-9d5b-{number:012x}"
            lines[event_id] = {**line, "event_id": event_id, **ids, "data": data}
    dbt.land("mutants.ndjson", lines.values())
    dbt.load()
    not_tested = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    dbt("build", "--select", "+base_event_log__quarantined_lines", *not_tested)

    quarantined = dict(
        dbt.rows("select event_id, reason from fleet_staging.base_event_log__quarantined_lines")
    )

    judged = {"accepted": 0, "missing_required": 0, "bad_type": 0}
    for event_id, line in lines.items():
        errors = list(validators[line["evt"]["name"]].iter_errors(line))
        reason = quarantined.get(event_id)
        if not errors:
            assert reason is None, line
            judged["accepted"] += 1
        elif any(error.kind.name == "required" for error in errors):
            assert reason == "missing_required", line
            judged[reason] += 1
        elif any(is_of_another_type(error) for error in errors):
            assert reason in ("bad_type", "missing_required"), line
            judged[reason] += 1
        # The rest (values of an enum, bounds, prefixes, unknown fields) is the loggers' to check.
    assert min(judged.values()) >= 40


def is_of_another_type(error: jsonschema_rs.ValidationError) -> bool:
    """Whether a value is of another JSON type.

    To SQL null is absent, and what is in a list is not looked at.
    """
    path = error.instance_path
    return (
        error.kind.name == "type" and error.instance is not None and not isinstance(path[-1], int)
    )
