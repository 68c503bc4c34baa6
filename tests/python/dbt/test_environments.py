"""Lines of another environment become no event, and old ones without a receipt are not silent."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import Warehouse
from tests.python.nightly.differences import differences, tables

RECONCILED = """
select
    stream, other_environment, line_count, accepted_count, duplicate_count, quarantined_count,
    other_environment_count
from fleet_marts.event_reconciliation
order by all
"""


def line(name: str, number: int, **changes: Any) -> dict[str, Any]:
    """One of robot R-1's lines, a minute after the one before."""
    return {
        "event_id": f"e{number}",
        "evt": {"name": name, "version": 1, "valid": True},
        "occurred_at": f"2026-11-02T10:{number:02}:00.000Z",
        "received_at": f"2026-11-02T10:{number:02}:01.000Z",
        "service": "robot-agent",
        "env": "prod",
        "version": "1.0.0",
        "emitter_id": "robot-agent/R-1/b1",
        "seq": number,
        "robot_id": "R-1",
    } | changes


def error(number: int, code: str, **changes: Any) -> dict[str, Any]:
    data = {"error_code": code, "component": "lid", "severity": "major", "is_failure": False}
    return line("robot.error", number, data=data) | changes


def assigned(number: int, **changes: Any) -> dict[str, Any]:
    ids = {"delivery_id": "D-1", "order_id": "O-1", "merchant_id": "M-1"}
    return line("dispatch.assigned", number, data={}, **ids) | changes


# What tells of lines, and none of the marts that follow from them.
LINES_ALONE = ("--select", "+event_reconciliation", "+stg_event_log__events")


@pytest.fixture
def seeded(dbt: Warehouse, seeded_database: Path) -> Warehouse:
    shutil.copy(seeded_database, dbt.database)
    return dbt


def warnings(warehouse: Warehouse, *words: str, **variables: Any) -> list[str]:
    """What a command of dbt warns of, as a sentence of ours."""
    said: list[str] = []

    def listen(event: Any) -> None:
        if event.info.name == "JinjaLogWarning":
            said.append(event.info.msg)

    warehouse(*words, callbacks=[listen], **variables)
    return said


def test_lines_of_staging_are_counted_and_change_nothing(seeded: Warehouse) -> None:
    ours = [
        assigned(1),
        # No environment, and the same one in other letters: ours.
        {key: value for key, value in error(3, "LID-1").items() if key != "env"},
        error(5, "LID-2", env="PROD"),
        error(6, "LID-3", env=" prod "),
    ]
    seeded.land("a.ndjson", ours)
    seeded.load()
    seeded("run")
    alone = tables(seeded.database)
    sessions = "select first_error_code, error_count from fleet_marts.delivery_sessions"
    (before,) = seeded.rows(sessions)
    assert before[0] == "LID-1"

    theirs = [
        # By an emitter of ours, earlier; with an event_id of ours; broken; after a gap.
        error(2, "STG-999", env="staging", event_id="s1"),
        assigned(1, env="staging", occurred_at="2026-11-02T09:00:00.000Z"),
        error(4, "STG-998", env="Staging", event_id="s2", occurred_at="yesterday"),
        error(
            70,
            "STG-997",
            env="dev",
            event_id="s3",
            emitter_id="robot-agent/R-1/s",
            occurred_at="2026-11-02T10:58:00.000Z",
        ),
    ]
    seeded.land("b.ndjson", theirs)
    seeded.load()
    assert warnings(seeded, "run") == [
        "All lines of this run are of other environments, such as dev, so no mart has them; if"
        " they are yours, set the var environments (prod) in dbt_project.yml to their names and"
        " run `dbt build --full-refresh`."
    ]

    assert seeded.rows(RECONCILED) == [
        ("dispatch", "staging", 1, 0, 0, 0, 1),
        ("dispatch", None, 1, 1, 0, 0, 0),
        ("robot", "dev", 1, 0, 0, 0, 1),
        ("robot", "staging", 2, 0, 0, 0, 2),
        ("robot", None, 3, 3, 0, 0, 0),
    ]
    nightly = tables(seeded.database)
    seen = {found.table for found in differences(alone, nightly)}
    assert seen == {
        "fleet_staging.base_event_log__lines",
        "fleet_marts.event_reconciliation",
        "fleet_marts.load_reconciliation",
    }
    seeded("run", "--full-refresh")
    assert not differences(nightly, tables(seeded.database))


