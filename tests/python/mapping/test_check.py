"""`fleet check` says of each line what staging says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleet.cli import main
from fleet.mapping.verdict import Judge, Refusal
from fleet.registry import Registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import ROOT


@pytest.fixture(scope="module")
def judge(registry: Registry) -> Judge:
    return Judge(ROOT, registry)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words], env={"FLEET_PROJECT_DIR": str(ROOT)})


def test_counts_by_reason_with_the_first_line_of_each(registry: Registry, tmp_path: Path) -> None:
    good = example_line(registry.by_name["robot.heartbeat"], registry)
    lines = [
        json.dumps(good),
        json.dumps(good | {"env": " Staging"}),
        json.dumps(good | {"robot_id": 7}),
        json.dumps(good | {"robot_id": 8}),
        "[1]",
        '{"a": 1, "a": 2}',
    ]
    (tmp_path / "a.ndjson").write_text("\n".join(lines), "utf-8")
    done = run(str(tmp_path / "a.ndjson"))
    assert done.exit_code == 1
    assert "6 lines: 1 accepted, 4 refused." in done.output
    assert "  33.33%  bad_type (robot_id)\n      a.ndjson, line 3: {" in done.output
    assert "  16.67%  of the environment staging, so no events of ours" in done.output
    assert "not_an_object\n      a.ndjson, line 5: [1]" in done.output
    assert "malformed\n      a.ndjson, line 6: " in done.output

    (tmp_path / "a.ndjson").write_text(f"{lines[0]}\n{lines[1]}\n", "utf-8")
    done = run(str(tmp_path))
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "2 lines: 1 accepted, 0 refused.")


def test_of_what_an_import_wrote_events_and_rejects_are_looked_at(
    registry: Registry, tmp_path: Path
) -> None:
    good = example_line(registry.by_name["robot.heartbeat"], registry)
    for name, line in (
        ("events/v1/import=m/a.ndjson", good),
        ("rejects/v1/import=m/a.ndjson", {"line": "cut", "reason": "malformed"}),
        ("import/m/a.json", {"counts": {}}),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(json.dumps(line), "utf-8")
    said = run(str(tmp_path)).output
    assert "Passed over, for their names are not those of such logs: import/m/a.json." in said
    assert "2 lines: 1 accepted, 1 refused." in said
    assert "malformed\n      rejects/v1/import=m/a.ndjson, line 1: cut" in said


def test_fields_that_the_registry_does_not_know_are_counted(
    registry: Registry, tmp_path: Path
) -> None:
    good = example_line(registry.by_name["robot.heartbeat"], registry)
    more = good | {"tenant": "acme", "data": good["data"] | {"wifi": "x"}}
    lines = [good, more, more | {"evt": good["evt"] | {"lang": "c"}}, more | {"robot_id": 7}]
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    told = run(str(tmp_path)).output.splitlines()
    start = told.index("Fields that the registry does not know, so they are kept and in no column:")
    # Of the refused line its reason is told.
    assert [line.split() for line in told[start + 1 : start + 4]] == [
        ["2", "50.00%", "robot.heartbeat:", "tenant"],
        ["2", "50.00%", "robot.heartbeat:", "data.wifi"],
        ["1", "25.00%", "robot.heartbeat:", "evt.lang"],
    ]

    (tmp_path / "a.ndjson").write_text(json.dumps(good), "utf-8")
    done = run(str(tmp_path))
    assert done.output == "1 lines: 1 accepted, 0 refused.\n"


def test_a_line_that_fits_is_seen_to_fit_without_the_program(
    judge: Judge, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Judge, "_by_program", None)
    for event in registry.events:
        line = json.dumps(example_line(event, registry), separators=(",", ":")).encode()
        assert judge.refused(line) is None
        assert not isinstance(judge.read_event(event.name, line), Refusal)


def test_what_the_type_cannot_tell_the_program_does(judge: Judge, registry: Registry) -> None:
    line = example_line(registry.by_name["robot.heartbeat"], registry)
    leap_day = line | {"occurred_at": "2028-02-29T00:00:00Z", "message": "é" * 1500}
    assert judge.refused(json.dumps(leap_day).encode()) is None
    no_day = line | {"occurred_at": "2027-02-29T00:00:00Z"}
    assert judge.refused(json.dumps(no_day).encode()) == Refusal("bad_timestamp", "occurred_at")
    invalid = line | {"evt": line["evt"] | {"valid": False}}
    assert judge.refused(json.dumps(invalid).encode()) == Refusal("refused_at_source")
    mistakes: list[object] = [7, "yesterday", {}]
    for wrong in mistakes:
        unheard = line | {"received_at": wrong}
        assert judge.refused(json.dumps(unheard).encode()) == Refusal("bad_type", "received_at")
        both = unheard | {"robot_id": 7}
        assert judge.refused(json.dumps(both).encode()) == Refusal("bad_type", "received_at")
        earlier = unheard | {"seq": "7"}
        assert judge.refused(json.dumps(earlier).encode()) == Refusal("bad_type", "seq")
    shut = example_line(registry.by_name["dispatch.requested"], registry) | {"data": [1]}
    assert judge.refused(json.dumps(shut).encode()) == Refusal("bad_type", "data")
