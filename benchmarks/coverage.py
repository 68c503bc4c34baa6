"""How often each interval of the marts holds the truth, against what it claims.

Run `python -m benchmarks.coverage`. Worlds are A/A: nothing differs but by chance and from robot to
robot, or day to day. Made-up rows are put below the models of the project, DuckDB builds the marts
of them, and their bounds are held against the rate or share that the rows were drawn with.

- `robot_mtbf`: of one robot, by the number of failures that its rate leads to. Counts jump by one,
  so coverage jumps with the rate: it is averaged over rates of a range, `least` is that of the
  worst of them. Summed exactly, not drawn.
- `hardware_mtbf`: of all robots like those that were counted, which fail by chance alone or differ
  by half of their mean (rates gamma-distributed with shape 4, as in benchmarks.release_alarms) or
  by all of it. Their operating hours differ as well.
- `release_health`: errors, of which a failure has one to eight; takeovers by chance alone; shares
  of deliveries by robots that differ, of pickups by chance alone, of a service's lines by day.
- `release_verdicts`: ratios of two versions without a difference, which robots of their own ran,
  on one day or on several, or the same robots one after the other; and of a service by day.

The last line is JSON: `claim` (`is_at_least`) and `coverage` of each, in percent.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.release_alarms import (
    ERRORS_PER_EVENT,
    EVENTS_A_DAY,
    FAILURES_PER_HOUR,
    MONDAY,
    MOST_TOLD,
    ROBOT_SHAPE,
    SIDE_HOURS,
    SIDES,
    Alarms,
    versions,
)

MARTS = ("robot_mtbf", "hardware_mtbf", "release_health")
BY_CHANCE = 1e6
RANGES = ((0.3, 3), (3, 10), (10, 30), (30, 100), (100, 300))
FEW = 3
"""Below so many failures the bounds of one robot claim at least 90 %, on average over rates."""
MOST_COUNTED = 500
HOUR = 3_600_000
MONTH_HOURS = 200.0
"""Operating hours of a robot, on average."""
RATE, SHARE = 0.02, 0.2
SHAPES = (BY_CHANCE, ROBOT_SHAPE, 1.0)
FLEETS = ((3, 30), (5, 30), (10, 30), (20, 30), (40, 10), (40, 50), (40, 300))
"""Robots, and how many failures they are expected to have."""
UNITS = ((10, "robot-agent"), (40, "robot-agent"), (14, "made-up"))
"""Robots of a version, or days of a version of a service."""


@dataclass(frozen=True)
class Coverage:
    """One interval in one kind of world, in percent; `least` only where it was summed."""

    interval: str
    world: str
    claim: float
    coverage: float
    least: float | None = None
    is_at_least: bool = False


def holds(bounds: np.ndarray, truth: float | np.ndarray) -> float:
    """Percent of rows of lower and upper bound that hold the truth."""
    lower, upper = bounds
    return float(100 * np.mean((lower <= truth) & (truth <= upper)))


def asked(found: list[Any]) -> np.ndarray:
    """Two rows, of lower and upper bounds; NULL is open."""
    rows = sorted(found, key=lambda row: int(row[0]))
    return np.array([[np.inf if end is None else end for end in row[1:]] for row in rows]).T


def operating(robots: np.ndarray, group: np.ndarray, hours: np.ndarray) -> pa.Table:
    """int_robot_operating_days: one day of each robot, of the hardware and software `group`."""
    return pa.table(
        {
            "robot_id": robots,
            "operating_date": np.full(robots.size, MONDAY).astype("datetime64[D]"),
            "hardware_version": group,
            "software_version": group,
            "operating_milliseconds": (hours * HOUR).astype(np.int64),
            "down_milliseconds": np.zeros(robots.size, np.int64),
        }
    )


def failures(robots: np.ndarray, group: np.ndarray, counts: np.ndarray) -> pa.Table:
    """robot_failures, all of them charged."""
    number = int(counts.sum())
    return pa.table(
        {
            "failure_id": names(number),
            "robot_id": np.repeat(robots, counts),
            "hardware_version": np.repeat(group, counts),
            "software_version": np.repeat(group, counts),
            "is_charged": np.ones(number, bool),
            "is_open": np.zeros(number, bool),
            "end_basis": ["operating"] * number,
            "started_at": pa.array(
                np.full(number, MONDAY.astype("datetime64[us]")), pa.timestamp("us", "UTC")
            ),
        }
    )


def names(number: int) -> np.ndarray:
    return np.arange(number).astype(str).astype(object)


def of_robots(marts: Alarms) -> list[Coverage]:
    """MTBF of one robot: one robot for each count, weighed by how often chance makes it."""
    robots, counts = names(MOST_COUNTED), np.arange(MOST_COUNTED)
    bounds = asked(
        marts.build(
            ["robot_mtbf"],
            {
                "fleet_intermediate.int_robot_operating_days": operating(
                    robots, robots, np.full(MOST_COUNTED, MONTH_HOURS)
                ),
                "fleet_marts.robot_failures": failures(robots, robots, counts),
            },
            "select robot_id, mtbf_lower_90_hours, mtbf_upper_90_hours from fleet_marts.robot_mtbf",
        )
    )
    found = []
    for least, most in RANGES:
        expected = np.exp(np.linspace(np.log(least), np.log(most), 300))
        chance = stats.poisson.pmf(counts[:, None], expected)
        truth = MONTH_HOURS / expected
        held = (bounds[0][:, None] <= truth) & (truth <= bounds[1][:, None])
        shares = 100 * (chance * held).sum(0)
        world = f"one robot, {least:g} to {most:g} failures"
        found.append(Coverage("robot_mtbf", world, 90, shares.mean(), shares.min(), most <= FEW))
    return found


def differing(shape: float) -> str:
    return {BY_CHANCE: "by chance", ROBOT_SHAPE: "that differ by half"}.get(
        shape, "that differ by all of their mean"
    )


def of_fleets(
    marts: Alarms,
    draws: int,
    rng: np.random.Generator,
    fleets: Sequence[tuple[int, int]] = FLEETS,
) -> list[Coverage]:
    """MTBF of all robots like those that were counted."""
    found = []
    for shape in SHAPES:
        for robots, expected in fleets:
            size = (draws, robots)
            hours = rng.uniform(0.5, 1.5, size) * MONTH_HOURS
            rate = expected / robots / MONTH_HOURS
            counts = rng.poisson(rng.gamma(shape, 1 / shape, size) * rate * hours).ravel()
            robot, group = names(counts.size), np.repeat(names(draws), robots)
            bounds = marts.build(
                ["hardware_mtbf"],
                {
                    "fleet_intermediate.int_robot_operating_days": operating(
                        robot, group, hours.ravel()
                    ),
                    "fleet_marts.robot_failures": failures(robot, group, counts),
                },
                "select hardware_version, mtbf_lower_90_hours, mtbf_upper_90_hours"
                " from fleet_marts.hardware_mtbf",
            )
            world = f"{expected} failures of {robots} robots {differing(shape)}"
            found.append(Coverage("hardware_mtbf", world, 90, holds(asked(bounds), 1 / rate)))
    return found


@dataclass(frozen=True)
class Measure:
    """What a version's robots or days counted, over what, and the true rate or share."""

    column: str
    count: np.ndarray
    over_column: str | None
    over: np.ndarray
    truth: float
    kind: str


