"""The analyses run as they are compiled, and say what the marts and the simulator say."""

import gc
import re
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fleet.registry import load_registry
from fleet.registry.targets.lines import example_line
from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import ROOT, Warehouse

Failing = tuple[Warehouse, Path]


def answer(failing: Failing, name: str, **variables: Any) -> list[dict[str, Any]]:
    """Rows of a compiled analysis."""
    done = failing[0]("compile", "--select", f"path:analyses/{name}.sql", **variables)
    (result,) = done.results
    with duckdb.connect(failing[0].database) as connection:
        cursor = connection.execute("set TimeZone = 'UTC'").execute(result.node.compiled_code)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def true_rows(failing: Failing, sql: str) -> list[tuple[Any, ...]]:
    """Run a query on the truth and the seeds; a table of the truth is named as in `from events`."""
    with duckdb.connect(failing[0].database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for path in failing[1].glob("*.parquet"):
            connection.execute(f"create temporary view {path.stem} as from read_parquet('{path}')")
        return connection.execute(sql).fetchall()


def test_each_analysis_says_its_question_and_its_grain() -> None:
    for path in (ROOT / "analyses").glob("*.sql"):
        question, grain = path.read_text().splitlines()[:2]
        assert question.startswith("-- "), path.name
        assert question.endswith("?"), path.name
        assert grain.startswith("-- One row per "), path.name


def test_errors_near_arrival_are_those_that_happened(failing: Failing) -> None:
    found = answer(failing, "deliveries_with_a_robot_error_near_arrival")
    expected = true_rows(
        failing,
        """
        with members as (
            select memberships.delivery_id, relation, event_name, true_at
            from events inner join memberships using (event_id)
        ),
        arrivals as (
            select delivery_id, min(true_at) as arrived_at
            from members
            where event_name = 'delivery.dropoff_arrived' and relation = 'about'
            group by all
        )
        select distinct delivery_id, relation
        from members inner join arrivals using (delivery_id)
        where
            event_name = 'robot.error'
            and abs(date_diff('millisecond', true_at, arrived_at)) <= 120000
        """,
    )
    about = {delivery_id for delivery_id, relation in expected if relation == "about"}
    # What the robot does just after the drop-off is in the session for as long as its tail.
    afterwards = {delivery_id for delivery_id, relation in expected if relation == "afterwards"}
    told = [row["delivery_id"] for row in found]
    assert about <= set(told) <= about | afterwards
    assert len(told) == len(set(told)) > 0


def test_downtime_by_reason_is_what_robots_spent(failing: Failing) -> None:
    hours: dict[tuple[Any, str], float] = defaultdict(float)
    shares: dict[tuple[Any, str], float] = defaultdict(float)
    for row in answer(failing, "share_of_downtime_by_reason"):
        hours[row["local_date"], row["reason"]] += row["downtime_hours"]
        shares[row["local_date"], row["market"]] += row["share_of_downtime_ratio"]
    expected = true_rows(
        failing,
        """
        select
            cast(hour_at at time zone 'America/Los_Angeles' as date),
            reason,
            sum(duration_ms) / 3600000.0
        from state_hours inner join fleet_seeds.robot_states using (state)
        where state_class = 'unplanned_down' group by all
        """,
    )
    assert hours == pytest.approx({(day, reason): time for day, reason, time in expected})
    assert len(hours) > 5
    assert list(shares.values()) == pytest.approx([1] * len(shares))


@pytest.mark.parametrize(
    "days", [{}, {"change_from": "2026-11-02", "change_to": "2026-11-03"}], ids=["last", "named"]
)
def test_the_change_of_supply_hours_adds_up(failing: Failing, days: dict[str, str]) -> None:
    found = answer(failing, "change_of_supply_hours", **days)
    seconds: dict[Any, Decimal] = dict(
        failing[0].rows(
            "select cast(hour_at at time zone 'America/Los_Angeles' as date), sum(usable_seconds)"
            " from fleet_marts.supply_hours group by all order by 1"
        )
    )
    day_to = sorted(seconds)[2 if days else -1]
    day_from = sorted(seconds)[1 if days else -2]
    change = seconds[day_to] - seconds[day_from]
    assert sum(row["usable_seconds_change"] for row in found) == change != 0
    of_robots = failing[0].rows(
        "select robot_id, sum(case when local_date = ? then usable_seconds"
        " else -usable_seconds end) from (select *, cast(hour_at at time zone"
        " 'America/Los_Angeles' as date) as local_date from fleet_marts.supply_hours)"
        " where local_date in (?, ?) group by all".replace("?", "date '{}'").format(
            day_to, day_from, day_to
        )
    )
    for robot_id, expected in of_robots:
        changes = [row["usable_seconds_change"] for row in found if row["robot_id"] == robot_id]
        assert sum(changes, Decimal(0)) == expected
    keys = [(row["robot_id"], row["state_class"], row["reason"]) for row in found]
    assert len(set(keys)) == len(keys) > 10


@pytest.mark.parametrize("minutes", [1, 15])
def test_snapshots_count_what_is_usable_just_then(failing: Failing, minutes: int) -> None:
    found = answer(failing, "supply_hours_by_snapshots", snapshot_minutes=minutes)
    daily = failing[0].rows(
        "select cast(hour_at as date), cast(sum(usable_seconds) as double) / 3600"
        " from fleet_marts.supply_hours group by all order by 1"
    )
    assert [row["utc_date"] for row in found] == [day for day, _ in daily]
    assert [row["usable_hours"] for row in found] == pytest.approx([hours for _, hours in daily])
    # The same by another way: the interval that each instant of the day falls in.
    sampled = failing[0].rows(
        f"""
        select cast(instant as date), count(*) * {minutes} / 60.0
        from fleet_intermediate.int_robot_state_intervals
        inner join range(timestamp '2026-11-02', timestamp '2026-11-05', interval {minutes} minute)
            as instants (instant) on instant >= started_at and instant < ended_at
        inner join fleet_seeds.robot_states using (state)
        where usable = 'always' or (usable = 'when_dispatchable' and is_dispatchable)
        group by all order by 1
        """
    )
    assert [row["snapshot_usable_hours"] for row in found] == pytest.approx(
        [hours for _, hours in sampled]
    )
    for row in found:
        difference = row["snapshot_usable_hours"] - row["usable_hours"]
        assert row["difference_hours"] == pytest.approx(difference)
        assert row["robot_error_hours"] >= abs(difference)
    assert sum(row["robot_error_hours"] for row in found) > 0


def test_unregistered_fields_are_counted_by_event_and_field(
    dbt: Warehouse, seeded_database: Path
) -> None:
    shutil.copy(seeded_database, dbt.database)
    registry = load_registry(ROOT)
    events = [example_line(event, registry) for event in registry.events]
    heartbeat = example_line(registry.by_name["robot.heartbeat"], registry)
    more = heartbeat | {"tenant": "acme", "data": heartbeat["data"] | {"wifi": 1, 'a"b': None}}
    unknown = heartbeat | {"evt": {"name": "robot.sang"}, "song": "x"}
    dbt.land("a.ndjson", [*events, more, more, heartbeat | {"data": 5}, unknown])
    dbt.load()
    found = answer((dbt, Path()), "unregistered_fields")
    assert [
        (row["event_name"], row["place"], row["field"], row["line_count"]) for row in found
    ] == [
        ("robot.heartbeat", "data", 'a"b', 2),
        ("robot.heartbeat", "data", "wifi", 2),
        ("robot.heartbeat", "line", "tenant", 2),
    ]


# dbt leaves a thread pool behind where it cannot compile.
@pytest.mark.filterwarnings("ignore:unclosed running multiprocessing pool:ResourceWarning")
@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("change_of_supply_hours", {"change_from": "2026-11-02' or 1=1 --"}),
        ("change_of_supply_hours", {"change_to": "2026-11-02\n"}),
        ("supply_hours_by_snapshots", {"snapshot_minutes": "5; drop table x"}),
        ("supply_hours_by_snapshots", {"snapshot_minutes": 7}),
    ],
)
def test_a_var_that_could_hold_sql_stops_the_run(
    failing: Failing, name: str, variables: dict[str, Any]
) -> None:
    (var,) = variables
    message = ""
    try:
        answer(failing, name, **variables)
    except DbtError as error:
        message = str(error)
    gc.collect()
    assert re.search(f"The var {var} is .*; write it as ", message, re.DOTALL)
