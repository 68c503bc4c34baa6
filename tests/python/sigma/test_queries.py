"""The queries of the workbook on a built warehouse, each control's value put in as Sigma does."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import expressions as exp

from fleet.sigma.definition import Element, Project, Settings, read_settings
from fleet.sigma.lint import TAG
from fleet.sigma.render import statement
from tests.python.conftest import ROOT, Warehouse

EXAMPLE = read_settings(ROOT / "sigma/settings.example.yml")
# The file is warehouse.duckdb, and so is the database.
DUCKDB = EXAMPLE.model_copy(update={"database": "warehouse"})
OWN_MARKET = DUCKDB.model_copy(update={"market_attribute": "market"})
HOSTILE = [
    "D-1' or 1=1 --",
    "'; drop table fleet_marts.delivery_sessions; --",
    "\\' or 1=1 --",
    "{{delivery-id}}",
    "%",
    "''",
    "",
    "Ω≈ç√ \x00 ﷽",
]
VALUES = {
    "delivery-id": "D-1",
    "robot-id": "R-1",
    "seconds-near-arrival": "120",
    "system::CurrentUserAttributeText::market": "la",
}


def with_literals(sql: str, values: dict[str, str], backslash_escapes: bool = False) -> str:
    """A query as the warehouse gets it from Sigma: the value of each control as a text literal.

    On Redshift a backslash in a literal is an escape, on DuckDB it is a character.
    """

    def literal(tag: re.Match[str]) -> str:
        value = values[tag[1]].replace("'", "''")
        return "'" + (value.replace("\\", "\\\\") if backslash_escapes else value) + "'"

    return TAG.sub(literal, sql)


def elements(project: Project) -> dict[str, Element]:
    return {
        element.sql: element
        for page in project.workbook.pages
        for element in page.elements
        if element.sql
    }


def run(
    warehouse: Warehouse,
    project: Project,
    query: str,
    settings: Settings = DUCKDB,
    **values: str,
) -> list[dict[str, Any]]:
    """Rows of a query by its columns; a control's name has _ for -."""
    controls = VALUES | {name.replace("_", "-"): value for name, value in values.items()}
    sql = with_literals(statement(project, settings, elements(project)[query]), controls)
    with duckdb.connect(warehouse.database, read_only=True) as connection:
        cursor = connection.execute("set TimeZone = 'UTC'").execute(sql)
        columns = [column[0] for column in cursor.description or []]
        assert tuple(columns) == project.queries[query].columns
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def warehouse(troubled: tuple[Warehouse, Path]) -> Warehouse:
    return troubled[0]


def test_every_query_is_shown(project: Project) -> None:
    assert elements(project).keys() == project.queries.keys()


def test_a_delivery_and_its_events(project: Project, warehouse: Warehouse) -> None:
    ((delivery_id, outcome, events),) = warehouse.rows(
        "select delivery_id, outcome, event_count from fleet_marts.delivery_sessions"
        " where outcome = 'failed' order by event_count desc limit 1"
    )
    # Pasted from a ticket, with a space.
    for asked in (delivery_id, f" {delivery_id} "):
        (row,) = run(warehouse, project, "delivery", delivery_id=asked)
        assert (row["delivery_id"], row["outcome"]) == (delivery_id, outcome)
        rows = run(warehouse, project, "delivery_events", delivery_id=asked)
        assert sorted(row["sequence_number"] for row in rows) == list(range(1, events + 1))


def test_a_robot_replay_holds_all_its_events(project: Project, warehouse: Warehouse) -> None:
    ((robot_id, events),) = warehouse.rows(
        "select robot_id, count(*) from fleet_marts.event_timeline"
        " where robot_id is not null group by 1 order by 2 desc limit 1"
    )
    assert len(run(warehouse, project, "robot_replay", robot_id=robot_id)) == events


@pytest.mark.parametrize("seconds", ["0", "120", "1e3"])
def test_errors_near_arrival_lie_on_either_side(
    project: Project, warehouse: Warehouse, seconds: str
) -> None:
    expected = warehouse.rows(
        "select delivery_id from fleet_marts.delivery_sessions where"
        f" seconds_from_error_to_arrival between -{float(seconds)} and {float(seconds)} order by 1"
    )
    rows = run(warehouse, project, "errors_near_arrival", seconds_near_arrival=seconds)
    assert sorted((row["delivery_id"],) for row in rows) == expected
    assert expected or seconds != "1e3"


@pytest.mark.parametrize("query", ["delivery", "delivery_events", "robot_replay"])
@pytest.mark.parametrize("asked", HOSTILE)
def test_a_hostile_id_finds_nothing(
    project: Project, warehouse: Warehouse, query: str, asked: str
) -> None:
    assert run(warehouse, project, query, delivery_id=asked, robot_id=asked) == []


def test_row_level_security_leaves_the_users_market(project: Project, warehouse: Warehouse) -> None:
    everywhere = run(warehouse, project, "errors_near_arrival", seconds_near_arrival="1e9")
    assert len({row["market"] for row in everywhere}) > 1
    own = run(warehouse, project, "errors_near_arrival", OWN_MARKET, seconds_near_arrival="1e9")
    assert own == [row for row in everywhere if row["market"] == "la"] != []

    ((abroad,),) = warehouse.rows(
        "select min(delivery_id) from fleet_marts.delivery_sessions where market <> 'la'"
    )
    for query in ("delivery", "delivery_events"):
        assert run(warehouse, project, query, delivery_id=abroad)
        assert run(warehouse, project, query, OWN_MARKET, delivery_id=abroad) == []
    assert {
        robot_id
        for (robot_id,) in warehouse.rows(
            "select distinct robot_id from fleet_marts.event_timeline"
        )
        if robot_id and run(warehouse, project, "robot_replay", OWN_MARKET, robot_id=robot_id)
    } == {
        robot_id
        for (robot_id,) in warehouse.rows(
            "select distinct robot_id from fleet_marts.event_timeline where market = 'la'"
        )
        if robot_id
    }


@pytest.mark.parametrize("settings", [EXAMPLE, OWN_MARKET], ids=["all markets", "own market"])
def test_in_redshifts_grammar_a_control_is_a_value(project: Project, settings: Settings) -> None:
    for element in elements(project).values():
        sql = statement(project, settings, element)
        marked = {name: f"control {name}" for name in VALUES}
        (parsed,) = sqlglot.parse(with_literals(sql, marked), dialect="redshift")
        assert isinstance(parsed, exp.Select)
        values = [literal.this for literal in parsed.find_all(exp.Literal)]
        assert sorted(v for v in values if v.startswith("control ")) == sorted(
            marked[name] for name in VALUES for _ in range(sql.count(f"{{{{{name}}}}}"))
        )