def of_versions(
    marts: Alarms,
    draws: int,
    rng: np.random.Generator,
    of_units: Sequence[tuple[int, str]] = UNITS,
) -> list[Coverage]:
    """Rates and shares of release_health, of all robots or days like those that were counted."""
    found = []
    for units, service in of_units:
        measures = made_up(draws, units, service == "made-up", rng)
        version = np.repeat(names(draws), units)
        unit = names(version.size)
        of_service: dict[str, Any] = {"service": [service] * draws, "version": names(draws)}
        for one in measures.values():
            of_service[one.column] = one.count.sum(1)
            if one.over_column:
                of_service[one.over_column] = one.over.sum(1)
        hours = next(iter(measures.values())).over.ravel()
        exposures = pa.concat_tables(
            pa.table(
                {
                    "service": [service] * unit.size,
                    "version": version,
                    "unit": unit,
                    "measure": [name] * unit.size,
                    "event_count": one.count.ravel().astype(float),
                    "exposure": one.over.ravel().astype(float),
                }
            )
            for name, one in measures.items()
        )
        bounds = marts.build(
            ["release_health"],
            {
                "fleet_intermediate.int_release_days": pa.table(of_service),
                "fleet_intermediate.int_robot_operating_days": operating(unit, version, hours),
                "fleet_intermediate.int_release_exposures": exposures,
            },
            "select version, "
            + ", ".join(f"{name}_lower_90, {name}_upper_90" for name in measures)
            + f" from fleet_marts.release_health where service = '{service}'",
        )
        both = asked(bounds)
        for place, (name, one) in enumerate(measures.items()):
            world = f"{units} {'days' if service == 'made-up' else 'robots'} {one.kind}"
            covered = holds(both[2 * place : 2 * place + 2], one.truth)
            found.append(Coverage(f"release_health, {name}", world, 90, covered))
    return found


