"""Vector's checks of an event and dbt's say the same of the same line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fleet_events import EventLogger

from fleet.registry import load_registry
from tests.python.conftest import ROOT, Warehouse
from tests.python.pipeline.vector import Flow, Vector

# What a field may hold by mistake: other types, and values at the edge of each type.
VALUES: list[Any] = [
    None, True, 0, -3, 2.0, 1.5, 2**53, 2**53 + 2, "", "x", "é" * 40, "x" * 5000, [], ["a"],
    ["x" * 5000], {}, {"a": 1}, "2026-11-02T20:00:00Z", "2026-11-02T20:00:00.123456+02:00",
    "2026-11-02 20:00:00Z", "2026-11-02T24:00:00Z", "2026-02-30T20:00:00Z", "2026-11-02T20:00Z",
    "0000-11-02T20:00:00Z", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59Z",
    "2026-11-02T20:00:00+14:00", "2026-11-02T20:00:00+24:00", " ", "x ", "O-1 ",
    "O-", "robot", "flying", 2**63, 1e308, 1e-320, -0.0,
]  # fmt: skip
# All but received_at, which Vector writes anew: in the lake it is Vector's own.
ENVELOPE = (
    *(
        "event_id",
        "occurred_at",
        "sent_at",
        "earliest_credible_at",
        "evt",
        "service",
        "env",
        "version",
        "emitter_id",
        "seq",
    ),
    *("mono_ms", "status", "message", "dd", "registry_version", "data"),
    *("order_id", "delivery_id", "robot_id", "merchant_id", "pilot_id", "market"),
)


def wrong_lines() -> Iterator[str]:
    """Each event's example with each of its ids and fields in turn left out, or another value."""
    raw: list[bytes] = []
    logger = EventLogger(service="s", env="test", host="h", write=raw.append)
    for number, event in enumerate(load_registry(ROOT).events):
        raw.clear()
        logger.event(event.name, event.example)  # type: ignore[arg-type]
        for place, name in [
            *((None, name) for name in (*(ENVELOPE if number == 0 else ()), *event.ids)),
            *(("data", name) for name in event.fields),
        ]:
            for value in ["left out", *VALUES]:
                line = json.loads(raw[0])
                holder = line if place is None else line.setdefault(place, {})
                if value == "left out":
                    holder.pop(name, None)
                else:
                    holder[name] = value
                yield json.dumps(line)
    line = json.loads(raw[0])
    for key in ("valid", "version"):
        for value in (*VALUES, False):
            yield json.dumps(line | {"evt": line["evt"] | {key: value}})
    for key in ("trace_id", "span_id"):
        for value in VALUES:
            yield json.dumps(line | {"dd": {key: value}})
    for name in ("delivery.pickup_complete", "", "delivery", None, 7, {"a": 1}):
        yield json.dumps(line | {"evt": {"name": name}})


def test_every_wrong_line_gets_the_same_reason(vector: Vector, dbt: Warehouse) -> None:
    # Both read the line from its text, which is unique; so it is the key.
    lines = sorted(set(wrong_lines()))
    vector_says = {}
    for line in lines:
        parsed = Flow({"message": line}).then(vector.transforms["parse"]["source"]).record()
        log = parsed["datadog"]
        vector_says[line] = (log.get("quarantine_reason"), log.get("quarantine_detail"))

    dbt.land("wrong.ndjson", [line.encode() for line in lines])
    dbt.load()
    dbt("seed")
    dbt("run", "--select", "base_event_log__typed_lines")

    # Only a quarantined line is kept as a whole.
    judged: dict[str, tuple[str | None, str | None]] = dict.fromkeys(lines, (None, None))
    quarantined = dbt.rows(
        "select cast(payload as varchar), quarantine_reason, quarantine_detail"
        " from fleet_staging.base_event_log__typed_lines where quarantine_reason is not null"
    )
    judged |= {line: (reason, detail) for line, reason, detail in quarantined}
    assert judged.keys() == set(lines)
    ((count,),) = dbt.rows("select count(*) from fleet_staging.base_event_log__typed_lines")
    assert count == len(lines)
    different = {
        line: (vector_says[line], judged[line])
        for line in lines
        if vector_says[line] != judged[line]
    }
    assert len(different) == 0, dict(islice(different.items(), 5))
    assert {reason for reason, _ in judged.values()} == {
        *("missing_event_id", "unknown_event", "bad_timestamp", "missing_required", "bad_type"),
        *("bad_value", "refused_at_source"),
        None,
    }


def test_a_key_given_twice_is_malformed_for_vector_and_for_the_loader(
    vector: Vector, dbt: Warehouse
) -> None:
    line = '{"event_id": "1", "evt": {"name": "x"}, "seq": 1, "data": {"a": ["a:", "\\"b\\": "]}}'
    twice = [
        line.replace('"seq": 1', '"seq": 1, "seq": 1'),
        line.replace('"seq": 1', '"seq": 1, "\\u0073eq": 2'),
        line.replace('"a": [', '"a": 1, "a" : ['),
        line.replace('{"name": "x"}', '{"name": "x", "name": "y"}'),
    ]
    for given, is_twice in [(line, False), *((given, True) for given in twice)]:
        passed = vector.run("robots", {"message": given})
        assert ("rejects" in passed) is is_twice, given
        assert ("lake" in passed) is not is_twice
    dbt.land("twice.ndjson", [given.encode() for given in (line, *twice)])
    dbt.load()
    rejected = dbt.rows("select line, reason from event_log.rejected_lines")
    assert sorted(rejected) == sorted((given, "malformed") for given in twice)
