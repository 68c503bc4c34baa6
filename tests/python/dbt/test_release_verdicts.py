"""How a version compares with the one before it, by the formulas of docs/definitions.md again."""

import math
from typing import Any

import duckdb
import pytest
from scipy.stats import t as student

from tests.python.conftest import Warehouse

HOURS = "failures_per_operating_hour"
Z_96 = 2.0537489106318225


def exposure(version: str, robot: int, day: int, failures: int, hours: float) -> tuple[Any, ...]:
    unit = f"{version}-{robot}"
    return "robot-agent", version, unit, 1, HOURS, failures, hours, f"2026-11-{day:02}"


def service_day(version: str, day: int, errors: int, events: float = 1000.0) -> tuple[Any, ...]:
    date = f"2026-11-{day:02}"
    return "other", version, date, 1, "error_ratio", errors, events, date


def rows() -> list[tuple[Any, ...]]:
    found = []
    for robot in range(10):
        # Twenty failures in 200 hours, then three times as many on as many robots of the same days.
        found += [exposure("a1", robot, 2, robot % 5, 20.0)]
        found += [exposure("a2", robot, 2, 4 + robot % 5, 20.0)]
        # The old one ran the day before.
        found += [exposure("b1", robot, 1, robot % 5, 20.0), exposure("b2", robot, 2, 2, 20.0)]
        # Both on the same days, but far more hours of the new one alone.
        found += [exposure("c1", robot, 2, 2, 20.0), exposure("c2", robot, 2, 2, 20.0)]
        found += [exposure("c2", robot, 3, 2, 200.0)]
        # One robot tells all of the failures.
        found += [exposure("d1", robot, 2, 2, 20.0)]
        found += [exposure("d2", robot, 2, 60 if robot == 0 else 0, 20.0)]
        # As often as before, for long.
        found += [exposure("e1", robot, 2, 40, 400.0), exposure("e2", robot, 2, 40, 400.0)]
        # The same robots ran one version after the other; some of them fail more than others.
        found += [
            ("robot-agent", version, f"j-{robot}", 1, HOURS, failures, 20.0, f"2026-11-0{day}")
            for version, day, failures in (("j1", 2, 2 * robot), ("j2", 3, 3 * robot + robot % 3))
        ]
    # Two robots are too few.
    found += [exposure(f"f{side}", robot, 2, 9, 99.0) for side in (1, 2) for robot in range(2)]
    for day in range(14):
        # Ten errors a day, more or less; then one outage, or three times as many each day.
        found += [service_day(f"{name}1", 1 + day, 8 + day % 5) for name in "ghi"]
        found += [service_day("g2", 15 + day, 300 if day == 5 else 8 + day % 5)]
        found += [service_day("h2", 15 + day, 24 + day)]
        # Both on the same days, with all errors on one of them, or with none.
        for name in "kl":
            errors = 30 if name == "k" and day == 5 else 0
            found += [service_day(f"{name}1", 1 + day, errors)]
            found += [service_day(f"{name}2", 1 + day, 3 * errors)]
    # For two days only, and a version of robots has the same name.
    found += [service_day("i2", 15 + day, 90) for day in range(2)]
    found += [service_day("a1", 1, 0), service_day("a2", 20, 900)]
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("verdicts"))
    with duckdb.connect(warehouse.database) as connection:
        connection.execute("create schema fleet_intermediate")
        connection.execute(
            "create table fleet_intermediate.int_release_exposures (service varchar,"
            " version varchar, unit varchar, period_number integer, measure varchar,"
            " event_count double, exposure double, release_date date)"
        )
        connection.execute(
            "create table fleet_intermediate.int_release_periods (service varchar, version varchar,"
            " period_number integer, previous_version varchar, kind varchar, released_at timestamp)"
        )
        connection.executemany(
            "insert into fleet_intermediate.int_release_exposures values (?, ?, ?, ?, ?, ?, ?, ?)",
            rows(),
        )
        connection.executemany(
            "insert into fleet_intermediate.int_release_periods values"
            " (?, ?, 1, ?, 'deploy', '2026-11-01 00:00:00')",
            [
                (service, f"{name}{side}", f"{name}1" if side == 2 else "none")
                for service, names in (("robot-agent", "abcdefj"), ("other", "ghikl"))
                for name in names
                for side in (1, 2)
            ],
        )
    warehouse("run", "--select", "release_verdicts")
    return warehouse


def verdict_of(built: Warehouse, version: str) -> dict[str, Any]:
    columns = [
        *("comparison_basis", "comparison", "verdict", "rate_ratio", "rate_ratio_lower_96"),
        *("rate_ratio_upper_96", "dispersion", "exposure_needed"),
    ]
    (row,) = built.rows(
        f"select {', '.join(columns)} from fleet_marts.release_verdicts"
        f" where previous_version is not null and version = '{version}'"
        " and (service = 'robot-agent' or version <> 'a2')"
    )
    return dict(zip(columns, row, strict=True))


