"""Bounds of MTBF, rates and shares of a fleet, by the formulas of docs/definitions.md again."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.stats import chi2, norm
from scipy.stats import t as student

from tests.python.conftest import Warehouse

Z_90 = norm.ppf(0.95)
# The models have Student's t by an expansion.
NEAR = 0.01
# Counts of each robot or day, and over how many hours, deliveries or lines.
FLEETS = {
    "differ": ((1, 0, 12, 3, 9, 6), (40, 12, 80, 30, 55, 61)),
    "alike": ((5, 5, 5, 5), (50, 50, 50, 50)),
    "none": ((0, 0, 0, 0), (10, 20, 30, 40)),
    "all": ((20, 30, 40), (20, 30, 40)),
    "many": ((80, 30, 60, 20), (100, 90, 80, 70)),
    "two": ((3, 8), (50, 50)),
    "one-of-three": ((1, 2, 0), (500, 3, 2)),
    "hardly-three": ((3, 8, 1), (50, 50, 20)),
    "mostly-of-one": ((2, 30, 1, 3, 0, 2, 1, 1), (50, 50, 40, 60, 50, 50, 45, 55)),
    "mostly": ((45, 20, 48, 30, 47), (50, 40, 50, 60, 50)),
}
SHARES = ("failed_delivery_ratio", "failed_pickup_ratio", "error_ratio")
RATES = ("errors_per_operating_hour", "takeovers_per_operating_hour")


def free_degrees(sizes: Sequence[int]) -> float:
    """Of counts by chance with these means, by Satterthwaite from the covariance of residuals."""
    means = np.array(sizes, float)
    fit = np.eye(means.size) - means[:, None] / means.sum()
    covariance = fit @ np.diag(means) @ fit.T
    return float(np.trace(covariance) ** 2 / np.trace(covariance @ covariance))


def quantile(
    counts: Sequence[int], sizes: Sequence[int], chance: float, skew: float = 1
) -> float | None:
    """Student's t times √dispersion; by chance the sum of the counts has the variance `chance`."""
    failed = sum(counts)
    rate = failed / sum(sizes)
    weight = sum(sizes) ** 2 / sum(size**2 for size in sizes)
    if len(counts) < 3 or weight < 2:
        return None
    pairs = zip(counts, sizes, strict=True)
    spread = sum((count - rate * size) ** 2 for count, size in pairs) * weight / (weight - 1)
    # Of two failures, how often they are of one robot, against robots that are alike.
    of_one = sum(count * (count - 1) for count in counts) / failed**2 if failed else 0
    concentration = min(1, max(0, (of_one * weight - 1) * skew**2))
    degrees = max(1, free_degrees(sizes) / (1 + 1.25 * concentration))
    dispersion = max(0.02, spread / chance if chance else 1)
    return float(student.ppf(0.95, degrees) * math.sqrt(dispersion))


def rate_bounds(counts: Sequence[int], hours: Sequence[int]) -> tuple[float, float] | None:
    failed = sum(counts)
    wide = quantile(counts, hours, failed)
    if wide is None:
        return None
    lower = chi2.ppf(0.05, 2 * failed + 1) / 2 if failed else 0
    upper = chi2.ppf(0.95, 2 * failed + 1 if failed else 2) / 2
    least = max(failed, 1)
    lower, upper = (least * (bound / least) ** (wide / Z_90) for bound in (lower, upper))
    return lower / sum(hours), upper / sum(hours)


