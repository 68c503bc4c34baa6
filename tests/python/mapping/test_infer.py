"""What is drafted of logs in a shape that nobody has seen, and what is left for a person to say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from fleet.cli import main
from fleet.mapping import command
from fleet.mapping.infer import draft
from fleet.registry import Registry
from tests.python.conftest import ROOT
from tests.python.mapping.own_shape import BOTS, JOBS, write_logs

# Which event is which, as a person would say.
EVENTS = {
    "text: mode change": "robot.state_changed",
    "text: alive": "robot.heartbeat",
    "text: Assigned * to job *": "dispatch.assigned",
    "text: Job * loaded at shop * after * s": "delivery.pickup_completed",
    "text: Job * delivered to customer": "delivery.dropoff_completed",
    "text: Job * aborted: *": "delivery.cancelled",
    "text: fault * in * severity=*": "robot.error",
    "text: teleop session opened": "pilot.session_started",
    "event.type: ORDER_PLACED": "order.created",
    "event.type: SHOP_ACCEPTED": "merchant.order_confirmed",
}
# What the words of that fleet mean, where the draft has a question mark.
WORDS = {
    "EN_ROUTE_SHOP": "assigned",
    "EN_ROUTE_DOOR": "in_transit",
    "HEADING_HOME": "returning",
    "HIGH": "critical",
    "LOW": "minor",
    "IOS": "app",
}
PARTS = {"WHEEL_FL": "drive", "LIDAR": "sensor", "LID_LOCK": "lid", "MODEM": "comms"}
REASONS = {"ROBOT_DOWN": "robot_failure", "CUSTOMER_NOT_FOUND": "other", "LID_STUCK": "other"}
# Where the fields stand of which the draft says that they are required and not found.
FIELDS: dict[str, dict[str, Any]] = {
    "order.created": {"items": "event.lines"},
    "delivery.pickup_completed": {"wait_s": {"group": "v3"}},
    "robot.error": {
        "component": {"group": "v2", "words": PARTS},
        "is_failure": {"const": True},
    },
    "delivery.cancelled": {
        "reason": {"group": "aborted", "words": REASONS},
        "cancelled_by": {"const": "operations"},
        "stage": {"const": "before_dropoff"},
    },
    "pilot.session_started": {"session_id": {"path": "ctx.operator"}},
}

Draft = Callable[[Iterable[dict[str, Any] | str]], dict[str, Any]]


def run(*words: str) -> str:
    done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def drafted(registry: Registry) -> Draft:
    """Draft a mapping of some lines, and read it."""

    def read(lines: Iterable[dict[str, Any] | str]) -> dict[str, Any]:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        content: dict[str, Any] = yaml.safe_load(draft(texts, "json", registry, "test"))
        return content

    return read


def test_a_draft_leads_to_every_event_when_its_questions_are_answered(tmp_path: Path) -> None:
    count = write_logs(tmp_path / "logs")
    text = run("mapping", "infer", str(tmp_path / "logs"), "--name", "mine")
    content = yaml.safe_load(text)
    assert content["line"] == {
        "occurred_at": {"path": "ts", "format": "unix_ms"},
        "service": "svc",
        "host": "inst",
    }
    rules = {rule["name"]: rule for rule in content["rules"]}
    assert {name: rule["event"] for name, rule in rules.items() if "event" in rule} == EVENTS
    # One rule for each kind of line, whatever its numbers and words in capitals are.
    assert len(rules) == len(EVENTS) + len(
        ["cargo temperature", "traceback", "file", "key error", "housekeeping"]
    )
    assert rules["housekeeping"]["when"] == {"lvl": ["DEBUG"]}

    asked = re.findall(r"# requires (.+): say where from, under fields", text)
    assert {name for fields in asked for name in fields.split(", ")} == {
        name for fields in FIELDS.values() for name in fields
    }
    for rule in content["rules"]:
        rule.setdefault("fields", {}).update(FIELDS.get(rule.get("event"), {}))
        if not rule["fields"]:
            del rule["fields"]
        for value in rule.get("fields", {}).values():
            words = value.get("words", {}) if isinstance(value, dict) else {}
            words.update({word: WORDS[word] for word, ours in words.items() if ours == "?"})

    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump(content | {"examples": []}, sort_keys=False), "utf-8")
    words = ["import", str(tmp_path / "logs"), "--mapping", str(path), "--out", str(tmp_path)]
    said = run(*words)
    assert f"{count:,} lines gave " in said
    assert "refused" not in said
    assert "fit no rule" not in said
    assert "Lines unaccounted for: 0." in said
    deliveries = BOTS * JOBS
    assert re.search(rf" {deliveries} +\S+ +text: Assigned", said)

    # The check says what to write below `gives`, and takes it.
    examples = content["examples"]
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    done = CliRunner().invoke(
        main, ["mapping", "check", str(path)], env={"FLEET_PROJECT_DIR": str(ROOT)}
    )
    told = re.findall(r"example number (\d+): .* its gives is (\[.*\])\.$", done.output, re.M)
    assert len(told) == len(EVENTS)
    for number, gives in told:
        examples[int(number) - 1]["gives"] = json.loads(gives)
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    assert f"is sound: {len(rules)} rules, {len(rules)} examples." in run(
        "mapping", "check", str(path)
    )


def test_ids_are_found_by_name_by_value_and_in_messages(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs")
    content = yaml.safe_load(run("mapping", "infer", str(tmp_path / "logs")))
    assert content["ids"] == {
        "order_id": "ctx.order",
        "robot_id": {"path": "dev.id", "strip": "bot-"},
        "merchant_id": {"path": "event.shop", "strip": "S"},
        "pilot_id": "ctx.operator",
    }
    rules = {rule["event"]: rule for rule in content["rules"] if "event" in rule}
    assert rules["order.created"]["ids"] == {"order_id": "event.order"}
    assert rules["dispatch.assigned"]["ids"] == {
        "merchant_id": {"path": "ctx.shop.code", "strip": "S"},
        # No word says that this is a robot: it has the robots' values.
        "robot_id": {"group": "robot", "strip": "bot-"},
        "delivery_id": {"group": "delivery", "strip": "J-"},
    }


def test_an_id_with_many_values_is_found_by_the_word_they_begin_with(drafted: Draft) -> None:
    """Of so many only some are kept, and another part of them in each kind of line."""
    lines = [{"ts": 1_759_300_000 + n, "text": "alive", "robot": f"bot-{n}"} for n in range(100)]
    lines += [
        {"ts": 1_759_300_000 + n, "text": f"Assigned bot-{n} to run-{n} in zone-{n}"}
        for n in range(100, 200)
    ]
    *_, rule = drafted(lines)["rules"]
    assert rule["ids"] == {"robot_id": {"group": "robot", "strip": "bot-"}}


def test_words_units_and_times_are_guessed_and_others_asked_for(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs")
    text = run("mapping", "infer", str(tmp_path / "logs"))
    rules = {rule.get("event"): rule for rule in yaml.safe_load(text)["rules"]}
    states = rules["robot.state_changed"]["fields"]["to_state"]
    assert states["path"] == "ctx.mode.new"
    assert states["words"] == {
        "IDLE": "available", "AT_SHOP": "at_merchant", "AT_DOOR": "at_customer", "BROKEN": "fault",
        "EN_ROUTE_SHOP": "?", "EN_ROUTE_DOOR": "?", "HEADING_HOME": "?",
    }  # fmt: skip
    assert "# to_state is one of available, " in text
    assert rules["robot.heartbeat"]["fields"]["battery_pct"] == {
        "path": "ctx.battery",
        "times": 100,
    }
    assert rules["robot.error"]["fields"]["error_code"] == {"group": "fault"}
    # What a rule does not take stands below it, and a row for what no event says at the end.
    assert "    #   group aborted: " in text
    assert "#      celsius: {type: number, min: " in text
    assert "#      box: {type: enum, of: [COLD], " in text


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"t": 1_759_300_000}, {"path": "t", "format": "unix_s"}),
        ({"t": 1_759_300_000.25}, {"path": "t", "format": "unix_s"}),
        ({"t": "1759300000000"}, {"path": "t", "format": "unix_ms"}),
        ({"epoch": 1_759_300_000_000_000}, {"path": "epoch", "format": "unix_us"}),
        ({"epoch": 1_759_300_000_000_000_000}, {"path": "epoch", "format": "unix_ns"}),
        ({"createdAt": "2026-11-02T10:00:00Z", "order": 1_759_300_000}, "createdAt"),
        ({"time": "2026-11-02 10:00:00"}, {"path": "time", "zone": "UTC"}),
        ({"n": 12}, "timestamp"),
    ],
)
def test_the_time_is_found(given: dict[str, Any], wanted: object, drafted: Draft) -> None:
    content = drafted([{"msg": "Robot reached shop", **given}] * 3)
    assert content["line"]["occurred_at"] == wanted


def test_the_time_is_found_in_lines_of_text(drafted: Draft) -> None:
    lines = [f"2026-11-02 10:00:0{n},123 INFO Robot {n} took delivery {n}" for n in range(5)]
    content = drafted(lines)
    (rule,) = content["rules"]
    assert rule["occurred_at"] == {"group": "v1", "zone": "UTC"}
    found = re.search(rule["when"]["message"]["matches"], lines[3])
    assert found is not None
    assert found["v1"] == "2026-11-02 10:00:03,123"


def test_a_time_of_all_lines_counts_more_than_one_with_a_telling_name(drafted: Draft) -> None:
    lines = [{"msg": "tick", "t": 1_759_300_000_000 + n} for n in range(20)]
    lines.append({"msg": "report", "t": 1_759_300_000_100, "timestamp": "2026-11-02T10:00:00Z"})
    assert drafted(lines)["line"]["occurred_at"] == {"path": "t", "format": "unix_ms"}


def test_a_message_of_numbers_and_capitals_alone_is_no_pattern_for_all(drafted: Draft) -> None:
    (rule, *_) = drafted([{"message": f"GET /jobs/{n} 200", "t": 1} for n in range(9)])["rules"]
    assert rule["when"]["message"]["matches"].startswith("^GET ")


def test_a_pattern_fits_what_it_was_made_of(drafted: Draft) -> None:
    messages = [
        "50% of bot-1's way (a* search) done: id:77, at 10:00:03.",
        'it\'s \\ "odd" [x] {y} | $5 ^',
        "x" * 150 + " 5 " + "y" * 150,
    ]
    for message in messages:
        content = drafted([{"msg": message, "t": 1}] * 2)
        assert len(content["rules"]) == 1
        wanted = content["rules"][0]["when"]["msg"]["matches"]
        found = re.search(wanted, message)
        assert found is not None
        assert all(not value.endswith((".", ":", ",")) for value in found.groupdict().values())


def test_what_is_left_out_of_a_draft_is_said(registry: Registry) -> None:
    kinds = [f"{letter}{other} happened" for letter in "abcdefg" for other in "hijklmn"]
    text = draft([json.dumps({"msg": kind, "t": 1}) for kind in kinds], "json", registry, "test")
    content = yaml.safe_load(text)
    assert f"# {len(kinds) - len(content['rules'])} more kinds of line, " in text


def test_what_stands_behind_evt_is_the_kind_of_a_line(drafted: Draft) -> None:
    lines = [
        f"evt={kind} unit={n} mode=A{kind[0]}" for n in range(5) for kind in ("ARRIVED", "LEFT")
    ]
    names = [rule["name"] for rule in drafted({"message": line, "t": 1} for line in lines)["rules"]]
    assert names == [f"message: evt={kind} unit=* mode=*" for kind in ("ARRIVED", "LEFT")]


def test_of_each_log_some_lines_are_read_and_of_a_long_one_no_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LEAST_LINES", 10)
    monkeypatch.setattr(command, "MOST_LINES", 10)
    for name in "ab":
        (tmp_path / f"{name}.log").write_text(f'{{"msg": "{name}", "t": 1}}\r\n' * 100, "utf-8")
    # A pattern that looked for an id in it would take minutes.
    (tmp_path / "c.log").write_text(f'{{"msg": "c", "t": 1, "dump": "{"x" * 100_000}"}}', "utf-8")
    text = run("mapping", "infer", str(tmp_path))
    content = yaml.safe_load(text)
    assert [rule["when"]["msg"] for rule in content["rules"]] == ["a", "b", "c"]
    assert [example["line"] for example in content["examples"]] == [
        '{"msg": "a", "t": 1}',
        '{"msg": "b", "t": 1}',
    ]
    assert "Drafted by `fleet mapping infer` from 21 lines" in text
    assert "# Too long to stand here, so shorten one: msg: c" in text

    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/a.log").touch()
    words = ["mapping", "infer", str(tmp_path / "empty")]
    done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
    assert done.output == "Error: There is no line in these logs: name some that have lines.\n"


def test_lines_that_yaml_could_not_hold_are_escaped(registry: Registry) -> None:
    odd = '{"msg": "bell \x07\x85\ud7ff\ufeff \U0001f600: # - \'", "t": 1}'
    text = draft([odd, odd], "json", registry, "test")
    assert yaml.safe_load(text)["examples"][0]["line"] == odd
