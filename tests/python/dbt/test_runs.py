"""What a run refuses, what the ledger of runs records, and how quarantined lines come back."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from fleet_events.events import Events
from fleet_events.logger import EventLogger

from fleet.warehouse import event_files
from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import Warehouse
from tests.python.nightly.differences import differences, tables

TYPED_LINES = "base_event_log__typed_lines"
EVENTS_READ = f"select event_id from fleet_staging.{TYPED_LINES} order by 1"
LEDGER = "select run_number from fleet_runs.completed_runs order by 1"
STATUSES = """
select line_status, quarantine_reason, count(*)
from fleet_staging.base_event_log__lines
group by all
order by all
"""


def lid_line(number: int, **changes: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "event_id": f"e{number}",
        "evt": {"name": "robot.lid_changed", "version": 1, "valid": True},
        "occurred_at": f"2026-11-02T10:0{number}:00.000Z",
        "received_at": f"2026-11-02T10:0{number}:01.000Z",
        "service": "robot-agent",
        "emitter_id": "robot-agent/R-1/b1",
        "seq": number,
        "robot_id": "R-1",
        "data": {"to": "open", "actor": "merchant"},
    }
    return line | changes


@pytest.fixture
def seeded(dbt: Warehouse, seeded_database: Path) -> Warehouse:
    shutil.copy(seeded_database, dbt.database)
    return dbt


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"backfill_from": "yesterday", "backfill_to": "2026-11-03 00:00:00"}, "write it as"),
        ({"backfill_from": "2026-11-02 00:00:00\n"}, "var backfill_from is"),
        ({"backfill_to": "2026-11-02 00:00:00.5\n"}, "var backfill_to is"),
        ({"backfill_from": "2026-11-02 00:00:00.123456"}, "needs both vars"),
        ({"backfill_from": "2026-11-02 00:00:00"}, "needs both vars"),
        (
            {"backfill_from": "2026-11-03 00:00:00", "backfill_to": "2026-11-02 00:00:00"},
            "must lie before",
        ),
        (
            {
                "backfill_from": "2026-11-02 00:00:00",
                "backfill_to": "2026-11-03 00:00:00",
                "replay_quarantine": True,
            },
            "not both",
        ),
        ({"max_session_hours": 0}, "set it to a number of at least 1"),
        ({"silence_timeout_minutes": "five"}, "silence_timeout_minutes is five"),
        ({"earliest_credible_at": "2020-01-01' or '1' = '1"}, "write it as 2020-01-01"),
        ({"robot_service": "robot's agent"}, "write it as robot-agent"),
        ({"environments": "prod"}, "The var environments is prod; write it as a list"),
        ({"environments": []}, "write it as a list of plain names, such as .prod."),
        ({"environments": ["prod", "x' or 1 = 1 --"]}, "write it as a list of plain names"),
        ({"environments": [7]}, "write it as a list of plain names"),
    ],
)
def test_vars_that_make_no_sense_stop_the_run_in_words(
    dbt: Warehouse, variables: dict[str, Any], message: str
) -> None:
    with pytest.raises(DbtError, match=message):
        dbt("run", "--select", "int_spans", **variables)


def test_only_a_run_of_every_model_is_recorded(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [lid_line(1)])
    seeded.load()
    seeded("run", "--select", "base_event_log__typed_lines")
    assert seeded.rows(LEDGER) == []
    seeded("run", "--empty")
    assert seeded.rows(LEDGER) == []
    seeded("run")
    seeded("run", "--selector", "backfill")
    assert seeded.rows(LEDGER) == [(1,), (2,)]
    assert seeded.rows("select count(*) from fleet_runs.open_runs") == [(0,)]


def test_what_the_tests_of_a_night_said_is_recorded(
    seeded: Warehouse, clean: tuple[Warehouse, Path]
) -> None:
    counts = "passed_count, warned_count, failed_count, skipped_count, names"
    ((passed, *others),) = clean[0].rows(f"select {counts} from fleet_runs.checked_runs")
    assert passed > 100
    assert others == [0, 0, 0, ""]

    said = ["pass", "pass", "fail", "error", "warn", "skipped"]
    results = [
        {"node": {"resource_type": "test", "name": f"t{number}"}, "status": status}
        for number, status in enumerate(said)
    ]
    model = {"node": {"resource_type": "model", "name": "m"}, "status": "error"}
    args = ("run-operation", "record_checks", "--args")
    seeded(*args, json.dumps({"results": [*results, model]}))
    seeded(*args, json.dumps({"results": [model]}))  # a run without tests tells nothing of them
    assert seeded.rows(f"select {counts} from fleet_runs.checked_runs") == [
        (2, 1, 2, 1, "t2, t3, t4")
    ]
    # A build of some models is no night.
    seeded("build", "--select", "markets")
    assert seeded.rows("select count(*) from fleet_runs.checked_runs") == [(1,)]


def test_a_run_does_not_go_by_an_old_seed(seeded: Warehouse) -> None:
    with duckdb.connect(seeded.database) as connection:
        connection.execute(
            "update fleet_runs.loaded_seeds set checksum = 'old' where seed_name = 'event_registry'"
        )
    with pytest.raises(DbtError, match=r"seeds event_registry as they are now; load them with"):
        seeded("run", "--select", "base_event_log__typed_lines")
    seeded("seed", "--select", "event_registry")
    seeded("run", "--select", "base_event_log__typed_lines")


def test_a_view_is_made_again_only_when_it_is_not_what_a_run_would_make(seeded: Warehouse) -> None:
    def made(*words: str) -> dict[str, bool]:
        done = seeded("run", "--select", "config.materialized:view", *words)
        return {
            result.node.name: result.message != "UNCHANGED"
            for result in done.results
            if result.node.resource_type == "model"
        }

    seeded.load()
    seeded("run")
    made_first = made()
    assert len(made_first) > 10
    assert not any(made_first.values())

    missing, other = "stg_event_log__robot_events", "stg_event_log__order_events"
    with duckdb.connect(seeded.database) as connection:
        connection.execute(f"drop view fleet_staging.{missing}")
        # As if the last run had made it from other SQL.
        connection.execute(
            f"update fleet_runs.views set fingerprint = 'x' where view_name like '%{other}%'"
        )
    assert {name for name, is_made in made().items() if is_made} == {missing, other}
    assert not any(made().values())
    assert all(made("--full-refresh").values())


def test_a_run_with_empty_inputs_is_refused_where_it_would_empty_tables(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [lid_line(1)])
    seeded.load()
    # Before the first complete run there is nothing to empty.
    seeded("run", "--empty")
    seeded("run")
    before = tables(seeded.database)
    for command in ("run", "build"):
        with pytest.raises(
            DbtError, match=r"--empty would empty tables of .*; try the SQL in another"
        ):
            seeded(command, "--empty")
    assert not differences(before, tables(seeded.database))
    assert seeded.rows("select count(*) from fleet_runs.open_runs") == [(0,)]


def test_the_window_ends_with_the_newest_load_though_the_clock_was_ahead(
    seeded: Warehouse,
) -> None:
    loads = "update event_log.{} set loaded_at = '2199-01-01 00:00:00.000001'"
    for number in (1, 2, 3):
        seeded.land(f"{number}.ndjson", [lid_line(number)])
        seeded.load()
        if number == 2:
            for table in ("event_lines", "loaded_files"):
                seeded.rows(loads.format(table) + " where source_file = '2.ndjson'")
        seeded("run", "--select", TYPED_LINES)
        assert seeded.rows(EVENTS_READ) == [(f"e{one}",) for one in range(1, number + 1)]


def test_a_window_that_settles_leaves_the_newest_of_a_clock_ahead_as_well(
    seeded: Warehouse,
) -> None:
    for number in (1, 2, 3):
        seeded.land(f"{number}.ndjson", [lid_line(number)])
        seeded.load()
        for table in ("event_lines", "loaded_files"):
            seeded.rows(
                f"update event_log.{table} set loaded_at = '2199-01-01 00:{number * 10}:00'"
                f" where source_file = '{number}.ndjson'"
            )
        seeded("run", "--select", TYPED_LINES, load_settle_minutes=10)
    # 10 minutes before the newest, whatever the clock says.
    assert seeded.rows(EVENTS_READ) == [("e1",), ("e2",)]
    seeded("run", "--select", TYPED_LINES)
    assert seeded.rows(EVENTS_READ) == [("e1",), ("e2",), ("e3",)]


def test_a_file_in_use_is_said_in_one_sentence(seeded: Warehouse) -> None:
    # The lock is between processes; the child holds it until its input ends.
    hold = f"import duckdb; c = duckdb.connect({str(seeded.database)!r}); print('held', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{hold}; input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(DbtError, match="is in use by another process"):
            seeded("run", "--select", "int_spans")
        child.communicate("\n")


def test_no_process_gets_the_file_between_the_check_and_dbt(seeded: Warehouse) -> None:
    """In between, dbt would answer with a traceback and DuckDB's own words."""
    seeded.load()
    tried: list[str] = []
    take = f"import duckdb; duckdb.connect({str(seeded.database)!r})"
    checked = event_files.Plugin.update_connection_config

    def check_and_be_late(plugin: Any, *arguments: Any) -> None:
        checked(plugin, *arguments)
        tried.append(
            subprocess.run(
                [sys.executable, "-c", take], capture_output=True, text=True, check=False
            ).stderr
        )

    with mock.patch.object(event_files.Plugin, "update_connection_config", check_and_be_late):
        seeded.load()
    assert ["Could not set lock" in error for error in tried] == [True]
    seeded.rows("select 1")
    assert subprocess.run([sys.executable, "-c", take], check=False).returncode == 0