def test_lines_of_staging_that_came_first_are_no_copies(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [error(1, "STG-1", env="staging"), error(2, "STG-2", env="staging")])
    seeded.load()
    seeded("run", *LINES_ALONE)
    seeded.land("b.ndjson", [error(1, "LID-1"), error(1, "LID-1"), error(2, "LID-2")])
    seeded.load()
    assert warnings(seeded, "run", *LINES_ALONE) == []
    nightly = tables(seeded.database)
    statuses = "select line_status, count(*) from fleet_staging.base_event_log__lines group by 1"
    assert dict(seeded.rows(statuses)) == {"accepted": 2, "duplicate": 1, "other_environment": 2}
    seeded("run", "--full-refresh", *LINES_ALONE)
    assert not differences(nightly, tables(seeded.database))


def test_a_full_refresh_takes_another_environment_in(seeded: Warehouse) -> None:
    seeded.land("a.ndjson", [error(1, "LID-1", env="dev"), error(2, "LID-2", env="qa")])
    seeded.load()
    (sentence,) = warnings(seeded, "run", *LINES_ALONE)
    assert "such as dev" in sentence
    events = "select count(*) from fleet_staging.stg_event_log__events"
    assert seeded.rows(events) == [(0,)]
    taken = warnings(seeded, "run", "--full-refresh", *LINES_ALONE, environments=["Dev", "qa"])
    assert taken == []
    assert seeded.rows(events) == [(2,)]


def test_old_lines_without_a_receipt_say_what_to_set(seeded: Warehouse) -> None:
    old = [
        error(number, "LID-1", occurred_at=f"2018-03-04T10:0{number}:00.000Z") for number in (1, 2)
    ]
    # One was received when it happened; the receiver's clock is as little believed.
    old[0].pop("received_at")
    old[1]["received_at"] = old[1]["occurred_at"]
    unset = error(3, "LID-1", occurred_at="1970-01-01T00:00:09.000Z")
    seeded.land("a.ndjson", [*old, unset])
    seeded.load()
    assert warnings(seeded, "run", *LINES_ALONE) == [
        "2 lines of this run, the first of 2018-03-04, are from before earliest_credible_at"
        " (2020-01-01) and no receipt dates them, so they lie at the moment of loading; if they are"
        " old logs and no clock that was never set, set that var in dbt_project.yml to a day before"
        " the first of them and run `dbt build --full-refresh`."
    ]
    counts = (
        "select sum(accepted_count), sum(before_credible_count)"
        " from fleet_marts.event_reconciliation"
    )
    assert seeded.rows(counts) == [(3, 2)]

    believed = {"earliest_credible_at": "2018-03-04"}
    assert warnings(seeded, "run", "--full-refresh", *LINES_ALONE, **believed) == []
    assert seeded.rows(counts) == [(3, 0)]
    days = (
        "select event_id, cast(cast(event_at as date) as varchar)"
        " from fleet_staging.stg_event_log__events order by 1"
    )
    assert seeded.rows(days)[:2] == [("e1", "2018-03-04"), ("e2", "2018-03-04")]


def test_lines_of_history_say_from_when_on_they_are_believed(seeded: Warehouse) -> None:
    history = {"earliest_credible_at": "2016-01-01T00:00:00.000Z", "received_at": None}
    times = {
        1: {"occurred_at": "2016-05-01T10:00:00Z"} | history,
        # The same without a word; a clock that was never set; one that an archive dates.
        2: {"occurred_at": "2016-05-01T10:00:00Z", "received_at": None},
        3: {"occurred_at": "1970-01-01T00:00:09Z"} | history,
        4: {"occurred_at": "1970-01-01T00:00:09Z"}
        | history
        | {"received_at": "2016-05-01T11:00:00Z"},
    }
    lines = [
        error(number, "LID-1", emitter_id=f"robot-agent/R-1/b{number}", **said)
        for number, said in times.items()
    ]
    seeded.land("a.ndjson", lines)
    seeded.load()
    (sentence,) = warnings(seeded, "run", *LINES_ALONE)
    assert sentence.startswith("2 lines of this run, the first of 1970-01-01, are from before")
    loaded_on = "(select cast(max(loaded_at) as date) from event_log.event_lines)"
    days = (
        "select event_id, case when event_date = {} then 'loaded' else cast(event_date as varchar)"
        " end from fleet_staging.base_event_log__lines order by event_id"
    )
    assert seeded.rows(days.format(loaded_on)) == [
        ("e1", "2016-05-01"),
        ("e2", "loaded"),
        ("e3", "loaded"),
        ("e4", "2016-05-01"),
    ]
    counts = "select sum(before_credible_count) from fleet_marts.event_reconciliation"
    assert seeded.rows(counts) == [(2,)]
    # A night after it takes nothing back.
    nightly = tables(seeded.database)
    seeded("run", "--full-refresh", *LINES_ALONE)
    assert not differences(nightly, tables(seeded.database))
