"""The readable line that a client writes of an event is the registry's summary, filled in."""

from itertools import combinations
from pathlib import Path
from typing import Any

import fleet_events.texts
import pytest
from fleet_events.check import check_for
from fleet_events.events import Events

from fleet.registry import Registry, load_registry
from fleet.registry.targets.lines import summary_text
from fleet.registry.targets.python import python_summary

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(PROJECT)


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
def test_the_client_writes_the_summary_of_the_registry(registry: Registry, event: Events) -> None:
    example = dict(registry.by_name[event].example)
    required = required_only(registry, event)
    less_one = [
        {name: value for name, value in example.items() if name != absent}
        for absent in example.keys() - required.keys()
    ]
    check = check_for(event)
    for data in (example, halved(required), *less_one):
        fitted = check.validate(data, {})
        assert fitted is not None
        message = check.message(fitted)
        assert message == summary_text(registry.by_name[event], dict(fitted))
        assert "{" not in message
        assert "[" not in message


def test_a_part_in_brackets_needs_all_of_its_fields(registry: Registry) -> None:
    summary = "Stuck[ for {stuck_s} s at {lat}/{lon}]: {cause}[ ({autonomy_mode}%)]"
    event = registry.by_name["robot.stuck"].model_copy(update={"summary": summary})
    values = {"stuck_s": 45.0, "lat": 34.0, "lon": -118.0, "autonomy_mode": "remote"}
    found = set()
    for count in range(len(values) + 1):
        for names in combinations(values, count):
            data = {"cause": "curb"} | {name: values[name] for name in names}
            logged = eval(f"({python_summary(event)})", vars(fleet_events.texts), {"data": data})
            assert logged == summary_text(event, data)
            found.add(logged)
    assert found == {
        "Stuck: curb",
        "Stuck: curb (remote%)",
        "Stuck for 45 s at 34/-118: curb",
        "Stuck for 45 s at 34/-118: curb (remote%)",
    }
