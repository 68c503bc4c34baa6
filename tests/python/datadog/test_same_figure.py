"""Same events, same figure: each monitor's value and the mart's, over the same simulated hours.

The simulation is clean: no line is lost, late or sent twice. pipeline/datadog/README.md says what
differs where they are.
"""

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.registry import Registry
from tests.python.conftest import Warehouse
from tests.python.datadog.conftest import Requests
from tests.python.datadog.search import Counts, Group, Line, MonitorQuery, as_datadog_has_it

MARTS = ("release_health", "delivery_funnel_daily", "supply_hours_daily", "event_timeline")
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# A robot beats once a minute, so its beats tell the time it spent in a state to a minute or so.
HEARTBEATS_WITHIN = 0.02


@dataclass
class Told:
    """What one monitor counts over all simulated hours, and the value it makes of it."""

    counts: dict[str, Counts]
    values: Counts


@dataclass
class Fleet:
    """A clean simulation: in the marts, and as Datadog's monitors see it."""

    warehouse: Warehouse
    told: dict[str, Told]

    def mart(self, sql: str) -> dict[Any, tuple[Any, ...]]:
        """Rows of a mart: the first column to the others."""
        return {row[0]: row[1:] for row in self.warehouse.rows(sql)}


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    open_warehouse: Callable[[Path], Warehouse],
    monitors: Requests,
    metrics: Requests,
) -> Fleet:
    folder = tmp_path_factory.mktemp("same_figure")
    words = f"simulate --robots 16 --days 1 --seed 4 --clean --out {folder / 'simulated'}"
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 0, done.output
    warehouse = open_warehouse(folder / "warehouse")
    shutil.copytree(folder / "simulated" / "landing", warehouse.landing, dirs_exist_ok=True)
    warehouse.load()
    warehouse("build", *NO_TESTS, "--select", *(f"+{mart}" for mart in MARTS))

    lines: list[Line] = [
        # The simulator logs as `dev`, the monitors watch `prod`.
        as_datadog_has_it(json.loads(line), env="prod")
        for path in warehouse.landing.rglob("*.ndjson.gz")
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    told = {}
    counted: dict[tuple[object, ...], Counts] = {}
    for name, monitor in monitors.items():
        query = MonitorQuery(monitor, metrics)
        counts = {}
        for part, asked in query.queries.items():
            key = (asked.search, asked.facets, asked.distinct)
            if key not in counted:
                counted[key] = asked.counts(lines)
            counts[part] = counted[key]
        told[name] = Told(counts, query.values(counts))
    return Fleet(warehouse, told)


def of_one(counts: Counts) -> dict[str, float]:
    """Counts by a single tag."""
    return {group[0]: count for group, count in counts.items()}


@pytest.mark.parametrize(
    ("monitor", "of", "over"),
    [
        ("failed_delivery_ratio", "failed_delivery_count", "delivery_count"),
        ("failed_pickup_ratio", "failed_pickup_count", "pickup_count"),
    ],
)
def test_shares_of_a_robot_release(
    fleet: Fleet, registry: Registry, monitor: str, of: str, over: str
) -> None:
    told = fleet.told[monitor]
    row = next(row for row in registry.monitors if row.name == monitor)
    mart = fleet.mart(
        f"select version, {of}, {over}, {monitor} from fleet_marts.release_health"
        f" where service = 'robot-agent' and {over} > 0"
    )
    assert len(mart) == 2
    assert of_one(told.counts[row.over or ""]) == {version: row[1] for version, row in mart.items()}
    assert of_one(told.counts[row.of]) == {
        version: row[0] for version, row in mart.items() if row[0]
    }
    assert sum(of_one(told.values).values()) > 0
    for version, (_, sample, ratio) in mart.items():
        if ratio > 0:
            expected = ratio if sample >= (row.minimum_sample or 0) else 0
            assert of_one(told.values)[version] == pytest.approx(expected), version


@pytest.mark.parametrize(
    ("monitor", "count"),
    [
        ("errors_per_operating_hour", "robot_error_count"),
        ("takeovers_per_operating_hour", "takeover_count"),
    ],
)
def test_rates_of_a_robot_release(
    fleet: Fleet, registry: Registry, monitor: str, count: str
) -> None:
    told = fleet.told[monitor]
    row = next(row for row in registry.monitors if row.name == monitor)
    mart = fleet.mart(
        f"select version, {count}, operating_hours, {monitor} from fleet_marts.release_health"
        " where service = 'robot-agent'"
    )
    assert len(mart) == 2
    assert of_one(told.counts[row.of]) == {version: row[0] for version, row in mart.items()}
    heartbeats = of_one(told.counts["operating_heartbeats"])
    for version, (_, hours, rate) in mart.items():
        assert heartbeats[version] / 60 == pytest.approx(hours, rel=HEARTBEATS_WITHIN)
        assert hours > (row.minimum_sample or 0) * (1 + HEARTBEATS_WITHIN)
        assert of_one(told.values)[version] == pytest.approx(rate, rel=HEARTBEATS_WITHIN)


def test_errors_of_every_service_and_version(fleet: Fleet, registry: Registry) -> None:
    told = fleet.told["error_ratio"]
    (minimum,) = (row.minimum_sample for row in registry.monitors if row.name == "error_ratio")
    mart: dict[Group, tuple[Any, ...]] = {
        row[:2]: row[2:]
        for row in fleet.warehouse.rows(
            "select service, version, error_count, event_count, error_ratio"
            " from fleet_marts.release_health where event_count > 0"
        )
    }
    assert len(mart) > 8
    assert told.counts["events"] == {release: row[1] for release, row in mart.items()}
    assert told.counts["errors"] == {release: row[0] for release, row in mart.items() if row[0]}
    with_sample = [event_count >= (minimum or 0) for _, event_count, _ in mart.values()]
    assert any(with_sample)
    assert not all(with_sample)
    for release, value in told.values.items():
        _, event_count, ratio = mart[release]
        assert value == pytest.approx(ratio if event_count >= (minimum or 0) else 0), release


@pytest.mark.parametrize(
    ("monitor", "of", "over"),
    [
        ("orders_without_dispatch", "dispatched_count", "eligible_count"),
        ("dispatched_without_pickup", "picked_up_count", "dispatched_count"),
        ("picked_up_without_dropoff", "dropped_off_count", "picked_up_count"),
    ],
)
def test_delivery_funnel(
    fleet: Fleet, registry: Registry, monitor: str, of: str, over: str
) -> None:
    told = fleet.told[monitor]
    row = next(row for row in registry.monitors if row.name == monitor)
    mart = fleet.mart(
        f"select market, sum({of}), sum({over}) from fleet_marts.delivery_funnel_daily group by all"
    )
    assert mart.keys() == {"la", "sf"}
    assert of_one(told.counts[row.of]) == {market: row[0] for market, row in mart.items()}
    assert of_one(told.counts[row.over or ""]) == {market: row[1] for market, row in mart.items()}
    for market, (count, sample) in mart.items():
        assert sample >= (row.minimum_sample or 0)
        assert of_one(told.values)[market] == pytest.approx(float(1 - count / sample))


@pytest.mark.parametrize(
    ("monitor", "of", "hours"),
    [
        (
            "unusable_supply_ratio",
            "unusable_heartbeats",
            "not_dispatchable_hours + support_hours + unplanned_down_hours",
        ),
        ("unplanned_downtime_ratio", "unplanned_down_heartbeats", "unplanned_down_hours"),
    ],
)
def test_supply(fleet: Fleet, monitor: str, of: str, hours: str) -> None:
    told = fleet.told[monitor]
    in_service = "usable_hours + not_dispatchable_hours + support_hours + unplanned_down_hours"
    mart = fleet.mart(
        f"select market, sum({hours}), sum({in_service}) from fleet_marts.supply_hours_daily"
        " group by all"
    )
    assert mart.keys() == {"la", "sf"}
    for market, (spent, all_hours) in mart.items():
        beats, all_beats = (
            of_one(told.counts[name])[market] for name in (of, "in_service_heartbeats")
        )
        assert all_beats / 60 == pytest.approx(all_hours, rel=HEARTBEATS_WITHIN)
        assert beats / 60 == pytest.approx(spent, abs=HEARTBEATS_WITHIN * all_hours)
        assert of_one(told.values)[market] == pytest.approx(
            spent / all_hours, abs=HEARTBEATS_WITHIN
        )


@pytest.mark.parametrize(
    ("monitor", "group", "condition"),
    [
        ("lost_connections", "market", "event_name = 'robot.connection_lost'"),
        ("critical_safety_events", "market", "event_name = 'robot.safety_event'"),
    ],
)
def test_events_by_number(fleet: Fleet, monitor: str, group: str, condition: str) -> None:
    critical = (
        " and event_id in (select event_id from fleet_staging.stg_event_log__robot_events"
        " where severity_value = 'critical')"
        if monitor == "critical_safety_events"
        else ""
    )
    mart = fleet.mart(
        f"select {group}, count(*) from fleet_marts.event_timeline where {condition}{critical}"
        " group by all"
    )
    told: dict[str, float] = {}
    for (market, *_), value in fleet.told[monitor].values.items():
        told[market] = told.get(market, 0) + value
    assert told == {market: row[0] for market, row in mart.items()}
    assert told


def test_a_clean_fleet_refuses_no_event(fleet: Fleet) -> None:
    assert fleet.told["refused_events"].values == {}
    assert fleet.warehouse.rows(
        "select count(*) from fleet_marts.event_timeline"
        " where event_name = 'telemetry.event_rejected'"
    ) == [(0,)]
