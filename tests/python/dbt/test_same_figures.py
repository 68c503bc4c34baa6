"""One fleet, one figure: whoever shows it, by market, over the same two simulated days.

The readers are the marts, MetricFlow, the formulas of the Sigma kit, the queries of the page, the
command line and what Datadog counts. The log is clean, because Datadog sees lines and not marts.
What one reader alone shows is tested beside it: a metric by day in test_metrics.py, a monitor's
value in tests/python/datadog/test_same_figure.py.
"""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dashboard import page_queries
from fleet.cli import main
from fleet.lookup.stores import DuckDBMarts
from fleet.lookup.wording import span
from tests.python.conftest import ROOT, Warehouse
from tests.python.datadog.conftest import requests_in
from tests.python.datadog.search import Line, MonitorQuery, as_datadog_has_it
from tests.python.dbt.test_metrics import MARKET, Figures, metric_sql

Values = Mapping[str, float]
Failing = tuple[Warehouse, Path]
MARKETS = ("la", "sf")
EVERY_DAY = ("2026-01-01", "2027-01-01")
LEGS = ("order_to_dispatch", "dispatch_to_pickup", "pickup_to_dropoff", "order_to_dropoff")
SIGMA_FUNCTIONS = {
    r"CountIf\(([^()]*)\)": r"sum(case when \1 then 1 else 0 end)",
    r"PercentileCont\(([^(),]*), ([0-9.]+)\)": r"percentile_cont(\2) within group (order by \1)",
    r"(Sum|Count|Max)\(": r"\1(",
}


class Readers:
    """The same fleet, as each reader shows it; every figure is a value by market."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.metric_sql = metric_sql(warehouse.manifest, "duckdb", folder)
        self.marts = DuckDBMarts(warehouse.database, "fleet_marts", wait_seconds=1)
        model = yaml.safe_load((ROOT / "sigma/rendered/data_model.yaml").read_text())
        book = yaml.safe_load((ROOT / "sigma/rendered/workbook.yaml").read_text())
        self.formulas = {
            metric["name"]: (element["name"], metric["formula"])
            for page in model["pages"]
            for element in page["elements"]
            for metric in element.get("metrics", [])
        }
        self.workbook = json.dumps(book, ensure_ascii=False)
        self.lines: list[Line] = [
            as_datadog_has_it(json.loads(line), env="prod")
            for path in warehouse.landing.rglob("*.ndjson.gz")
            for line in gzip.decompress(path.read_bytes()).splitlines()
        ]

    def mart(self, name: str, value: str, where: str = "true") -> Values:
        return self._by_market(
            f"select market, {value} from fleet_marts.{name} where {where} group by market"
        )

    def metric(self, name: str, **where: str) -> Values:
        """A metric, or its rows in which dimensions beside the market have the values given."""
        by = [MARKET, *where]
        rows = self.warehouse.rows(self.metric_sql(Figures([name], by, "")))
        found = [row for row in rows if list(row[1 : len(by)]) == list(where.values())]
        return {row[0]: float(row[-1]) for row in found if row[0] in MARKETS}

    def sigma(self, label: str) -> Values:
        """A metric of Sigma's data model, by its formula; the charts have the same text."""
        mart, formula = self.formulas[label]
        for pattern, sql in SIGMA_FUNCTIONS.items():
            formula = re.sub(pattern, sql, formula)
        formula = re.sub(
            r"\[([^\]]*)\]", lambda name: name[1].lower().replace(" ", "_"), formula
        ).replace('"', "'")
        return self._by_market(f"select market, {formula} from fleet_marts.{mart} group by market")

    def page(self, query: str, value: Callable[[Any], float | None], *more: object) -> Values:
        """A query of the page for each market; `value` makes a figure of a row, and they add up."""
        return {
            market: sum(
                float(value(row) or 0)
                for row in self.marts.rows(query, (*EVERY_DAY, market, market, *more))
            )
            for market in MARKETS
        }

    def datadog(self, monitor: str, of: str) -> Values:
        """What a monitor counts, by its name there."""
        query = MonitorQuery(requests_in("monitors")[monitor], self._log_metrics())
        counts = query.queries[of].counts(self.lines)
        return {group[0]: count for group, count in counts.items() if group[0] in MARKETS}

    @staticmethod
    def _log_metrics() -> dict[str, dict[str, Any]]:
        return {request["data"]["id"]: request for request in requests_in("metrics").values()}

    def _by_market(self, sql: str) -> Values:
        return {row[0]: float(row[1]) for row in self.warehouse.rows(sql) if row[0] in MARKETS}


