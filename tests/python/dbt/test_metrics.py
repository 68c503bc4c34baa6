"""Each metric, as MetricFlow asks for it, equals the figure of the mart.

MetricFlow writes the SQL and the test runs it. The `mf` command would do both, but looks for a newer
version of itself over the network.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import sqlglot
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlClient, SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow.sql.render.redshift import RedshiftSqlPlanRenderer
from metricflow.sql.render.sql_plan_renderer import SqlPlanRenderer
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
    SemanticManifestValidator,
)
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from tests.python.conftest import Warehouse

DAY, MONTH, MARKET, ROBOT = "metric_time__day", "metric_time__month", "market", "robot"
MARTS = "fleet_marts"
Sql = Callable[..., str]


@dataclass(frozen=True)
class Dialect:
    """All that MetricFlow asks of a SQL client to write SQL."""

    sql_engine_type: SqlEngine
    sql_plan_renderer: SqlPlanRenderer


DIALECTS = {
    "duckdb": Dialect(SqlEngine.DUCKDB, DuckDbSqlPlanRenderer()),
    "redshift": Dialect(SqlEngine.REDSHIFT, RedshiftSqlPlanRenderer()),
}


@pytest.fixture(scope="module")
def semantic_manifest(troubled: tuple[Warehouse, Path]) -> str:
    return troubled[0].artifact("semantic_manifest.json").read_text()


@pytest.fixture(scope="module", params=list(DIALECTS))
def metric_sql(semantic_manifest: str, request: pytest.FixtureRequest) -> Sql:
    """SQL that gives the metrics, by the columns to group by, as the last columns."""
    dialect: str = request.param
    engine = MetricFlowEngine(
        SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(semantic_manifest)),
        cast(SqlClient, DIALECTS[dialect]),
    )

    def sql(metrics: list[str], by: list[str]) -> str:
        asked = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=by)
        return engine.explain(asked).sql_statement.sql

    return sql


# (metrics, grouped by, the same figures straight from the mart)
FIGURES: list[tuple[list[str], list[str], str]] = [
    (
        ["usable_supply_hours", "supply_utilisation"],
        [DAY, MARKET],
        "select supply_date, market, usable_hours, busy_hours / nullif(usable_hours, 0)"
        f" from {MARTS}.supply_hours_daily",
    ),
    (
        ["ready_supply_hours", "busy_supply_hours"],
        [DAY, MARKET],
        f"select supply_date, market, ready_hours, busy_hours from {MARTS}.supply_hours_daily",
    ),
    (
        ["downtime_hours"],
        [DAY, MARKET, "downtime__state_class", "downtime__reason"],
        "select downtime_date, market, state_class, reason, downtime_hours"
        f" from {MARTS}.downtime_reasons_daily",
    ),
    (
        ["deliveries", "delivery_success_rate"],
        [DAY, MARKET],
        "select cast(started_at at time zone 'UTC' as date), market, count(*),"
        " sum(case outcome when 'completed' then 1 else 0 end) * 1.0"
        " / nullif(sum(case when outcome in ('completed', 'failed', 'cancelled') then 1 else 0 end), 0)"
        f" from {MARTS}.delivery_sessions group by 1, 2",
    ),
    *(
        (
            [f"{leg}_p50_seconds", f"{leg}_p90_seconds"],
            [DAY],
            "select cast(started_at at time zone 'UTC' as date),"
            f" percentile_cont(0.5) within group (order by {leg}_seconds),"
            f" percentile_cont(0.9) within group (order by {leg}_seconds)"
            f" from {MARTS}.delivery_sessions group by 1",
        )
        for leg in ("order_to_dispatch", "dispatch_to_pickup", "pickup_to_dropoff", "order_to_dropoff")
    ),
    (
        ["operating_hours", "failures", "mtbf_hours"],
        [MONTH, ROBOT],
        "select month_start, robot_id, operating_hours, failure_count, mtbf_hours"
        f" from {MARTS}.robot_mtbf",
    ),
    (
        ["version_mtbf_hours"],
        [MONTH, "version_month__hardware_version", "version_month__software_version"],
        "select month_start, hardware_version, software_version, mtbf_hours"
        f" from {MARTS}.fleet_mtbf",
    ),
    (
        ["mttr_hours"],
        [MONTH, ROBOT],
        f"select month_start, robot_id, mttr_hours from {MARTS}.robot_mtbf where failure_count > 0",
    ),
]


def comparable(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Rows in order, with numbers to 9 digits: sums of floats depend on the order of the rows."""

    def text(value: object) -> str:
        if isinstance(value, float) and math.isnan(value):
            return "nan"
        try:
            return f"{float(value):.9g}"  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return str(value).removesuffix(" 00:00:00")

    return sorted(tuple(text(value) for value in row) for row in rows)


@pytest.mark.parametrize("metric_sql", ["duckdb"], indirect=True)
@pytest.mark.parametrize(("metrics", "by", "mart"), FIGURES, ids=lambda value: "-".join(value) if isinstance(value, list) else "")
def test_a_metric_equals_the_mart(
    troubled: tuple[Warehouse, Path], metric_sql: Sql, metrics: list[str], by: list[str], mart: str
) -> None:
    expected = comparable(troubled[0].rows(mart))
    assert len(expected) > 0
    assert comparable(troubled[0].rows(metric_sql(metrics, by))) == expected
