"""Every look-up of `fleet session` and the dashboard runs on Redshift's side of the same text.

On the stand-in, so it is no run on Redshift: see standin/README.md. The rows are those that DuckDB
gives for the same hand-filled marts.
"""

import os
import re
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redshift_connector
import yaml
from click.testing import CliRunner, Result

from dashboard import page_queries
from fleet.cli import main
from fleet.lookup import queries as look_ups
from fleet.lookup.stores import DuckDBMarts, MartsError, RedshiftMarts, Row, open_marts
from tests.python.conftest import ROOT
from tests.python.dashboard.conftest import contracts, database, marts_file
from tests.python.redshift.warehouse import StandIn
from tests.python.session.conftest import at

__all__ = ["database", "marts_file"]

SCHEMA = "look_ups_marts"
FROM, TO, DAY = at(-3600), at(90_000), date(2026, 11, 2)
NEXT_DAY = DAY + timedelta(days=1)
DAYS, TIMES = (DAY, DAY, "", ""), (FROM, TO, "", "")
NEARLY = {"delivery": "D-1O", "order": "O-1O", "robot": "R-11"}
NEAREST = {f"NEAREST {what}": (sql, (NEARLY[what], 5)) for what, sql in look_ups.NEAREST.items()}
ASKED: dict[str, tuple[str, tuple[object, ...]]] = {
    "DELIVERY": (look_ups.DELIVERY, ("D-10",)),
    "DELIVERY hostile": (look_ups.DELIVERY, ("D-1' or 1=1 --",)),
    "DELIVERY_EVENTS": (look_ups.DELIVERY_EVENTS, ("D-10", FROM, TO)),
    "ORDER_DELIVERIES": (look_ups.ORDER_DELIVERIES, ("O-10",)),
    "ORDER_BOUNDS": (look_ups.ORDER_BOUNDS, ("O-10", "O-10")),
    "ORDER_EVENTS": (look_ups.ORDER_EVENTS, (FROM, TO, "O-10") * 2),
    "ROBOT_EVENTS": (look_ups.ROBOT_EVENTS, ("R-1", FROM, TO)),
    "EVENT": (look_ups.EVENT, ("e6",)),
    "EVENT_PAYLOAD": (look_ups.EVENT_PAYLOAD, ("e6", DAY)),
    "ROBOT_STATES": (look_ups.ROBOT_STATES, ("R-1", FROM, FROM, TO)),
    "FAILED": (look_ups.FAILED, (5,)),
    "DELIVERIES_OF merchant": (look_ups.DELIVERIES_OF["merchant"], ("M-1", 5)),
    "DELIVERIES_OF pilot": (look_ups.DELIVERIES_OF["pilot"], ("P-1", 5)),
    "EXAMPLE": (look_ups.EXAMPLE, ()),
    "LOADED_UNTIL": (look_ups.LOADED_UNTIL, ()),
    "LAST_SEEN": (look_ups.LAST_SEEN, ("R-1",)),
    **NEAREST,
    "DELIVERY_ID": (look_ups.DELIVERY_ID, ("d-10", "D-10", "d-10")),
    "ORDER_OR_ROBOT": (look_ups.ORDER_OR_ROBOT, ("r-1", "R-1") * 2),
    "MERCHANT_OR_PILOT": (look_ups.MERCHANT_OR_PILOT, ("m-1", "M-1", "p-1", "P-1")),
    "BEGINNING": (look_ups.BEGINNING, (3, "D-2", 5)),
    "LIKE_THIS": (page_queries.LIKE_THIS, (FROM, TO, "lid_fault", "LID-401")),
    "FOUND_DELIVERIES": (
        page_queries.FOUND_DELIVERIES,
        (DAY, DAY, *[""] * 12, "P-1", "P-1", DAY, NEXT_DAY, 5),
    ),
    "CAUSES": (page_queries.CAUSES, (DAY, DAY)),
    "ERROR_CODES": (page_queries.ERROR_CODES, (DAY, DAY)),
    "LAST_NORMAL": (page_queries.LAST_NORMAL, ("M-1", TO)),
    "GAPS_DURING": (page_queries.GAPS_DURING, (TO, FROM, "R-1")),
    "PLACES": (page_queries.PLACES, ("D-10", FROM, TO, DAY, DAY)),
    "SUPPLY_BY_DAY": (page_queries.SUPPLY_BY_DAY, ("", "")),
    "DELIVERIES_BY_DAY": (page_queries.DELIVERIES_BY_DAY, DAYS),
    "REASONS_BY_DAY": (page_queries.REASONS_BY_DAY, DAYS),
    "CAUSES_BY_DAY": (page_queries.CAUSES_BY_DAY, DAYS),
    "OPEN_FAILURES": (page_queries.OPEN_FAILURES, ("", "", 5)),
    "MTBF_BY_MONTH": (page_queries.MTBF_BY_MONTH, ()),
    **{
        f"CHANGE_BY {by}": (sql, (DAY, NEXT_DAY, DAY, "", "", DAY))
        for by, sql in page_queries.CHANGE_BY.items()
    },
    "CHANGE_BY_REASON": (page_queries.CHANGE_BY_REASON, (DAY, NEXT_DAY, DAY, "", "", DAY)),
    "ROBOT_DELIVERIES": (page_queries.ROBOT_DELIVERIES, ("R-1", TO, FROM, 5)),
    "USUAL_LEGS": (page_queries.USUAL_LEGS, (FROM, TO, "la", "la") * len(page_queries.LEGS)),
    "ALL_LEGS": (page_queries.ALL_LEGS, DAYS * len(page_queries.ORDER_LEGS)),
    "DAYS": (page_queries.DAYS, ()),
    "MARKETS": (page_queries.MARKETS, ()),
    "SUPPLY_DAYS": (page_queries.SUPPLY_DAYS, DAYS),
    "DOWNTIME_REASONS": (page_queries.DOWNTIME_REASONS, (*DAYS, "unplanned_down")),
    "DOWNTIME_ROBOTS": (page_queries.DOWNTIME_ROBOTS, (*DAYS, "unplanned_down", "hw_lid", 5)),
    "DOWNTIME_MINUTES": (
        page_queries.DOWNTIME_MINUTES,
        ("R-1", FROM, FROM, TO, "unplanned_down", "hw_lid", 5),
    ),
    "FUNNEL_DAYS": (page_queries.FUNNEL_DAYS, DAYS),
    "FUNNEL_LOSSES": (page_queries.FUNNEL_LOSSES, DAYS),
    "LOST_ORDERS": (page_queries.LOST_ORDERS, (*DAYS, "dispatched", "no_robot", 5)),
    "MONTHS": (page_queries.MONTHS, ()),
    "FLEET_MTBF": (page_queries.FLEET_MTBF, (DAY.replace(day=1),)),
    "LEG_TREND": (page_queries.LEG_TREND, (*DAYS, "order_to_dropoff")),
    "HARDWARE_MTBF": (page_queries.HARDWARE_MTBF, ()),
    "ROBOT_MTBF": (page_queries.ROBOT_MTBF, (DAY.replace(day=1), 5)),
    "FAILURES": (page_queries.FAILURES, (FROM, TO, "", "", "", "", 5)),
    "RELEASE_HEALTH": (page_queries.RELEASE_HEALTH, ()),
    "RELEASE_VERDICTS": (page_queries.RELEASE_VERDICTS, ()),
    "LOADS": (page_queries.LOADS, (5,)),
    "LOAD_STREAMS": (page_queries.LOAD_STREAMS, (at(9000),)),
    "LATENESS": (page_queries.LATENESS, ()),
    "LATE_EVENTS": (page_queries.LATE_EVENTS, ("", "", 5)),
    "QUARANTINE_REASONS": (page_queries.QUARANTINE_REASONS, ()),
    "QUARANTINED_LINES": (page_queries.QUARANTINED_LINES, ("", "", 5)),
    "GAPS": (page_queries.GAPS, ()),
    "EMITTER_GAPS": (page_queries.EMITTER_GAPS, (5,)),
    "CLOCKS": (page_queries.CLOCKS, (5,)),
}


