"""Each metric, as MetricFlow asks for it, equals the figure of the mart.

MetricFlow writes the SQL and the test runs it. The `mf` command would do both, but it looks for a
newer version of itself over the network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.semantic_manifest import SemanticManifest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlClient, SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow.sql.render.redshift import RedshiftSqlPlanRenderer
from metricflow.sql.render.sql_plan_renderer import SqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from tests.python.conftest import Warehouse

DAY, MONTH, MARKET, ROBOT = "metric_time__day", "metric_time__month", "market", "robot"
LEGS = ("order_to_dispatch", "dispatch_to_pickup", "pickup_to_dropoff", "order_to_dropoff")


@dataclass(frozen=True)
class Dialect:
    """All that MetricFlow asks of a SQL client to write SQL."""

    sql_engine_type: SqlEngine
    sql_plan_renderer: SqlPlanRenderer


DIALECTS = {
    "duckdb": Dialect(SqlEngine.DUCKDB, DuckDbSqlPlanRenderer()),
    "redshift": Dialect(SqlEngine.REDSHIFT, RedshiftSqlPlanRenderer()),
}


@dataclass(frozen=True)
class Figures:
    """Metrics grouped by columns, and the same figures straight from a mart."""

    metrics: list[str]
    by: list[str]
    mart: str

    def __str__(self) -> str:
        return "-".join(self.metrics)


FIGURES = [
    Figures(
        ["usable_supply_hours", "supply_utilisation"],
        [DAY, MARKET],
        "select local_date, market, usable_hours, busy_hours / nullif(usable_hours, 0)"
        " from fleet_marts.supply_hours_daily",
    ),
    Figures(
        ["usable_supply_hours_low", "usable_supply_hours_high", "usable_in_service_hours"],
        [DAY, MARKET],
        "select local_date, market, usable_hours_low, usable_hours_high, usable_in_service_hours"
        " from fleet_marts.supply_hours_daily",
    ),
    Figures(
        ["active_robot_days", "usable_hours_per_active_robot"],
        [DAY, MARKET],
        "select local_date, market, active_robot_count, usable_hours_per_active_robot"
        " from fleet_marts.supply_hours_daily",
    ),
    Figures(
        ["ready_supply_hours", "busy_supply_hours"],
        [DAY, MARKET],
        "select local_date, market, ready_hours, busy_hours from fleet_marts.supply_hours_daily",
    ),
    Figures(
        ["downtime_hours"],
        [DAY, MARKET, "downtime__state_class", "downtime__reason"],
        "select local_date, market, state_class, reason, downtime_hours"
        " from fleet_marts.downtime_reasons_daily",
    ),
    Figures(
        ["deliveries", "completed_deliveries", "ended_deliveries"],
        [DAY, MARKET],
        "select local_date, market, count(*),"
        " sum(case outcome when 'completed' then 1 else 0 end),"
        " sum(case outcome when 'open' then 0 else 1 end)"
        " from fleet_marts.delivery_sessions group by 1, 2",
    ),
    Figures(
        ["completed_delivery_ratio"],
        [DAY, "delivery__probable_cause"],
        "select local_date, probable_cause,"
        " avg(cast(case outcome when 'completed' then 1 when 'open' then null else 0 end"
        " as double precision))"
        " from fleet_marts.delivery_sessions group by 1, 2",
    ),
    *(
        Figures(
            [f"{leg}_p{percent}_seconds"],
            [DAY, MARKET],
            f"select local_date, market, percentile_cont(0.{percent}) within group"
            f" (order by {leg}_seconds) from fleet_marts.funnel_orders group by 1, 2",
        )
        for leg in LEGS
        for percent in (50, 90)
    ),
    Figures(
        [
            "orders",
            "eligible_orders",
            "dispatched_orders",
            "picked_up_orders",
            "dropped_off_orders",
        ],
        [DAY, MARKET],
        "select local_date, market, order_count, eligible_count, dispatched_count,"
        " picked_up_count, dropped_off_count from fleet_marts.delivery_funnel_daily",
    ),
    Figures(
        ["orders_brought_ratio", "on_time_ratio"],
        [DAY, MARKET],
        "select local_date, market, order_to_dropoff_ratio, on_time_ratio"
        " from fleet_marts.delivery_funnel_daily",
    ),
    Figures(
        ["promised_orders", "on_time_orders"],
        [DAY, MARKET],
        "select local_date, market, promised_count, on_time_count"
        " from fleet_marts.delivery_funnel_daily",
    ),
    Figures(
        ["lost_orders"],
        [DAY, MARKET, "funnel_loss__lost_step", "funnel_loss__lost_reason"],
        "select local_date, market, lost_step, lost_reason, order_count"
        " from fleet_marts.funnel_losses_daily",
    ),
    Figures(
        ["operating_hours", "failures", "mtbf_hours"],
        [MONTH, ROBOT],
        "select month_start, robot_id, operating_hours, failure_count, mtbf_hours"
        " from fleet_marts.robot_mtbf",
    ),
    Figures(
        ["version_operating_hours", "version_failures", "version_mtbf_hours"],
        [MONTH, "version_month__hardware_version", "version_month__software_version"],
        "select month_start, hardware_version, software_version,"
        " operating_hours, failure_count, mtbf_hours from fleet_marts.fleet_mtbf",
    ),
    Figures(
        ["failure_episodes", "repaired_failures", "repair_hours", "mttr_hours"],
        [MONTH, ROBOT],
        "select month_start, robot_id, failure_count + uncharged_failure_count,"
        " repaired_failure_count, coalesce(repaired_failure_count * mttr_hours, 0), mttr_hours"
        " from fleet_marts.robot_mtbf where failure_count + uncharged_failure_count > 0",
    ),
]


def metric_sql(manifest: Manifest, dialect: str, folder: Path) -> Callable[[Figures], str]:
    """How MetricFlow asks for metrics of a parsed project; it reads a file in `folder`."""
    path = folder / "semantic_manifest.json"
    SemanticManifest(manifest).write_json_to_file(str(path))
    semantic_manifest = parse_manifest_from_dbt_generated_manifest(path.read_text())
    engine = MetricFlowEngine(
        SemanticManifestLookup(semantic_manifest), cast(SqlClient, DIALECTS[dialect])
    )

    def sql(figures: Figures) -> str:
        asked = MetricFlowQueryRequest.create(
            metric_names=figures.metrics, group_by_names=figures.by
        )
        return str(engine.explain(asked).sql_statement.sql)

    return sql


def same_order(rows: list[tuple[Any, ...]], keys: int) -> list[tuple[Any, ...]]:
    """Rows by their first columns; days as dates, though Redshift truncates them to timestamps."""
    texts = [(*(str(key)[:10] for key in row[:keys]), *row[keys:]) for row in rows]
    return sorted(texts, key=lambda row: row[:keys])


def assert_equal(
    metric_rows: list[tuple[Any, ...]], mart_rows: list[tuple[Any, ...]], keys: int
) -> None:
    """Sums of floats depend on the order of the rows, so they may differ in the last digits."""
    metric_rows, mart_rows = same_order(metric_rows, keys), same_order(mart_rows, keys)
    assert len(mart_rows) > 1
    assert [row[:keys] for row in metric_rows] == [row[:keys] for row in mart_rows]
    for measured, expected in zip(metric_rows, mart_rows, strict=True):
        for value, figure in zip(measured[keys:], expected[keys:], strict=True):
            assert (value is None) == (figure is None), (measured, expected)
            if figure is not None:
                assert float(value) == pytest.approx(float(figure)), (measured, expected)


@pytest.fixture(scope="module")
def duckdb_sql(
    troubled: tuple[Warehouse, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Figures], str]:
    return metric_sql(troubled[0].manifest, "duckdb", tmp_path_factory.mktemp("metrics"))


@pytest.mark.parametrize("figures", FIGURES, ids=str)
def test_a_metric_equals_the_mart(
    troubled: tuple[Warehouse, Path], duckdb_sql: Callable[[Figures], str], figures: Figures
) -> None:
    warehouse, _ = troubled
    assert_equal(warehouse.rows(duckdb_sql(figures)), warehouse.rows(figures.mart), len(figures.by))


def test_every_metric_is_compared(troubled: tuple[Warehouse, Path]) -> None:
    metrics = {metric.name for metric in troubled[0].manifest.metrics.values()}
    assert metrics == {name for figures in FIGURES for name in figures.metrics}


def test_metrics_of_several_marts_share_market_and_robot(
    troubled: tuple[Warehouse, Path], duckdb_sql: Callable[[Figures], str]
) -> None:
    by_market = Figures(["usable_supply_hours", "downtime_hours", "deliveries"], [MARKET], "")
    by_robot = Figures(["deliveries", "mtbf_hours", "mttr_hours"], [ROBOT], "")
    for figures in (by_market, by_robot):
        rows = troubled[0].rows(duckdb_sql(figures))
        assert any(None not in row for row in rows)
