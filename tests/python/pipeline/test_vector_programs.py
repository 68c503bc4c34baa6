"""The programs of the rendered configuration, run by the VRL engine."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
import yaml
from fleet_events import EventLogger, Events
from vrl_python import VRLRuntime

from fleet.mapping.verdict import Judge, Refusal
from fleet.registry import load_registry
from tests.python.conftest import ROOT
from tests.python.datadog.search import as_datadog_has_it, matches
from tests.python.pipeline.vector import Vector
from tests.python.registry.odd_lines import ENDLESS, extremes

GOLDEN = json.loads((ROOT / "tests/golden/event_lines.json").read_text("utf-8"))["cases"]
UNIT_TESTS = yaml.safe_load((ROOT / "pipeline/vector/tests.yml").read_text("utf-8"))["tests"]


@pytest.mark.parametrize("case", UNIT_TESTS, ids=lambda case: case["name"])
def test_vectors_own_unit_tests(vector: Vector, case: dict[str, Any]) -> None:
    (given,) = case["inputs"]
    passed = vector.run(given["insert_at"], given["log_fields"])
    for output in case["outputs"]:
        (flow,) = passed[output["extract_from"]]
        for condition in output["conditions"]:
            assert flow.ask(condition["source"]) is not False
    for name in case.get("no_outputs_from", []):
        assert name not in passed


def test_every_program_compiles_without_a_warning(vector: Vector) -> None:
    programs = {
        name: transform.get("source") or route
        for name, transform in vector.transforms.items()
        for route in [None, *transform.get("route", {}).values()]
        if transform["type"] != "route" or route
    }
    assert set(programs) == set(vector.transforms)
    for name, program in programs.items():
        found = VRLRuntime.check_syntax(program)
        assert found is None, f"{name}: {found and found.formatted_message}"


def test_programs_give_the_registrys_reasons_alone(vector: Vector) -> None:
    registered = {reason.name: reason.found_in for reason in load_registry(ROOT).quarantine_reasons}
    given = set(re.findall(r'quarantine_reason = "(\w+)"', vector.transforms["parse"]["source"]))
    assert given <= set(registered)
    # All that can be found in an event, in Vector as in the models.
    assert given >= {name for name, found_in in registered.items() if found_in == "event"}


@pytest.fixture(scope="module")
def examples() -> list[str]:
    """The example of each event, as the logger writes it."""
    lines: list[bytes] = []
    logger = EventLogger(service="s", env="test", host="h", write=lines.append)
    for event in load_registry(ROOT).events:
        logger.event(Events(event.name), event.example)
    return b"".join(lines).decode().splitlines()


def test_events_as_the_logger_writes_them_pass_every_check(
    vector: Vector, examples: list[str]
) -> None:
    for line in examples:
        passed = vector.run("services", {"message": line})
        (stored,) = passed["lake"]
        received = json.loads(stored.record()["message"])
        assert received.pop("received_at")
        assert received == json.loads(line)
        # Heartbeats too: Datadog's metrics count them as hours.
        (log,) = passed["datadog"]
        assert "quarantine_reason" not in log.record()


def test_datadog_finds_the_same_events_in_what_vector_sends(
    vector: Vector, examples: list[str]
) -> None:
    queries = [
        json.loads(path.read_text("utf-8"))["data"]["attributes"]["filter"]["query"]
        for path in sorted((ROOT / "pipeline/datadog/metrics").glob("*.json"))
    ]
    logs = [vector.run("robots", {"message": line})["datadog"][0].record() for line in examples]
    sent = [log | {"tags": log["ddtags"].split(",")} for log in logs]
    for query in queries:
        found = [matches(query, log) for log in sent]
        assert found == [matches(query, as_datadog_has_it(json.loads(line))) for line in examples]
    assert all(matches("env:test version:unknown service:s", log) for log in sent)


@pytest.mark.parametrize(
    "case", [case for case in GOLDEN if "lines" in case], ids=lambda case: case["name"]
)
def test_golden_lines_reach_the_lake_as_they_are(vector: Vector, case: dict[str, Any]) -> None:
    for line in case["lines"]:
        (stored,) = vector.run("services", {"message": line.rstrip("\n")})["lake"]
        received = json.loads(stored.record()["message"])
        assert received.pop("received_at")
        assert received == json.loads(line)


def test_a_line_too_long_for_the_lake_is_kept_whole_among_the_rejects(vector: Vector) -> None:
    def event(length: int) -> str:
        line = json.dumps({"event_id": "1", "evt": {"name": "x"}, "data": {"text": "ü"}})
        return line.replace("\\u00fc", "ü" + "x" * (length - len(line) + 4))

    fits, too_long = event(65_535), event(65_536)
    assert (len(fits.encode()), len(too_long.encode())) == (65_535, 65_536)
    assert "rejects" not in vector.run("robots", {"message": fits})

    passed = vector.run("robots", {"message": too_long})
    assert "lake" not in passed
    (rejected,) = passed["rejects"]
    record = json.loads(rejected.record()["message"])
    assert (record["line"], record["reason"]) == (too_long, "too_large")
    (sent,) = passed["datadog"]
    assert len(json.dumps(sent.record())) < 1000


@pytest.mark.parametrize(
    "line",
    [
        "",
        "12",
        "[1, 2]",
        '"text"',
        "null",
        "{}",
        "{",
        "\x00",
        '{"a": 1e999}',
        "[" * 1000,
        '{"a": {"evt": 1}}',
    ],
)
def test_a_line_that_is_no_event_is_a_log(vector: Vector, line: str) -> None:
    passed = vector.run("services", {"message": line})
    assert {name for name in passed if name in vector.sinks} == {"datadog"}


EVENT = json.dumps(
    {"event_id": "1", "evt": {"name": "x"}, "registry_version": "1", "data": {"s": 1}}
)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\x00\x00\x00" + EVENT, "malformed"),  # a disk after a power loss
        ("boot complete " + EVENT, "malformed"),
        (EVENT + EVENT, "malformed"),
        (EVENT[:30], "malformed"),
        (EVENT[-40:], "malformed"),
        (EVENT[-9:], "malformed"),
        (EVENT.replace("}}", "}, 01e400: 0}"), "malformed"),
        (EVENT.replace('"s": 1', '"s": 1e400, "s": 1e400'), "malformed"),
        (f"[{EVENT}]", "not_an_object"),
        (f"[[{EVENT}], 1]", "not_an_object"),
        (json.dumps(EVENT), "not_an_object"),
    ],
    ids=range(11),
)
def test_a_line_that_tries_to_be_an_event_is_among_the_rejects(
    vector: Vector, line: str, reason: str
) -> None:
    passed = vector.run("services", {"message": line})
    assert "lake" not in passed
    (rejected,) = passed["rejects"]
    record = json.loads(rejected.record()["message"])
    # Redshift refuses a file with a NUL.
    assert (record["line"], record["reason"]) == (line.replace("\x00", "\u2400"), reason)


def test_a_number_that_no_double_holds_gets_the_reason_that_the_models_give(
    vector: Vector,
) -> None:
    registry = load_registry(ROOT)
    judge = Judge(ROOT, registry)
    reasons = set()
    for line in extremes(registry):
        if "1e400" in line or ENDLESS in line:
            passed = vector.run("services", {"message": line})
            (log,) = passed["datadog"]
            told = log.record()
            refusal = Refusal(told.get("quarantine_reason", "none"), told.get("quarantine_detail"))
            assert refusal == judge.refused(line.encode())
            reasons.add(refusal.reason)
            (stored,) = passed["lake"]
            assert "1.7976931348623157e308" in stored.record()["message"]
    assert reasons >= {"bad_type", "bad_value", "bad_timestamp", "missing_event_id"}


def test_a_number_that_no_double_holds_is_kept_bounded_where_nothing_is_said_of_it(
    vector: Vector,
) -> None:
    said = r'"text": "\" 1e400", "low": -1e400, "list": [1e400, 1.5E+999, 12e3, 1e-400]'
    line = EVENT.replace('"s": 1', said)
    (stored,) = vector.run("services", {"message": line})["lake"]
    assert json.loads(stored.record()["message"])["data"] == {
        "text": '" 1e400',
        "low": -sys.float_info.max,
        "list": [sys.float_info.max, sys.float_info.max, 12e3, 0],
    }


def test_an_event_that_something_was_put_around_is_in_the_lake(vector: Vector) -> None:
    for line in (json.dumps({"log": EVENT}), json.dumps({"message": json.loads(EVENT)})):
        (stored,) = vector.run("services", {"message": line})["lake"]
        assert json.loads(stored.record()["message"]).items() >= json.loads(line).items()
        (log,) = vector.run("services", {"message": line})["datadog"]
        assert log.record()["quarantine_reason"] == "unknown_event"


def test_the_robot_gateway_posts_nothing_but_json(vector: Vector) -> None:
    for line, reason in (("84.2", "not_an_object"), ("s: 84.2", "malformed")):
        (rejected,) = vector.run("robots", {"message": line, "source_type": "http_server"})[
            "rejects"
        ]
        assert json.loads(rejected.record()["message"])["reason"] == reason


@pytest.mark.parametrize("record", [{}, {"message": None}, {"message": 12}, {"message": {"a": 1}}])
def test_a_record_without_a_text_breaks_nothing(vector: Vector, record: dict[str, Any]) -> None:
    (log,) = vector.run("services", record)["datadog"]
    assert log.ask("is_timestamp(.timestamp)")
