"""What Sigma and MetricFlow send, on the stand-in: tables of the contracts, filled from DuckDB."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redshift_connector
from dbt.contracts.graph.manifest import Manifest

from fleet.sigma.definition import Project, load_project
from fleet.sigma.render import statement
from tests.python.conftest import ROOT, Warehouse
from tests.python.dbt.test_metrics import DAY, FIGURES, LEGS, Figures, assert_equal, metric_sql
from tests.python.redshift.warehouse import StandIn
from tests.python.sigma.test_queries import EXAMPLE, HOSTILE, VALUES, elements, with_literals

SCHEMA = "readers_marts"
USER_MARKET = "system::CurrentUserAttributeText::market"


@dataclass(frozen=True)
class Asked:
    """A delivery with an error near its arrival, its robot and its market."""

    delivery_id: str
    robot_id: str
    market: str


@pytest.fixture(scope="module")
def asked(troubled: tuple[Warehouse, Path]) -> Asked:
    ((delivery_id, robot_id, market),) = troubled[0].rows(
        "select delivery_id, robot_id, market from fleet_marts.delivery_sessions"
        " where seconds_from_error_to_arrival is not null and robot_id in"
        " (select robot_id from fleet_marts.event_timeline as t where t.market = market) limit 1"
    )
    return Asked(delivery_id, robot_id, market)


@pytest.fixture(scope="module")
def marts(
    standin: StandIn, redshift_manifest: Manifest, troubled: tuple[Warehouse, Path], asked: Asked
) -> StandIn:
    """The marts that are read, with all their rows, or with those of the one asked for."""
    kept = {
        "delivery_session_events": f"where delivery_id = '{asked.delivery_id}'",
        "event_timeline": f"where robot_id = '{asked.robot_id}'",
        "delivery_sessions": "",
        "supply_hours_daily": "",
        "downtime_reasons_daily": "",
        "delivery_funnel_daily": "",
        "funnel_losses_daily": "",
        "funnel_orders": "",
        "robot_failures": "",
        "robot_mtbf": "",
        "fleet_mtbf": "",
    }
    standin.rows(f"create schema {SCHEMA}")
    for name, where in kept.items():
        columns = redshift_manifest.nodes[f"model.fleet_analytics.{name}"].columns
        types = ", ".join(f"{column} {info.data_type}" for column, info in columns.items())
        standin.rows(f"create table {SCHEMA}.{name} ({types})")
        rows = troubled[0].rows(f"select {', '.join(columns)} from fleet_marts.{name} {where}")
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        standin.rows(f"insert into {SCHEMA}.{name} values {values}")
    return standin


def literal(value: Any) -> str:
    if value is None:
        return "null"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


@pytest.fixture(scope="module")
def redshift_sql(
    redshift_manifest: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Figures], str]:
    sql = metric_sql(redshift_manifest, "redshift", tmp_path_factory.mktemp("metrics"))
    return lambda figures: sql(figures).replace("fleet_marts", SCHEMA)


@pytest.mark.parametrize("figures", FIGURES, ids=str)
def test_a_metric_equals_the_mart(
    marts: StandIn, redshift_sql: Callable[[Figures], str], figures: Figures
) -> None:
    figures_of_mart = figures.mart.replace("fleet_marts", SCHEMA)
    assert_equal(marts.rows(redshift_sql(figures)), marts.rows(figures_of_mart), len(figures.by))


def test_a_query_asks_for_percentiles_of_one_leg(
    marts: StandIn, redshift_sql: Callable[[Figures], str]
) -> None:
    both = Figures([f"{LEGS[0]}_p50_seconds", f"{LEGS[0]}_p90_seconds"], [DAY], "")
    assert marts.rows(redshift_sql(both))
    both = Figures([f"{LEGS[0]}_p50_seconds", f"{LEGS[1]}_p50_seconds"], [DAY], "")
    with pytest.raises(redshift_connector.error.ProgrammingError, match="must share one ordering"):
        marts.rows(redshift_sql(both))


@pytest.fixture(scope="module")
def project(redshift_manifest: Manifest) -> Project:
    return load_project(ROOT, redshift_manifest.writable_manifest().to_dict())


@pytest.mark.parametrize("market_attribute", ["", "market"])
def test_sigmas_queries_run(
    marts: StandIn, project: Project, asked: Asked, market_attribute: str
) -> None:
    settings = EXAMPLE.model_copy(
        update={
            "database": marts.where["dbname"],
            "schema_": SCHEMA,
            "market_attribute": market_attribute,
        }
    )
    values = VALUES | {"delivery-id": asked.delivery_id, "robot-id": asked.robot_id}
    values |= {"seconds-near-arrival": "1e9", USER_MARKET: asked.market}

    def rows(sql: str, **controls: str) -> list[tuple[Any, ...]]:
        asked_for = values | {name.replace("_", "-"): text for name, text in controls.items()}
        return marts.rows(with_literals(sql, asked_for, backslash_escapes=True))

    for element in elements(project).values():
        sql = statement(project, settings, element)
        assert rows(sql), element.id
        if "-id}}" in sql:
            for hostile in HOSTILE:
                if "\x00" not in hostile:  # which no PostgreSQL protocol carries
                    assert rows(sql, delivery_id=hostile, robot_id=hostile) == []