@pytest.mark.parametrize(
    ("version", "basis", "comparison", "verdict"),
    [
        ("a2", "same_days", "worse", "worse"),
        ("b2", "before", "no_clear_difference", "undecided"),
        ("c2", "before", "better", "better"),
        ("d2", "same_days", "no_clear_difference", "undecided"),
        ("e2", "same_days", "no_clear_difference", "alike"),
        ("f2", "same_days", "too_few", "undecided"),
        ("g2", "before", "no_clear_difference", "undecided"),
        ("h2", "before", "worse", "worse"),
        ("i2", "before", "too_few", "undecided"),
        ("k2", "same_days", "too_few", "undecided"),
        ("l2", "same_days", "no_clear_difference", "undecided"),
    ],
)
def test_verdicts(
    built: Warehouse, version: str, basis: str, comparison: str, verdict: str
) -> None:
    found = verdict_of(built, version)
    assert (found["comparison_basis"], found["comparison"]) == (basis, comparison)
    assert found["verdict"] == verdict
    is_needed = verdict == "undecided" and comparison != "too_few"
    assert (found["exposure_needed"] is not None) == is_needed
    assert not is_needed or found["exposure_needed"] > 0


def ratio_of(new: list[int], old: list[int]) -> tuple[float, float, list[float], list[float]]:
    """Of robots with as many hours each: ratio, weight, residuals of each version's."""
    weight = sum(new) / 2 + 0.25
    ratio = weight / (sum(old) / 2 + 0.25)
    expected = (sum(new) + sum(old)) / (len(old) + ratio * len(new))
    news = [(count - ratio * expected) / 2 for count in new]
    olds = [-ratio * (count - expected) / 2 for count in old]
    return ratio, weight, news, olds


def concentration(new: list[int], old: list[int], ratio: float, same_robots: bool) -> float:
    """How much likelier two failures are of one robot than of robots alike; at most 1.

    Failures of the old version weigh `ratio` times as much on either of them.
    """
    weighed = [(count, 1.0) for count in new] + [(count, ratio**2) for count in old]
    pairs = sum(count * (count - 1) * weight**2 for count, weight in weighed)
    if same_robots:
        pairs += 2 * sum(a * b * ratio**2 for a, b in zip(new, old, strict=True))
    each = (sum(new) + sum(old)) / len(new) / (1 + ratio)
    alike = [ratio * each] * len(new), [ratio**2 * each] * len(old)
    if same_robots:
        expected = sum((a + b) ** 2 for a, b in zip(*alike, strict=True))
    else:
        expected = sum(one**2 for one in (*alike[0], *alike[1]))
    return min(1.0, max(0.0, pairs / expected - 1))


@pytest.mark.parametrize(
    ("version", "new", "old", "same_robots"),
    [
        ("a2", [4 + robot % 5 for robot in range(10)], [robot % 5 for robot in range(10)], False),
        ("b2", [2] * 10, [robot % 5 for robot in range(10)], False),
        ("d2", [60] + [0] * 9, [2] * 10, False),
        ("e2", [40] * 10, [40] * 10, False),
        (
            "j2",
            [3 * robot + robot % 3 for robot in range(10)],
            [2 * robot for robot in range(10)],
            True,
        ),
    ],
)
def test_the_interval_is_that_of_the_definition(
    built: Warehouse, version: str, new: list[int], old: list[int], same_robots: bool
) -> None:
    """Ten robots a side with as many hours each, with the residuals by hand."""
    ratio, weight, news, olds = ratio_of(new, old)
    by_chance = ratio * (sum(new) + sum(old)) / 4
    if same_robots:
        residuals = [a + b for a, b in zip(news, olds, strict=True)]
        units, free = 10, 9
    else:
        residuals = news + olds
        units, free = 20, 18
    # Failures of the old version weigh `ratio` times as much, so its robots more.
    shares = [1 / (1 + ratio) / 10] * 10 + [ratio / (1 + ratio) / 10] * 10
    weights = 10 if same_robots else 1 / sum(share**2 for share in shares)
    dispersion = sum(residual**2 for residual in residuals) / by_chance * units / free
    concentrated = concentration(new, old, ratio, same_robots)
    degrees = weights * free / units / (1 + 1.25 * concentrated)
    error = math.sqrt(max(0.02, dispersion) * by_chance) / weight * student.ppf(0.98, degrees)
    found = verdict_of(built, version)
    assert found["rate_ratio"] == pytest.approx(ratio)
    assert found["dispersion"] == pytest.approx(dispersion)
    assert found["rate_ratio_lower_96"] == pytest.approx(ratio * math.exp(-error), rel=1e-3)
    assert found["rate_ratio_upper_96"] == pytest.approx(ratio * math.exp(error), rel=1e-3)


def test_one_bad_robot_or_day_does_not_condemn_a_release(built: Warehouse) -> None:
    assert verdict_of(built, "d2")["dispersion"] > 10
    assert verdict_of(built, "d2")["rate_ratio"] == pytest.approx(30.25 / 10.25)
    assert verdict_of(built, "g2")["dispersion"] > 10
    assert verdict_of(built, "g2")["rate_ratio"] > 2


@pytest.mark.parametrize(
    ("degrees", "within"), [(1, 0.07), (1.5, 0.015), (2, 0.005), (3, 0.001), (9, 1e-4), (40, 1e-6)]
)
def test_the_quantile_of_student_is_that_of_scipy(
    dbt: Warehouse, degrees: float, within: float
) -> None:
    shown: Any = dbt(
        "show", "--inline", f"select {{{{ student_quantile({Z_96}, '{degrees}') }}}} as quantile"
    )
    found = float(shown.results[0].agate_table.rows[0][0])
    assert found == pytest.approx(student.ppf(0.98, degrees), rel=within)
