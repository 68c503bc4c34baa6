"""docs/questions.md: each query runs on both engines, gives the same rows, and stays short."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.python.conftest import ROOT, Warehouse
from tests.python.dashboard.conftest import contracts
from tests.python.redshift.test_look_ups import literal
from tests.python.redshift.warehouse import StandIn

SCHEMA = "questions_marts"
LONGEST_QUERY = 10
PAGE = (ROOT / "docs/questions.md").read_text("utf-8")
QUESTIONS = dict(re.findall(r"^### (\d+\. [^\n]+)\n\n```sql\n(.+?)```", PAGE, re.M | re.S))
# Of tables with a row per event, those of a few robots: the stand-in takes them one by one.
SOME = {
    "delivery_session_events": "where delivery_id = {delivery}",
    "event_timeline": "where robot_id in (select min(robot_id) from fleet_marts.event_timeline)",
    "event_payloads": (
        "where event_id in (select event_id from fleet_marts.delivery_session_events"
        " where delivery_id = {delivery})"
    ),
    "quarantined_lines": "limit 10",
}


@pytest.fixture(scope="module")
def asked(troubled: tuple[Warehouse, Path]) -> dict[str, str]:
    """What stands for each id and time of the page: of a delivery that a robot's error ended."""
    ((delivery, order, merchant, arrived_at),) = troubled[0].rows(
        "select delivery_id, order_id, merchant_id, pickup_arrived_at"
        " from fleet_marts.delivery_sessions where outcome = 'failed' and order_id is not null"
        " and first_error_code is not null and pickup_arrived_at is not null"
        " order by delivery_id limit 1"
    )
    ((first, last),) = troubled[0].rows(
        "select min(local_date), max(local_date) from fleet_marts.supply_hours_daily"
    )
    at = arrived_at.astimezone(UTC)
    return {
        "'D-804'": f"'{delivery}'",
        "'O-1342'": f"'{order}'",
        "'M-13'": f"'{merchant}'",
        "'2026-11-02 20:00:00+00'": f"'{at}'",
        "'2026-11-02 21:00:00+00'": f"'{at + timedelta(hours=1)}'",
        "'2026-11-02'": f"'{first}'",
        "'2026-11-03'": f"'{last}'",
    }


def put_in(sql: str, asked: dict[str, str]) -> str:
    for of_page, own in asked.items():
        sql = sql.replace(of_page, own)
    return sql


@pytest.fixture(scope="module")
def duck(
    troubled: tuple[Warehouse, Path],
    asked: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts under their contract, with the rows that both engines are asked for."""
    path = tmp_path_factory.mktemp("questions") / "own.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{troubled[0].database}' as built (read_only)")
        connection.execute("create schema fleet_marts")
        for name, columns in contracts().items():
            connection.execute(f"create table fleet_marts.{name} ({columns})")
            where = SOME.get(name, "").format(delivery=asked["'D-804'"])
            connection.execute(
                f"insert into fleet_marts.{name} by name select * from built.fleet_marts.{name} "
                + where.replace("fleet_marts", "built.fleet_marts")
            )
        connection.execute("detach built")
        yield connection


@pytest.fixture(scope="module")
def redshift(standin: StandIn, duck: duckdb.DuckDBPyConnection) -> Iterator[StandIn]:
    standin.rows(f"create schema {SCHEMA}")
    for name, columns in contracts().items():
        standin.rows(f"create table {SCHEMA}.{name} ({columns})")
        if any(f"fleet_marts.{name}" in sql for sql in QUESTIONS.values()):
            cursor = duck.execute(f"select * from fleet_marts.{name}")
            while rows := cursor.fetchmany(500):
                values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
                standin.rows(f"insert into {SCHEMA}.{name} values {values}")
    yield standin
    standin.rows(f"drop schema {SCHEMA} cascade")


def comparable(rows: list[Any]) -> list[list[Any]]:
    return [
        [
            round(float(value), 6)
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            else value
            for value in row
        ]
        for row in rows
    ]


def test_there_are_thirty_questions_with_short_queries() -> None:
    assert len(QUESTIONS) == 30
    assert [name.split(".")[0] for name in QUESTIONS] == [str(n) for n in range(1, 31)]
    assert {name for name, sql in QUESTIONS.items() if sql.count("\n") > LONGEST_QUERY} == set()
    assert PAGE.count("```sql") == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_engines_answer_alike(
    question: str, duck: duckdb.DuckDBPyConnection, redshift: StandIn, asked: dict[str, str]
) -> None:
    sql = put_in(QUESTIONS[question], asked)
    expected = comparable(duck.execute(sql).fetchall())
    found = comparable(redshift.rows(sql.replace("fleet_marts", SCHEMA)))
    assert found == expected


def test_nearly_every_question_has_an_answer(
    duck: duckdb.DuckDBPyConnection, asked: dict[str, str]
) -> None:
    """Of a day of ten robots: nothing may be down at its end, and one release has no verdict."""
    empty = [
        name for name, sql in QUESTIONS.items() if not duck.execute(put_in(sql, asked)).fetchall()
    ]
    assert len(empty) <= 3, empty