@pytest.fixture(scope="module")
def readers(failing: Failing, tmp_path_factory: pytest.TempPathFactory) -> Readers:
    return Readers(failing[0], tmp_path_factory.mktemp("same_figures"))


def hours(readers: Readers, column: str, metric: str, label: str) -> list[Values]:
    seconds = column.replace("hours", "seconds")
    return [
        # Service hours end within hours of UTC, so no row of an hour has them.
        *(
            readers.mart(mart, f"sum({seconds}) / 3600.0")
            for mart in ("supply_hours_bounds", "robot_hours_daily")
            if mart == "robot_hours_daily" or "in_service" not in column
        ),
        readers.mart("supply_hours_daily", f"sum({column})"),
        readers.metric(metric),
        readers.sigma(label),
        readers.page(page_queries.SUPPLY_DAYS, lambda day: day[column]),
    ]


def counts(
    readers: Readers, column: str, of_order: str, metric: str, label: str, datadog: Values
) -> list[Values]:
    return [
        readers.mart("funnel_orders", f"sum(case when {of_order} then 1 else 0 end)"),
        readers.mart("delivery_funnel_daily", f"sum({column})"),
        readers.metric(metric),
        readers.sigma(label),
        readers.page(page_queries.FUNNEL_DAYS, lambda day: day[column]),
        *([datadog] if datadog else []),
    ]


def quotient(over: Values, under: Values) -> Values:
    return {market: over[market] / under[market] for market in over}


