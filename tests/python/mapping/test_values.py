"""What values of a line become: units, words, times, ids, and what is left as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fleet.errors import FleetError
from fleet.mapping.engine import Engine
from fleet.mapping.loader import Mapping
from fleet.mapping.verdict import Judge
from fleet.registry import Registry
from tests.python.conftest import ROOT
from tests.python.mapping.conftest import LINE, PICKUP

Load = Callable[..., Mapping]


def events(mapping: Mapping, registry: Registry, *lines: Any) -> list[list[dict[str, Any]]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    mapped = Engine(mapping, registry).run(texts, "file.log", "boot")
    return [[json.loads(event) for event in one.events] for one in mapped]


FIELDS = [
    ("robot.heartbeat", "battery_pct", "x", "81.5", 81.5),
    ("robot.heartbeat", "battery_pct", {"path": "x", "times": 100}, 0.815, 81.5),
    ("robot.heartbeat", "battery_pct", {"path": "x", "times": 5, "plus": -160}, "45", 65.0),
    ("robot.heartbeat", "last_seq", "x", "12", 12),
    ("robot.heartbeat", "last_seq", {"path": "x", "times": 1000}, 1.2349999, 1235),
    ("robot.heartbeat", "last_seq", "x", "many", "many"),
    ("robot.heartbeat", "dispatchable", "x", "yes", True),
    (
        "robot.heartbeat",
        "dispatchable",
        {"path": "x", "words": {"J": True, "N": False}},
        "N",
        False,
    ),
    ("robot.heartbeat", "dispatchable", {"path": "x", "words": {"1": True}}, 1, True),
    ("robot.heartbeat", "hardware_version", "x", 3, "3"),
    ("robot.heartbeat", "hardware_version", {"const": 7}, "", "7"),
    ("robot.heartbeat", "battery_pct", "x", "", None),
    ("robot.heartbeat", "battery_pct", "x", None, None),
    ("robot.maintenance_completed", "components", "x", "lid", ["lid"]),
    ("robot.maintenance_completed", "components", "x", ["lid", "arm"], ["lid", "arm"]),
]


@pytest.mark.parametrize(("event", "field", "value", "given", "wanted"), FIELDS)
def test_a_field_has_the_type_of_the_registry(
    mapping_of: Load,
    registry: Registry,
    event: str,
    field: str,
    value: Any,
    given: Any,
    wanted: Any,
) -> None:
    needed = {
        name: {"const": registry.by_name[event].example[name]}
        for name, one in registry.by_name[event].fields.items()
        if one.required and name != field
    }
    rule = {
        "name": "n",
        "when": {"msg": "pickup"},
        "event": event,
        "fields": {**needed, field: value},
    }
    ((made,),) = events(mapping_of([rule]), registry, LINE | {"x": given})
    assert made["data"].get(field) == wanted
    assert type(made["data"].get(field)) is type(wanted)


TIMES = [
    ("t", "2026-11-02T20:00:00.5+01:00", "2026-11-02T19:00:00.500000Z"),
    ("t", "2026-11-02 20:00:00Z", "2026-11-02T20:00:00.000000Z"),
    ("t", "2026-11-02 20:00:00,123+01:00", "2026-11-02T19:00:00.123000Z"),
    (
        {"path": "t", "zone": "Europe/Berlin"},
        "2026-07-02 20:00:00.123",
        "2026-07-02T18:00:00.123000Z",
    ),
    ({"path": "t", "zone": "Europe/Berlin"}, "2026-07-02T20:00:00", "2026-07-02T18:00:00.000000Z"),
    ({"path": "t", "zone": "Europe/Berlin"}, "2026-07-02T20:00:00Z", "2026-07-02T20:00:00.000000Z"),
    ({"path": "t", "format": "unix_s"}, 1793649600.25, "2026-11-02T20:00:00.250000Z"),
    ({"path": "t", "format": "unix_ms"}, "1793649600250", "2026-11-02T20:00:00.250000Z"),
    ({"path": "t", "format": "unix_us"}, 1793649600250001, "2026-11-02T20:00:00.250001Z"),
    ({"path": "t", "format": "unix_ns"}, 1793649600250001999, "2026-11-02T20:00:00.250001Z"),
    (
        {"path": "t", "format": "%d/%b/%Y %H:%M:%S", "zone": "America/Los_Angeles"},
        "02/Nov/2026 20:00:00",
        "2026-11-03T04:00:00.000000Z",
    ),
    (
        {"path": "t", "format": "%Y%m%d %H%M%S %z"},
        "20261102 200000 +0200",
        "2026-11-02T18:00:00.000000Z",
    ),
    # What is no time stays, and is refused: an hour that there is twice, and one that is not.
    ({"path": "t", "zone": "Europe/Berlin"}, "2026-10-25 02:30:00", "2026-10-25 02:30:00"),
    ({"path": "t", "zone": "Europe/Berlin"}, "2026-03-29 02:30:00", "2026-03-29 02:30:00"),
    ("t", "yesterday", "yesterday"),
]


@pytest.mark.parametrize(("value", "given", "wanted"), TIMES)
def test_a_time_is_in_utc(
    mapping_of: Load, registry: Registry, value: Any, given: Any, wanted: str
) -> None:
    mapping = mapping_of(line={"occurred_at": value})
    ((made,),) = events(mapping, registry, LINE | {"t": given, "wait": 1})
    assert made["occurred_at"] == wanted
    refusal = Judge(ROOT, registry).refused(json.dumps(made).encode())
    assert (refusal and refusal.reason) == (None if wanted.endswith("Z") else "bad_timestamp")


def test_ids_get_their_prefix_once(mapping_of: Load, registry: Registry) -> None:
    ids = {
        **{name: name[0] for name in ("delivery_id", "order_id", "robot_id")},
        "merchant_id": {"path": "m", "strip": "shop-"},
    }
    ((made,), (other,)) = events(
        mapping_of(ids=ids),
        registry,
        LINE | {"m": "shop-7", "wait": 1},
        LINE | {"m": "M-7", "d": 12, "wait": 1},
    )
    assert (made["delivery_id"], made["order_id"], made["robot_id"]) == ("D-1", "O-2", "R-3")
    assert made["merchant_id"] == other["merchant_id"] == "M-7"
    assert other["delivery_id"] == "D-12"


def test_a_number_that_lost_its_last_digits_is_no_id(mapping_of: Load, registry: Registry) -> None:
    mapping = mapping_of(line={"occurred_at": "t", "event_id": "n"})
    lines = [LINE | {"wait": 1, "d": n, "n": n} for n in (2**63 - 1, 12.0, 2**64 - 1, 2**64 - 2)]
    whole, small, *lost = [event for (event,) in events(mapping, registry, *lines)]
    assert (whole["delivery_id"], whole["event_id"]) == (f"D-{2**63 - 1}", str(2**63 - 1))
    assert (small["delivery_id"], small["event_id"]) == ("D-12", "12")
    for event in lost:
        assert "event_id" not in event
        refusal = Judge(ROOT, registry).refused(json.dumps(event).encode())
        assert (refusal and str(refusal)) == "bad_type (delivery_id)"


def test_the_first_rule_that_fits_wins_and_one_that_goes_on_adds(
    mapping_of: Load, registry: Registry
) -> None:
    state = {"event": "robot.state_changed", "fields": {"to_state": {"const": "in_transit"}}}
    rules = [
        PICKUP | {"name": "a", "when": {"msg": ["pickup", 5], "x": {"exists": False}}},
        PICKUP | {"name": "b", "go_on": True},
        state | {"name": "c", "when": {"msg": {"matches": "^pick(?P<rest>.*)$"}}},
        {"name": "d", "when": {"msg": {"exists": True}}},
    ]
    mapping = mapping_of(rules)
    lines = [LINE | {"wait": 1}, LINE | {"x": 1, "wait": 1}, {"msg": "other"}, {"a": "b"}]
    mapped = Engine(mapping, registry).run([json.dumps(line) for line in lines], "f", "b")
    assert [one.rule for one in mapped] == [1, 3, 4, 0]
    assert [len(one.events) for one in mapped] == [1, 2, 0, 0]
    made = events(mapping, registry, lines[1])[0]
    assert [event["evt"]["name"] for event in made] == [PICKUP["event"], state["event"]]
    assert made[0]["event_id"] != made[1]["event_id"]


def test_the_emitter_is_in_the_words_of_the_mapping(mapping_of: Load, registry: Registry) -> None:
    service = {"path": "svc", "words": {"unit": "robot-agent"}}
    host = {"path": "n", "words": {"1": 7}, "otherwise": "x"}
    mapping = mapping_of(line={"occurred_at": "t", "service": service, "host": host})
    lines = [LINE | {"svc": "unit", "n": 1}, LINE | {"svc": "brain", "n": 2}, LINE]
    made = [event for (event,) in events(mapping, registry, *lines)]
    assert [event["emitter_id"] for event in made] == [
        "robot-agent/7/boot",
        "brain/x/boot",
        "test_logs/file.log/boot",
    ]
    assert [event["service"] for event in made] == ["robot-agent", "brain", "test_logs"]


def test_paths_reach_what_others_write(mapping_of: Load, registry: Registry) -> None:
    rule = PICKUP | {"fields": {"wait_s": 'a."b.c"[1].d e'}}
    line = LINE | {"a": {"b.c": [0, {"d e": 4}]}}
    ((made,), (none,)) = events(mapping_of([rule]), registry, line, LINE | {"a": [1]})
    assert made["data"] == {"wait_s": 4}
    assert none["data"] == {}


def test_hostile_texts_stay_texts(mapping_of: Load, registry: Registry) -> None:
    text = "\"} {{ x }} \\ ' \u2028 <program> %log"
    rule = PICKUP | {
        "name": text,
        "when": {"msg": text},
        "fields": {"wait_s": {"const": 1}, "software_version": {"const": text}},
    }
    ((made,),) = events(mapping_of([rule]), registry, LINE | {"msg": text})
    assert made["data"]["software_version"] == text


def test_a_program_that_vector_would_refuse_is_refused(
    mapping_of: Load, registry: Registry
) -> None:
    mapping = mapping_of([PICKUP | {"when": {"msg": {"matches": r"(?P<a>\w{1,99}){1,99999}"}}}])
    with pytest.raises(FleetError, match="Vector would refuse its program"):
        Engine(mapping, registry)