def test_freshness_says_when_no_line_was_loaded_for_long(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [lid_line(1), b"{"])
    seeded.load()
    assert freshness(seeded) == {"event_lines": "pass", "rejected_lines": "pass"}
    for age, lines, rejected in (
        ("3 hours", "warn", "pass"),
        ("25 hours", "error", "pass"),
        ("31 days", "error", "warn"),
    ):
        with duckdb.connect(seeded.database) as connection:
            for table in ("event_lines", "rejected_lines"):
                connection.execute(
                    f"update event_log.{table} set loaded_at ="
                    f" cast(now() at time zone 'UTC' as timestamp) - interval '{age}'"
                )
        assert freshness(seeded) == {"event_lines": lines, "rejected_lines": rejected}


def freshness(warehouse: Warehouse) -> dict[str, str]:
    """Status of each source that has a freshness, by table; an error makes dbt fail."""
    statuses: dict[str, str] = {}

    def collect(event: Any) -> None:
        if event.info.name == "LogFreshnessResult":
            statuses[event.data.table_name] = event.data.status

    try:
        warehouse("source", "freshness", callbacks=[collect])
    except DbtError:
        assert "error" in statuses.values()
    return statuses


def test_replayed_lines_arrive_and_the_rest_keep_their_reason(
    seeded: Warehouse,
) -> None:
    """The registry does not know robot.lid_changed on the first night, and learns it later."""
    with duckdb.connect(seeded.database) as connection:
        connection.execute(
            "delete from fleet_seeds.event_registry where event_name = 'robot.lid_changed'"
        )
    bad = lid_line(3, data={"to": "open", "actor": 7})
    seeded.land("a.ndjson", [lid_line(1), lid_line(2), bad, lid_line(4, event_id=7), b"{"])
    seeded.load()
    seeded("run")
    assert seeded.rows(STATUSES) == [
        ("quarantined", "missing_event_id", 1),
        ("quarantined", "unknown_event", 3),
    ]
    seeded("seed")
    # A copy of a quarantined line, on the night on which the registry knows the event.
    seeded.land("b.ndjson", [lid_line(2), lid_line(5)])
    seeded.load()
    seeded("run")
    seeded("run", replay_quarantine=True)

    assert seeded.rows(STATUSES) == [
        ("accepted", None, 3),
        ("duplicate", None, 1),
        ("quarantined", "bad_type", 1),
        ("quarantined", "missing_event_id", 1),
    ]
    # The copy that was loaded first is the event.
    assert seeded.rows(
        "select source_file from fleet_staging.base_event_log__lines"
        " where line_status = 'duplicate'"
    ) == [("b.ndjson",)]
    assert seeded.rows("select event_id from fleet_marts.event_timeline order by event_at") == [
        ("e1",),
        ("e2",),
        ("e5",),
    ]
    assert seeded.rows(
        "select reason, count(*) from fleet_marts.quarantined_lines group by 1 order by 1"
    ) == [("bad_type", 1), ("malformed", 1), ("missing_event_id", 1)]

    assert_equals_full_refresh(seeded)