def made_up(
    draws: int, units: int, is_service: bool, rng: np.random.Generator
) -> dict[str, Measure]:
    """By name, what the units of each draw counted; of robots the first is over hours."""
    size = (draws, units)
    shares = rng.beta(4, 4 / SHARE - 4, size)
    trials, lines = rng.integers(5, 60, size), rng.integers(1_000, 3_000, size)
    by_chance, by_half = differing(BY_CHANCE), differing(ROBOT_SHAPE)
    found = {
        "failed_pickup_ratio": Measure(
            "failed_pickup_count",
            rng.binomial(trials, SHARE),
            "pickup_count",
            trials,
            SHARE,
            by_chance,
        ),
        "error_ratio": Measure(
            "error_count",
            rng.binomial(lines, shares / 10),
            "event_count",
            lines,
            SHARE / 10,
            by_half,
        ),
    }
    if is_service:
        return found
    hours = rng.uniform(0.5, 1.5, size) * MONTH_HOURS
    failed = rng.poisson(rng.gamma(ROBOT_SHAPE, 1 / ROBOT_SHAPE, size) * RATE * hours)
    told = failed + rng.binomial(failed * (MOST_TOLD - 1), 0.5)
    return {
        "errors_per_operating_hour": Measure(
            "robot_error_count",
            told,
            None,
            hours,
            RATE * (MOST_TOLD + 1) / 2,
            by_half,
        ),
        "takeovers_per_operating_hour": Measure(
            "takeover_count",
            rng.poisson(RATE * hours),
            None,
            hours,
            RATE,
            by_chance,
        ),
        "failed_delivery_ratio": Measure(
            "failed_delivery_count",
            rng.binomial(trials, shares),
            "delivery_count",
            trials,
            SHARE,
            by_half,
        ),
        **found,
    }


@dataclass(frozen=True)
class Release:
    """Units of the new and the old version, on how many days each, and how the units differ.

    `same` says what both versions share: nothing, their days, or the units themselves. A failure
    is told up to `most_told` times.
    """

    units: tuple[int, int]
    days: int
    same: str
    shape: float
    is_of_robots: bool = True
    most_told: int = 1

    @property
    def world(self) -> str:
        new, old = self.units
        if not self.is_of_robots:
            what = f"{self.days} days" + (" of both" if self.same == "days" else " a side")
        elif self.same == "units":
            what = f"{new} robots, one version after the other,"
        else:
            what = f"{new} robots a side" if new == old else f"{new} robots against {old}"
            what += f" on the same {self.days} days" if self.days > 1 else ""
        told = f", each told 1 to {self.most_told} times" if self.most_told > 1 else ""
        return f"{what} {differing(self.shape)}{told}"

    def exposures(self, draws: int, rng: np.random.Generator) -> pa.Table:
        """int_release_exposures of releases that are named by their number and side."""
        measure = "failures_per_operating_hour" if self.is_of_robots else "error_ratio"
        own = (draws, max(self.units), 1)
        if not self.is_of_robots:
            own = (draws, 1, self.days)
        shared = rng.gamma(self.shape, 1 / self.shape, own)
        parts = []
        for side, units in zip(SIDES, self.units, strict=True):
            size = (draws, units, self.days)
            if self.same == ("units" if self.is_of_robots else "days"):
                rates = shared
            else:
                rates = rng.gamma(self.shape, 1 / self.shape, own)
            if self.is_of_robots:
                over = rng.uniform(0.5, 1.5, size) * SIDE_HOURS / min(self.units) / self.days
                count = rng.poisson(rates[:, :units] * FAILURES_PER_HOUR * over)
            else:
                over = rng.uniform(0.5, 1.5, size) * EVENTS_A_DAY
                count = rng.poisson(rates * ERRORS_PER_EVENT * over)
            count += rng.binomial(count * (self.most_told - 1), 0.5)
            draw, unit, day = (one.ravel() for one in np.indices(size))
            if side == "new" and self.same != "days":
                day = day + self.days
            date = MONDAY.astype("datetime64[D]") + day
            of_unit = (
                unit.astype(str) if self.same == "units" else np.char.add(side, unit.astype(str))
            )
            parts.append(
                pa.table(
                    {
                        "service": ["robot-agent" if self.is_of_robots else "made-up"] * draw.size,
                        "version": np.char.add(draw.astype(str), f" {side}").astype(object),
                        "unit": (of_unit if self.is_of_robots else date.astype(str)).astype(object),
                        "period_number": np.ones(draw.size, np.int32),
                        "measure": [measure] * draw.size,
                        "event_count": count.ravel().astype(float),
                        "exposure": over.ravel(),
                        "release_date": date,
                    }
                )
            )
        return pa.concat_tables(parts)


