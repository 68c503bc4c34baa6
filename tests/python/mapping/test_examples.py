"""The worked mappings and their logs: from the log, by one command each, to what is expected."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.mapping.examples import example_problems
from fleet.mapping.loader import load_mappings
from fleet.mapping.verdict import Judge
from fleet.registry import Registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import ROOT, Warehouse
from tests.python.dbt.test_lifts import DATA, event_lines
from tests.python.mapping.foreign import time_of

EXAMPLES = ("service_logs", "vehicle_status", "datadog_archive")


def run(*words: str) -> str:
    done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
    assert done.exit_code == 0, done.output
    return done.output


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "examples" / name / "expected.json").read_text())
    return content


def test_the_mappings_of_the_project_pass_their_examples(registry: Registry) -> None:
    mappings = load_mappings(ROOT, registry)
    assert {mapping.name for mapping in mappings} == {*EXAMPLES, "lifts"}
    judge = Judge(ROOT, registry)
    for mapping in mappings:
        assert list(example_problems(mapping, registry, judge)) == []
    assert "mappings/lifts.yml is sound: 6 rules, 6 examples." in run("mapping", "check")


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Warehouse:
    """The logs of all examples, imported and built together, to be read only."""
    warehouse = open_warehouse(tmp_path_factory.mktemp("examples"))
    for name in EXAMPLES:
        logs, landing = str(ROOT / "examples" / name / "log"), str(warehouse.landing)
        output = run("import", logs, "--mapping", name, "--out", landing)
        assert "Lines unaccounted for: 0." in output
        assert "refused" not in output
    warehouse.load()
    warehouse("seed")
    models = ("+delivery_sessions", "+supply_hours", "+event_reconciliation")
    warehouse("run", "--select", *models, robots_send_heartbeats=False)
    return warehouse


def test_the_sessions_are_those_expected(imported: Warehouse) -> None:
    wanted = [
        session
        for name in ("service_logs", "datadog_archive")
        for session in expected(name)["delivery_sessions"]
    ]
    columns = list(wanted[0])
    found = imported.rows(
        f"select {', '.join(columns)} from fleet_marts.delivery_sessions order by delivery_id"
    )

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.timestamp()
        if name.endswith("_at") and value is not None:
            return time_of(value).timestamp()
        return float(value) if name.endswith("_seconds") else value

    assert [{n: plain(n, v) for n, v in zip(columns, row, strict=True)} for row in found] == [
        {n: plain(n, v) for n, v in session.items()} for session in wanted
    ]


def test_the_hours_are_those_expected(imported: Warehouse) -> None:
    wanted = expected("vehicle_status")["hours_by_state"]
    hours: dict[str, dict[str, float]] = defaultdict(dict)
    for robot_id, state, count in imported.rows(
        "select robot_id, state, sum(duration_seconds) / 3600.0 from fleet_marts.supply_hours"
        " where state not in ('unobserved', 'offline') group by all"
    ):
        if robot_id in wanted:
            hours[robot_id][state] = float(count)
    assert hours == {robot: pytest.approx(states, abs=1e-4) for robot, states in wanted.items()}


def test_all_that_was_imported_is_accepted(imported: Warehouse) -> None:
    ((lines, accepted),) = imported.rows(
        "select sum(line_count), sum(accepted_count) from fleet_marts.event_reconciliation"
    )
    assert lines == accepted == 25 + 40 + 11


@pytest.mark.skipif(not DATA.is_dir(), reason="the public test data is not beside the project")
def test_the_lifts_become_the_lines_that_their_hours_are_built_from(tmp_path: Path) -> None:
    log = str(DATA / "events.csv.gz")
    output = run("import", log, "--mapping", "lifts", "--out", str(tmp_path))
    assert "23,143 lines gave 23,143 events." in output
    assert "refused" not in output
    (path,) = tmp_path.rglob("*.ndjson.gz")

    def said(line: dict[str, Any]) -> tuple[Any, ...]:
        data = tuple(sorted(line["data"].items()))
        return time_of(line["occurred_at"]), line["seq"], line["robot_id"], data

    found = sorted(
        said(json.loads(line)) for line in gzip.decompress(path.read_bytes()).splitlines()
    )
    # The last of their lines only says where the log ends.
    lines = [line for line in event_lines() if "robot_id" in line]
    assert found == sorted(map(said, lines))


def test_coverage_says_what_fits_no_rule(tmp_path: Path) -> None:
    output = run(
        "mapping", "coverage", str(ROOT / "examples/service_logs/log"), "--mapping", "service_logs"
    )
    assert "39 lines gave 25 events." in output
    assert "12  30.77%  housekeeping: no event" in output
    assert "text: Listening on port *" in output
    assert "msg: Cache of shop hours is * min old" in output
    assert "Registered events that these lines never give: 38 of 46." in output
    assert "\n  pilot.session_ended\n" in output


def test_coverage_says_which_values_no_event_has(tmp_path: Path, registry: Registry) -> None:
    lines = [
        '{"timestamp":"2025-10-14 10:20:00","msg":"Robot reached customer","robotId":"123",'
        '"deliveryId":501,"weather":{"rain":true},"level":"info"}',
        json.dumps(example_line(registry.by_name["robot.heartbeat"], registry) | {"tenant": "a"}),
    ]
    (tmp_path / "a.log").write_text("\n".join(lines), "utf-8")
    output = run("mapping", "coverage", str(tmp_path), "--mapping", "service_logs")
    assert "50.00%  weather.rain  (robot reached customer)" in output
    # What another rule asks of the level is read.
    assert "level" not in output
    assert "50.00%  robot.heartbeat: tenant" in output


def test_a_draft_is_a_mapping_that_reads_its_own_logs(tmp_path: Path, registry: Registry) -> None:
    logs = ROOT / "examples/service_logs/log"
    draft = run("mapping", "infer", str(logs), "--name", "drafted")
    assert "occurred_at: {path: timestamp, zone: UTC}  # whose zone?" in draft
    assert "robot_id: robotId" in draft
    # What it guesses of events needs what only a person can say; without it the draft is sound.
    kept = [
        line
        for line in draft.splitlines()
        if not line.startswith(("    event:", "    ids:", "    fields:", "      "))
    ]
    path = tmp_path / "drafted.yml"
    path.write_text("\n".join(kept), "utf-8")
    output = run("mapping", "coverage", str(logs), "--mapping", str(path))
    assert "39 lines gave 0 events." in output
    assert "fit no rule" not in output
    assert "unaccounted for: 0." in output