def test_what_the_logger_refused_is_quarantined(seeded: Warehouse) -> None:
    """The logger of a production service writes what does not fit, and says so in evt.valid."""
    raw: list[bytes] = []
    logger = EventLogger(service="s", env="prod", host="h", write=raw.append)
    lid = {"robot_id": "R-1", "to": "open", "actor": "merchant"}
    logger.event(Events.ROBOT_LID_CHANGED, lid | {"to": "ajar"})
    # A field that the event does not have: only the logger sees it.
    logger.event(Events.ROBOT_LID_CHANGED, lid | {"note": "x"})
    refused = [line.rstrip(b"\n") for line in raw if b"robot.lid_changed" in line[:90]]
    unmarked = {"name": "robot.lid_changed", "version": 1}
    mistyped = lid_line(2, data={"to": "open", "actor": 7}, evt={**unmarked, "valid": False})
    seeded.land("a.ndjson", [*refused, mistyped, lid_line(3, evt=unmarked)])
    seeded.load()
    seeded("run", "--select", "+quarantined_lines", "+event_reconciliation")

    assert seeded.rows(STATUSES) == [
        ("accepted", None, 1),
        ("quarantined", "bad_type", 1),
        ("quarantined", "bad_value", 1),
        ("quarantined", "refused_at_source", 1),
    ]
    assert seeded.rows(
        "select reason, reason_detail from fleet_marts.quarantined_lines order by 1"
    ) == [("bad_type", "actor"), ("bad_value", "to"), ("refused_at_source", None)]
    assert seeded.rows(
        "select bad_type_count, bad_value_count, refused_at_source_count"
        " from fleet_marts.event_reconciliation"
    ) == [(1, 1, 1)]