FIGURES: dict[str, Callable[[Readers], list[Values]]] = {
    "usable hours": lambda readers: [
        *hours(readers, "usable_hours", "usable_supply_hours", "Usable Supply Hours"),
        readers.mart("supply_hours", "sum(usable_seconds) / 3600.0"),
        readers.page(page_queries.SUPPLY_DAYS, lambda day: day["ready_hours"] + day["busy_hours"]),
    ],
    "usable hours at least": lambda readers: hours(
        readers, "usable_hours_low", "usable_supply_hours_low", "Usable supply hours, at least"
    ),
    "usable hours at most": lambda readers: hours(
        readers, "usable_hours_high", "usable_supply_hours_high", "Usable supply hours, at most"
    ),
    "usable hours in service": lambda readers: hours(
        readers,
        "usable_in_service_hours",
        "usable_in_service_hours",
        "Usable supply hours in service hours",
    ),
    "unplanned downtime": lambda readers: [
        readers.mart(
            "supply_hours", "sum(duration_seconds) / 3600.0", "state_class = 'unplanned_down'"
        ),
        readers.mart(
            "robot_hours_daily", "sum(duration_seconds) / 3600.0", "state_class = 'unplanned_down'"
        ),
        readers.mart("supply_hours_daily", "sum(unplanned_down_hours)"),
        readers.mart(
            "downtime_reasons_daily", "sum(downtime_hours)", "state_class = 'unplanned_down'"
        ),
        readers.metric("downtime_hours", downtime__state_class="unplanned_down"),
        readers.page(
            page_queries.DOWNTIME_REASONS, lambda reason: reason["downtime_hours"], "unplanned_down"
        ),
    ],
    "all downtime": lambda readers: [
        readers.mart("downtime_reasons_daily", "sum(downtime_hours)"),
        readers.mart("supply_hours_daily", "sum(unplanned_down_hours + planned_down_hours)"),
        readers.metric("downtime_hours"),
        readers.sigma("Downtime hours"),
    ],
    "active robot days": lambda readers: [
        readers.mart("supply_hours_daily", "sum(active_robot_count)"),
        readers.mart(
            "delivery_sessions",
            "count(distinct (robot_id, cast(dropoff_completed_at at time zone"
            " 'America/Los_Angeles' as date)))",
            "outcome = 'completed'",
        ),
        readers.metric("active_robot_days"),
        readers.sigma("Active robot days"),
        readers.page(page_queries.SUPPLY_DAYS, lambda day: day["active_robot_count"]),
    ],
    "hours per active robot": lambda readers: [
        quotient(
            readers.mart("supply_hours", "sum(usable_seconds) / 3600.0"),
            readers.mart("supply_hours_daily", "sum(active_robot_count)"),
        ),
        readers.metric("usable_hours_per_active_robot"),
        readers.sigma("Usable supply hours per active robot"),
    ],
    "orders": lambda readers: counts(readers, "order_count", "true", "orders", "Orders", {}),
    "eligible orders": lambda readers: counts(
        readers,
        "eligible_count",
        "is_eligible",
        "eligible_orders",
        "Orders a robot may take",
        readers.datadog("orders_without_dispatch", "eligible_orders"),
    ),
    "dispatched orders": lambda readers: counts(
        readers,
        "dispatched_count",
        "is_dispatched",
        "dispatched_orders",
        "Dispatched orders",
        readers.datadog("orders_without_dispatch", "dispatched_orders"),
    ),
    "picked up orders": lambda readers: counts(
        readers,
        "picked_up_count",
        "is_picked_up",
        "picked_up_orders",
        "Picked up orders",
        readers.datadog("dispatched_without_pickup", "picked_up_orders"),
    ),
    "dropped off orders": lambda readers: [
        *counts(
            readers,
            "dropped_off_count",
            "is_dropped_off",
            "dropped_off_orders",
            "Dropped off orders",
            readers.datadog("picked_up_without_dropoff", "dropped_off_orders"),
        ),
        readers.mart("funnel_orders", "count(*)", "fulfilled_by = 'robot'"),
    ],
    "orders brought by robot, of the eligible": lambda readers: [
        readers.mart("delivery_funnel_daily", "sum(dropped_off_count) / sum(eligible_count)"),
        readers.metric("orders_brought_ratio"),
        readers.sigma("Orders brought by robot"),
        quotient(
            readers.datadog("picked_up_without_dropoff", "dropped_off_orders"),
            readers.datadog("orders_without_dispatch", "eligible_orders"),
        ),
    ],
    "on time": lambda readers: [
        readers.mart(
            "funnel_orders", "avg(case when is_on_time then 1.0 when not is_on_time then 0 end)"
        ),
        readers.mart("delivery_funnel_daily", "sum(on_time_count) / sum(promised_count)"),
        readers.metric("on_time_ratio"),
        readers.sigma("On time"),
    ],
    "lost orders": lambda readers: [
        readers.mart("funnel_orders", "count(*)", "lost_step is not null"),
        readers.mart("funnel_losses_daily", "sum(order_count)"),
        readers.mart("delivery_funnel_daily", "sum(order_count - dropped_off_count)"),
        readers.metric("lost_orders"),
        readers.sigma("Lost orders"),
        readers.page(page_queries.FUNNEL_LOSSES, lambda loss: loss["order_count"]),
    ],
    "deliveries": lambda readers: [
        readers.mart("delivery_sessions", "count(*)"),
        readers.metric("deliveries"),
        readers.sigma("Deliveries"),
    ],
    "completed deliveries, of those that ended": lambda readers: [
        readers.mart(
            "delivery_sessions",
            "avg(case outcome when 'completed' then 1.0 else 0 end)",
            "outcome <> 'open'",
        ),
        readers.metric("completed_delivery_ratio"),
        readers.sigma("Completed deliveries, of those that ended"),
    ],
}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_reader_shows_the_same(readers: Readers, figure: str) -> None:
    first, *others = FIGURES[figure](readers)
    assert first.keys() == set(MARKETS)
    assert all(first.values())
    assert others
    for other in others:
        assert other == pytest.approx(first)


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize("percent", [50, 90])
def test_a_leg_is_as_long_for_every_reader(readers: Readers, leg: str, percent: int) -> None:
    label = {50: "median", 90: "90th percentile"}[percent]
    title = leg.replace("_", " ").capitalize()
    expected = readers.mart(
        "funnel_orders", f"percentile_cont(0.{percent}) within group (order by {leg}_seconds)"
    )
    column = f"{leg}_seconds"
    shown = {
        market: next(
            float(row[f"p{percent}"])
            for row in readers.marts.rows(
                page_queries.ALL_LEGS,
                (*EVERY_DAY, market, market) * len(page_queries.ORDER_LEGS),
            )
            if row["leg"] == column
        )
        for market in MARKETS
    }
    assert shown == pytest.approx(expected)
    assert readers.metric(f"{leg}_p{percent}_seconds") == pytest.approx(expected)
    assert readers.sigma(f"{title}, {label}") == pytest.approx(expected)
    means = readers.mart("delivery_funnel_daily", f"sum({leg}_sum_seconds) / sum({leg}_count)")
    assert means == pytest.approx(readers.mart("funnel_orders", f"avg({leg}_seconds)"))