def literal(value: Any) -> str:
    if isinstance(value, datetime):
        return f"'{value.astimezone(UTC).isoformat()}'"
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(value).lower()
    text = str(value).replace("'", "''").replace("\\", "\\\\")
    return f"'{text}'"


@pytest.fixture(scope="module")
def duck(marts_file: Path) -> DuckDBMarts:
    return DuckDBMarts(marts_file)


@pytest.fixture(scope="module")
def redshift(standin: StandIn, duck: DuckDBMarts) -> Iterator[RedshiftMarts]:
    """The same marts on the stand-in."""
    standin.rows(f"create schema {SCHEMA}")
    for name, columns in contracts().items():
        standin.rows(f"create table {SCHEMA}.{name} ({columns})")
        rows = duck.rows(f"select * from {name}")
        if rows:
            names = ", ".join(rows[0])
            values = ", ".join(f"({', '.join(map(literal, row.values()))})" for row in rows)
            standin.rows(f"insert into {SCHEMA}.{name} ({names}) values {values}")

    def connect() -> Any:
        where = standin.where
        return redshift_connector.connect(
            host=where["host"], port=where["port"], user=where["user"], password="unused",
            database=where["dbname"], ssl=False,
        )  # fmt: skip

    marts = RedshiftMarts(connect, SCHEMA)
    yield marts
    marts.close()
    standin.rows(f"drop schema {SCHEMA} cascade")