RELEASES = (
    *(Release((40, 40), 1, "days", shape) for shape in SHAPES),
    Release((10, 10), 1, "days", BY_CHANCE),
    Release((10, 10), 1, "days", ROBOT_SHAPE),
    Release((10, 10), 5, "days", ROBOT_SHAPE),
    Release((10, 40), 1, "days", ROBOT_SHAPE),
    Release((5, 5), 1, "days", ROBOT_SHAPE),
    Release((40, 40), 1, "days", ROBOT_SHAPE, most_told=MOST_TOLD),
    Release((10, 10), 1, "days", ROBOT_SHAPE, most_told=MOST_TOLD),
    Release((10, 10), 5, "units", BY_CHANCE),
    Release((10, 10), 5, "units", ROBOT_SHAPE),
    Release((1, 1), 14, "nothing", BY_CHANCE, is_of_robots=False),
    Release((1, 1), 14, "nothing", ROBOT_SHAPE, is_of_robots=False),
    Release((1, 1), 14, "days", ROBOT_SHAPE, is_of_robots=False),
)


def of_releases(
    marts: Alarms,
    draws: int,
    rng: np.random.Generator,
    releases: Sequence[Release] = RELEASES,
) -> list[Coverage]:
    """Ratios of two versions that are alike."""
    found = []
    for release in releases:
        service = "robot-agent" if release.is_of_robots else "made-up"
        bounds = marts.build(
            ["release_verdicts"],
            {
                "fleet_intermediate.int_release_exposures": release.exposures(draws, rng),
                "fleet_intermediate.int_release_periods": versions(
                    [str(number) for number in range(draws)], service
                ),
            },
            "select split_part(version, ' ', 1), rate_ratio_lower_96, rate_ratio_upper_96"
            " from fleet_marts.release_verdicts where previous_version is not null",
        )
        assert len(bounds) == draws
        covered = holds(asked(bounds), 1)
        found.append(Coverage("release_verdicts, ratio", release.world, 96, covered))
    return found


def show(found: list[Coverage]) -> Table:
    table = Table("interval", "in a world of", "claims", "holds", "off by", "least", box=None)
    for one in found:
        off = one.coverage - one.claim
        table.add_row(
            *(one.interval, one.world, f"{'≥ ' if one.is_at_least else ''}{one.claim:g} %"),
            *(f"{one.coverage:.1f} %", f"{off:+.1f}"),
            "" if one.least is None else f"{one.least:.1f} %",
        )
    return table


@click.command()
@click.option("--draws", default=40_000, show_default=True, help="Fleets or releases of each kind.")
@click.option("--seed", default=1, show_default=True)
def main(draws: int, seed: int) -> None:
    """Hold what intervals claim against how often they hold the truth."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        marts = Alarms(Path(folder), others=MARTS)
        found = [
            *of_robots(marts),
            *of_fleets(marts, draws, rng),
            *of_versions(marts, draws, rng),
            *of_releases(marts, draws, rng),
        ]
    Console(width=140).print(show(found))
    click.echo(json.dumps([asdict(one) for one in found]))


if __name__ == "__main__":
    main()