def test_sigmas_charts_have_the_formulas_of_the_metrics(readers: Readers) -> None:
    labels = ("Usable Supply Hours", "Orders brought by robot", "On time", "Downtime hours")
    for label in labels:
        mart, formula = readers.formulas[label]
        shown = re.sub(r"\[", f"[{mart}/", formula)
        assert json.dumps(shown, ensure_ascii=False)[1:-1] in readers.workbook


def test_the_command_line_tells_the_legs_of_an_order(readers: Readers) -> None:
    database = readers.warehouse.database
    for delivery_id, *seconds in readers.warehouse.rows(
        "select delivery_id, order_to_dispatch_seconds, dispatch_to_pickup_seconds,"
        " pickup_to_dropoff_seconds from fleet_marts.funnel_orders"
        " where is_dropped_off and delivery_count = 1 order by order_key limit 3"
    ):
        done = CliRunner().invoke(main, ["session", delivery_id, "--database", str(database)])
        assert done.exit_code == 0, done.output
        for leg in seconds:
            assert span(leg) in done.output


def test_a_delivery_counts_on_the_day_of_its_order(readers: Readers) -> None:
    of_metric = readers.warehouse.rows(
        readers.metric_sql(Figures(["deliveries"], ["metric_time__day", MARKET], ""))
    )
    # By the orders' days, which the funnel has; an order of several deliveries has one of them.
    of_funnel = readers.warehouse.rows(
        "select orders.local_date, orders.market, count(distinct sessions.delivery_id)"
        " from fleet_marts.funnel_orders as orders"
        " inner join fleet_marts.delivery_sessions as sessions"
        " on orders.order_id = sessions.order_id group by all"
    )
    assert len(of_funnel) > len(MARKETS)
    assert {(str(day)[:10], market, count) for day, market, count in of_metric} == {
        (str(day), market, count) for day, market, count in of_funnel
    }
    ((moved,),) = readers.warehouse.rows(
        "select count(*) from fleet_marts.delivery_sessions"
        " where local_date <> cast(started_at at time zone 'UTC' as date)"
    )
    assert moved


def test_operating_hours_and_failures_of_robots_and_versions(readers: Readers) -> None:
    of_robots, of_versions, of_hardware = (
        readers.warehouse.rows(
            f"select month_start, sum(operating_hours), sum(failure_count) from fleet_marts.{mart}"
            " group by all order by all"
        )
        for mart in ("robot_mtbf", "fleet_mtbf", "hardware_mtbf")
    )
    metrics = (("operating_hours", "failures"), ("version_operating_hours", "version_failures"))
    assert of_robots
    for of_mart in (of_robots, of_hardware):
        for month, versions in zip(of_mart, of_versions, strict=True):
            assert month[0] == versions[0]
            assert month[1:] == pytest.approx(versions[1:])
    for names in metrics:
        (total,) = readers.warehouse.rows(readers.metric_sql(Figures(list(names), [], "")))
        expected = [sum(float(row[place]) for row in of_robots) for place in (1, 2)]
        assert [float(value) for value in total] == pytest.approx(expected)