def comparable(rows: list[Row]) -> list[Row]:
    """Rows with numbers as floats: engines differ in what type a sum or percentile has."""
    return [
        {
            name: round(float(value), 6)
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


@pytest.mark.parametrize("name", ASKED)
def test_both_engines_give_the_same_rows(
    name: str, duck: DuckDBMarts, redshift: RedshiftMarts
) -> None:
    sql, parameters = ASKED[name]
    expected = comparable(duck.rows(sql, parameters))
    assert comparable(redshift.rows(sql, parameters)) == expected
    assert bool(expected) == (name != "DELIVERY hostile")


def test_every_query_is_asked_here() -> None:
    texts = {
        text
        for module in (look_ups, page_queries)
        for name, value in vars(module).items()
        if name.isupper()
        for text in (value.values() if isinstance(value, dict) else [value])
        if isinstance(text, str) and "select" in text and "ids" not in text
    }
    assert texts - {sql for sql, _ in ASKED.values()} == set(look_ups.IDS.values())


def test_a_look_up_cannot_write(redshift: RedshiftMarts) -> None:
    with pytest.raises(MartsError, match="Redshift did not answer"):
        redshift.rows("delete from delivery_sessions")
    assert redshift.rows(look_ups.DELIVERY, ["D-10"])


def test_a_lost_connection_is_made_again(redshift: RedshiftMarts) -> None:
    assert redshift.rows(look_ups.DELIVERY, ["D-10"])
    redshift._connection.close()
    assert redshift.rows(look_ups.DELIVERY, ["D-10"])


@pytest.fixture
def profile(
    standin: StandIn,
    redshift: RedshiftMarts,
    marts_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> dict[str, Any]:
    """A dbt profile with the hand-filled marts as `dev`, its default, and as `redshift`."""
    schema = SCHEMA.removesuffix("_marts")
    password = {"password": "unused", "sslmode": "disable"}
    outputs: dict[str, Any] = {
        "dev": {"type": "duckdb", "path": str(marts_file), "schema": "fleet"},
        "redshift": {"type": "redshift", "schema": schema, **password, **standin.where},
    }
    profile = {"fleet_analytics": {"target": "dev", "outputs": outputs}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.delenv("DBT_TARGET", raising=False)
    return outputs


@pytest.mark.usefixtures("profile")
def test_the_target_of_the_profile_is_read(
    redshift: RedshiftMarts, duck: DuckDBMarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_marts(ROOT) == duck
    marts = open_marts(ROOT, "redshift")
    assert isinstance(marts, RedshiftMarts)
    assert marts.rows(look_ups.DELIVERY, ["D-10"]) == redshift.rows(look_ups.DELIVERY, ["D-10"])
    marts.close()
    monkeypatch.setenv("DBT_TARGET", "redshift")
    assert isinstance(open_marts(ROOT), RedshiftMarts)
    assert open_marts(ROOT, "dev") == duck


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    "words",
    [("D-10",), ("O-10", "--all"), ("--robot", "R-1"), ("--failed",), ("--example",), ("D-1O",)],
    ids=" ".join,
)
def test_fleet_session_prints_the_same_of_either_target(
    words: tuple[str, ...], marts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fleet_session(*words, "--database", str(marts_file))
    for target in ("dev", "redshift"):
        found = fleet_session(*words, "--target", target)
        assert (found.exit_code, found.output) == (expected.exit_code, expected.output)
    monkeypatch.setenv("DBT_TARGET", "redshift")
    assert fleet_session(*words).output == expected.output
    assert "2026-11-02" in expected.output


def test_what_keeps_a_target_from_being_asked_is_said_in_a_sentence(
    profile: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unsigned = {"type": "redshift", "method": "iam", "host": "localhost", "port": 5439}
    unsigned |= {"user": "dbt", "dbname": "dev", "schema": "fleet", "region": "us-west-2"}
    profile["closed"] = profile["redshift"] | {"port": unused_port()}
    profile["unnamed"] = unsigned
    profile["unsigned"] = unsigned | {"cluster_id": "c"}
    said = {
        "closed": "Redshift did not answer",
        "unnamed": "'cluster_id' must be provided",
        "unsigned": "Unable to locate credentials",
        "elsewhere": "does not have a target named 'elsewhere'.*redshift",
    }
    path = tmp_path / "profiles.yml"
    path.write_text(yaml.safe_dump({"fleet_analytics": {"target": "dev", "outputs": profile}}))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    for target, message in said.items():
        assert_said(message, fleet_session("D-10", "--target", target))
    path.unlink()
    assert_said(
        "There is no profiles.yml in .* run `make setup`", fleet_session("D-10", "--target", "dev")
    )


def fleet_session(*words: str) -> Result:
    return CliRunner().invoke(main, ["session", *words])


def assert_said(message: str, result: Result) -> None:
    assert (result.exit_code, result.output.count("\n")) == (1, 1), result.output
    assert re.search(message, result.output)


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