def share_bounds(counts: Sequence[int], trials: Sequence[int]) -> tuple[float, float] | None:
    share, total = sum(counts) / sum(trials), sum(trials)
    skew = (1 - 2 * share) / (1 - share) if share < 1 else 1
    wide = quantile(counts, trials, total * share * (1 - share), skew)
    if wide is None:
        return None
    middle = share + wide**2 / (2 * total)
    width = wide * math.sqrt(share * (1 - share) / total + wide**2 / (4 * total**2))
    whole = 1 + wide**2 / total
    return (middle - width) / whole, (middle + width) / whole


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any, seeded_database: Path
) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("intervals"))
    shutil.copy(seeded_database, warehouse.database)
    days, failures, exposures = [], [], []
    for name, (counts, sizes) in FLEETS.items():
        for unit, (count, size) in enumerate(zip(counts, sizes, strict=True)):
            # Of two days each, which are no units of their own.
            days += [(f"{name}-{unit}", day, name, size * 1_800_000) for day in (2, 3)]
            failures += [(f"{name}-{unit}", name)] * count
            for measure in (*RATES, *SHARES):
                exposures += [("robot-agent", name, f"{name}-{unit}", measure, count, size)]
    with duckdb.connect(warehouse.database) as connection:
        connection.execute("create schema fleet_intermediate; create schema fleet_marts")
        connection.execute(
            "create table fleet_intermediate.int_robot_operating_days as select '' as robot_id,"
            " date '2026-11-01' as operating_date, '' as hardware_version, 's' as software_version,"
            " 0::bigint as operating_milliseconds, 0::bigint as down_milliseconds where false"
        )
        connection.executemany(
            "insert into fleet_intermediate.int_robot_operating_days"
            " values ($1, date '2026-11-01' + $2::integer, $3, $3, $4, 0)",
            days,
        )
        connection.execute(
            "create table fleet_marts.robot_failures as select '' as robot_id, '' as"
            " hardware_version, '' as software_version, true as is_charged, false as is_open,"
            " 'operating' as end_basis, 0::decimal(18, 3) as down_seconds,"
            " timestamptz '2026-11-02 10:00:00+00' as started_at where false"
        )
        connection.executemany(
            "insert into fleet_marts.robot_failures values"
            " ($1, $2, $2, true, false, 'operating', 60, '2026-11-02 10:00:00+00')",
            failures,
        )
        connection.execute(
            "create table fleet_intermediate.int_release_exposures as select '' as service,"
            " '' as version, '' as unit, '' as measure, 0.5::double as event_count,"
            " 0.5::double as exposure where false"
        )
        connection.executemany(
            "insert into fleet_intermediate.int_release_exposures values (?, ?, ?, ?, ?, ?)",
            exposures,
        )
        counted = {
            **dict.fromkeys(("error_count", "robot_error_count", "takeover_count"), 0),
            **dict.fromkeys(("failed_pickup_count", "failed_delivery_count"), 0),
            **dict.fromkeys(("event_count", "pickup_count", "delivery_count"), 1),
        }
        connection.execute(
            "create table fleet_intermediate.int_release_days as select 'robot-agent' as service,"
            f" version, {', '.join(f'n[{1 + side}] as {name}' for name, side in counted.items())},"
            " timestamp '2026-11-02' as first_event_at, timestamp '2026-11-03' as last_event_at,"
            " date '2026-11-02' as release_date"
            " from (select unnest($1) as version, unnest($2) as n)",
            [list(FLEETS), [[sum(side) for side in fleet] for fleet in FLEETS.values()]],
        )
        connection.execute(
            "create table fleet_intermediate.int_releases as select '' as service, '' as version,"
            " '' as previous_version, '' as kind, '' as event_id, timestamp '2026-11-02' as"
            " released_at where false"
        )
        connection.execute(
            "create table fleet_marts.release_verdicts as select '' as service, '' as version,"
            " '' as measure, 1 as period_number, '' as comparison where false"
        )
    warehouse("run", "--select", "fleet_mtbf", "hardware_mtbf", "release_health")
    return warehouse


@pytest.mark.parametrize("name", FLEETS)
def test_mtbf_of_a_fleet_has_bounds_by_the_spread_between_its_robots(
    built: Warehouse, name: str
) -> None:
    bounds = rate_bounds(*FLEETS[name])
    for mart in ("fleet_mtbf", "hardware_mtbf"):
        ((lower, upper),) = built.rows(
            "select mtbf_lower_90_hours, mtbf_upper_90_hours"
            f" from fleet_marts.{mart} where hardware_version = '{name}'"
        )
        if bounds is None:
            assert (lower, upper) == (None, None)
            continue
        assert 1 / lower == pytest.approx(bounds[1], rel=NEAR)
        assert 1 / upper == pytest.approx(bounds[0], rel=NEAR) if bounds[0] else upper is None


@pytest.mark.parametrize("name", FLEETS)
@pytest.mark.parametrize("measure", [*RATES, *SHARES])
def test_rates_and_shares_of_a_version_have_bounds_by_the_spread_between_its_units(
    built: Warehouse, name: str, measure: str
) -> None:
    bounds = (rate_bounds if measure in RATES else share_bounds)(*FLEETS[name])
    found = built.rows(
        f"select {measure}_lower_90, {measure}_upper_90"
        f" from fleet_marts.release_health where version = '{name}'"
    )
    assert found == [pytest.approx(bounds, rel=NEAR, abs=1e-12) if bounds else (None, None)]
