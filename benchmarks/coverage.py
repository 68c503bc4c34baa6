"""How often each interval of the marts holds the truth, against what it claims.

Run `python -m benchmarks.coverage`. Worlds are A/A: nothing differs but by chance. The intervals
are those of the project's own macros and of release_verdicts, computed by DuckDB.

- MTBF and rates: for each expected number of failures the share of Poisson counts whose interval
  holds the true rate; summed exactly, not drawn. Robots that differ (rates gamma-distributed with
  shape 4, as in benchmarks.release_alarms) are asked twice: for the rate of these very robots, and
  for that of all robots of which they are a sample.
- Shares (Wilson): the same of binomial counts, on average over shares from 2 to 98 %; and of robots
  whose shares differ.
- Releases: the share of releases without a difference whose bounds hold 1, for fleets of few and
  many robots.

The last line is JSON: `claim` and `coverage` of each, in percent.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.nightly import Warehouse, database_in
from benchmarks.release_alarms import Alarms, Draws, single_looks

ROBOT_SHAPE = 4.0
MOST_COUNTED = 2_000
TRIALS = (20, 100, 500)
SHARES = np.linspace(0.02, 0.98, 481)

BOUNDS = """
select
    cast(numbers.range as integer) as n,
    1000.0 as hours,
    {{ rate_bound("n", "hours", -1) }} as lower_bound,
    {{ rate_bound("n", "hours", 1) }} as upper_bound
from range(0, MOST) as numbers
left join {{ ref("chi_square_factors") }} as n_factors
    on numbers.range = n_factors.failure_count
order by n
"""
WILSON = """
select
    {{ wilson_bound("successes.range", "trials.trials", -1) }} as lower_bound,
    {{ wilson_bound("successes.range", "trials.trials", 1) }} as upper_bound
from (select TRIALS as trials) as trials
inner join range(0, TRIALS + 1) as successes on true
order by successes.range
"""


@dataclass(frozen=True)
class Coverage:
    """One interval in one kind of world, in percent."""

    interval: str
    world: str
    claim: float
    coverage: float


class Intervals:
    """Bounds as the macros of the project compute them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._warehouse = Warehouse(folder / "dbt")
        self._database = database_in(folder)
        self._run("seed", "--select", "chi_square_factors")

    def _run(self, *words: str) -> Any:
        return self._warehouse(*words, database=self._database, landing=self._folder)

    def ask(self, template: str, **numbers: int) -> np.ndarray:
        """Columns of a query that is written with the macros; NULL is infinite."""
        for name, number in numbers.items():
            template = template.replace(name, str(number))
        # dbt prints what it compiled, quiet or not.
        with contextlib.redirect_stdout(io.StringIO()):
            done = self._run("compile", "--inline", template)
        with duckdb.connect(self._database) as connection:
            found = connection.execute(str(done.results[0].node.compiled_code)).fetchnumpy()
        filled = [np.ma.filled(column.astype(float), np.inf) for column in found.values()]
        return np.array(filled[-2:])


def rates(bounds: np.ndarray, rng: np.random.Generator) -> list[Coverage]:
    """Failures per hour, of which MTBF is the reciprocal: its bounds are those of the rate."""
    lower, upper = bounds
    counts = np.arange(lower.size)
    found = []
    for expected in (0.5, 1, 3, 10, 30, 100, 300):
        holds = (lower <= expected / 1000) & (expected / 1000 <= upper)
        share = stats.poisson.pmf(counts, expected)[holds].sum()
        found.append(Coverage("MTBF, rates", f"{expected:g} failures by chance", 90, 100 * share))
    for robots, expected in ((10, 30), (40, 50), (40, 300)):
        drawn = rng.gamma(ROBOT_SHAPE, 1 / ROBOT_SHAPE, (200_000, robots)).mean(1) * expected
        failed = rng.poisson(drawn)
        for of, true in (("of these robots", drawn), ("of all robots like them", expected)):
            holds = (lower[failed] <= true / 1000) & (true / 1000 <= upper[failed])
            world = f"{expected} failures of {robots} robots that differ, the rate {of}"
            found.append(Coverage("MTBF, rates", world, 90, 100 * holds.mean()))
    return found


def shares(intervals: Intervals, rng: np.random.Generator) -> list[Coverage]:
    """Shares of deliveries or lines."""
    found = []
    for trials in TRIALS:
        lower, upper = intervals.ask(WILSON, TRIALS=trials)
        counts = np.arange(trials + 1)
        chance = stats.binom.pmf(counts[:, None], trials, SHARES)
        holds = (lower[:, None] <= SHARES) & (upper[:, None] >= SHARES)
        covered = (chance * holds).sum(0)
        world = f"{trials} trials by chance, on average over shares"
        found.append(Coverage("shares (Wilson)", world, 90, 100 * covered.mean()))
        if trials == TRIALS[-1]:
            of_robot = rng.beta(4, 16, (100_000, 20))
            counted = rng.binomial(trials // 20, of_robot).sum(1)
            for of, true in (
                ("of these robots", of_robot.mean(1)),
                ("of all robots like them", np.full(len(counted), 0.2)),
            ):
                holds_it = (lower[counted] <= true) & (true <= upper[counted])
                world = f"{trials} trials of 20 robots that differ, the share {of}"
                found.append(Coverage("shares (Wilson)", world, 90, 100 * holds_it.mean()))
    return found


def releases(alarms: Alarms, draws: int, rng: np.random.Generator) -> list[Coverage]:
    """Ratios of failures per operating hour of two versions that are alike."""
    found = []
    for robots, shape, name in (
        (40, 1e6, "40 robots a side, by chance"),
        (40, ROBOT_SHAPE, "40 robots a side that differ"),
        (10, ROBOT_SHAPE, "10 robots a side that differ"),
        (40, 1.0, "40 robots a side that differ by their mean"),
    ):
        called = single_looks(alarms, [Draws("same", 1, draws)], robots, shape, rng)
        covered = 100 * (1 - called["same"])
        found.append(Coverage("release_verdicts, ratio", name, 96, covered))
    return found


def show(found: list[Coverage]) -> Table:
    table = Table("interval", "in a world of", "claims", "holds the truth", "off by", box=None)
    for one in found:
        off = one.coverage - one.claim
        table.add_row(
            one.interval, one.world, f"{one.claim:g} %", f"{one.coverage:.1f} %", f"{off:+.1f}"
        )
    return table


@click.command()
@click.option("--draws", default=2_000, show_default=True, help="Releases of each kind; 0: none.")
@click.option("--seed", default=1, show_default=True)
def main(draws: int, seed: int) -> None:
    """Hold what intervals claim against how often they hold the truth."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        intervals = Intervals(Path(folder))
        found = rates(intervals.ask(BOUNDS, MOST=MOST_COUNTED), rng) + shares(intervals, rng)
    if draws:
        with tempfile.TemporaryDirectory() as folder:
            found += releases(Alarms(Path(folder)), draws, rng)
    Console(width=140).print(show(found))
    click.echo(
        json.dumps(
            [
                {
                    "interval": one.interval,
                    "world": one.world,
                    "claim": one.claim,
                    "coverage": round(one.coverage, 2),
                }
                for one in found
            ]
        )
    )


if __name__ == "__main__":
    main()