def test_an_empty_id_is_no_id(seeded: Warehouse) -> None:
    empty = dict.fromkeys(("order_id", "delivery_id", "merchant_id", "market", "emitter_id"), "")
    seeded.land("a.ndjson", [lid_line(1, **empty), lid_line(2, robot_id="")])
    seeded.load()
    seeded("run", "--select", "+delivery_sessions")

    assert seeded.rows(
        f"select event_id, {', '.join(empty)}, robot_id, quarantine_reason, quarantine_detail"
        " from fleet_staging.base_event_log__lines order by 1"
    ) == [
        ("e1", *(None for _ in empty), "R-1", "bad_value", "emitter_id"),
        ("e2", None, None, None, None, "robot-agent/R-1/b1", None, "bad_value", "robot_id"),
    ]
    assert seeded.rows("select delivery_id from fleet_marts.delivery_sessions") == []


def test_a_far_date_that_no_transport_corrects_is_not_believed(seeded: Warehouse) -> None:
    """One far date would be the log's end, until which each robot's last state lasts."""
    undated = [
        lid_line(1, occurred_at="2024-11-02T10:00:00.000Z"),
        lid_line(2, occurred_at="2041-06-01T00:00:00.000Z"),
        lid_line(3, occurred_at="1970-01-01T00:00:03.000Z"),
    ]
    for line in undated:
        del line["received_at"]
    seeded.land("a.ndjson", [*undated, lid_line(4, occurred_at="2041-06-01T00:00:00.000Z")])
    seeded.load()
    seeded("run")

    # What the emitter's clock does not tell, the events before and after it do.
    assert seeded.rows(
        "select event_id, event_at between '2024-11-02 10:00:00+00' and '2026-11-02 10:04:03+00'"
        " from fleet_marts.event_timeline order by event_at, seq"
    ) == [(f"e{number}", True) for number in (1, 2, 3, 4)]
    seeded("test", "--select", "event_timeline")


def test_a_backfill_finds_a_line_that_was_committed_late(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [lid_line(1), lid_line(2)])
    seeded.load()
    seeded("run")
    with duckdb.connect(seeded.database) as connection:
        connection.execute(
            "insert into event_log.event_lines select replace(payload::varchar, 'e1', 'e9'),"
            " source_file, loaded_at - interval 1 minute from event_log.event_lines"
            " where payload ->> 'event_id' = 'e1'"
        )
    seeded("run")
    found = "select count(*) from fleet_marts.event_timeline where event_id = 'e9'"
    assert seeded.rows(found) == [(0,)]
    seeded("run", backfill_from="2026-01-01 00:00:00", backfill_to="2100-01-01 00:00:00")
    assert seeded.rows(found) == [(1,)]
    assert_equals_full_refresh(seeded)


def test_a_backfill_of_later_loads_reads_those_before_it_that_no_run_has_read(
    seeded: Warehouse,
) -> None:
    lines = ("--select", "+base_event_log__typed_lines")
    seeded.land("a.ndjson", [lid_line(1)])
    seeded.load()
    seeded("run", *lines)
    seeded.land("b.ndjson", [lid_line(2)])
    seeded.load()
    ((second,),) = seeded.rows("select max(loaded_at) from event_log.loaded_files")
    seeded.land("c.ndjson", [lid_line(3)])
    seeded.load()
    seeded("run", *lines, backfill_from=str(second), backfill_to="2100-01-01 00:00:00")
    read = "select event_id from fleet_staging.base_event_log__typed_lines order by 1"
    assert seeded.rows(read) == [("e1",), ("e2",), ("e3",)]
    # The next night begins after the newest line that was read: nothing is left, or comes twice.
    seeded("run", *lines)
    assert seeded.rows(read) == [("e1",), ("e2",), ("e3",)]


def assert_equals_full_refresh(warehouse: Warehouse) -> None:
    nightly = tables(warehouse.database)
    assert len(nightly) > 20
    warehouse("run", "--full-refresh")
    found = differences(nightly, tables(warehouse.database))
    assert not found, "\n".join(map(str, found))
