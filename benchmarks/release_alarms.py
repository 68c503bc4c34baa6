"""How often a release is called worse or better that is neither, and how soon one that is.

Run `python -m benchmarks.release_alarms`. Made-up robots run two versions of their software in the
same days. Each robot has a failure rate of its own, gamma-distributed about that of the simulated
fleet, and tells each failure up to eight times. Their errors and states go through the models
int_failure_episodes, robot_failures, int_release_exposures and release_verdicts, in one build for
all draws. For verdicts that are read every hour, robots and hours go through release_verdicts, as
a release of its own for each hour.

Of a service that runs on no robot the days differ, gamma-distributed as well, and now and then one
has an outage. A version of it is read every day.

The last line is JSON: `false_alarm_share` and `found_share` of the column `comparison` at 500
operating hours a side, without a difference and with double the rate, and
`hourly_false_alarm_share`, releases without a difference whose `verdict` was ever worse or better;
`service_false_alarm_share` and `service_found_share` are the same of services read every day,
without a difference and with double the errors.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from benchmarks.nightly import Warehouse, database_in

FAILURES_PER_HOUR = 0.1
"""Of the simulated fleet: `make demo` has an MTBF of 9.8 h."""
ROBOT_SHAPE = 4.0
"""Of the gamma distribution of the robots' rates: they differ by half of their mean."""
SIDE_HOURS = 500.0
DOWN_MINUTES = 20
MOST_TOLD = 8
SIDES = ("new", "old")
MONDAY = np.datetime64("2026-11-02", "ms")
CHUNK = 200
"""Releases that are read hourly in one build."""
ERRORS_PER_EVENT = 0.01
EVENTS_A_DAY = 2_000.0
DAYS_BEFORE = 14
"""For which the version of a service that is replaced ran."""
OUTAGE_SHARE, OUTAGE_TIMES = 0.02, 10.0
"""Share of a service's days that have an outage, and how many times as many errors they have."""


@dataclass(frozen=True)
class Draws:
    """Releases of one kind: `ratio` is the new version's rate divided by the old one's."""

    name: str
    ratio: float
    number: int


class Alarms:
    """The project's models, with made-up rows below them.

    They are built in a DuckDB file of their own, with `others` beside release_verdicts, unless
    `database` is one in which they are, and which is then written to.
    """

    def __init__(
        self, folder: Path, database: Path | None = None, others: Sequence[str] = ()
    ) -> None:
        self._landing = folder / "landing"
        self._landing.mkdir()
        self._warehouse = Warehouse(folder / "dbt")
        self._database = database or database_in(folder)
        if database is None:
            self._dbt("seed")
            self._dbt("run-operation", "load_event_lines")
            models = [f"+{name}" for name in ("release_verdicts", *others)]
            self._dbt("run", "--select", *models)

    def _dbt(self, *words: str) -> None:
        self._warehouse(*words, database=self._database, landing=self._landing)

    def build(self, models: list[str], tables: dict[str, pa.Table], ask: str) -> list[Any]:
        """Put rows below the models, by schema and name, build these, and ask."""
        with duckdb.connect(self._database) as connection:
            for name, table in tables.items():
                connection.register("made_up", table)
                connection.execute(f"delete from {name}")
                connection.execute(f"insert into {name} by name select * from made_up")
                connection.unregister("made_up")
        self._dbt("run", "--select", *models)
        with duckdb.connect(self._database) as connection:
            return connection.execute(ask).fetchall()


def versions(releases: list[str], service: str = "robot-agent") -> pa.Table:
    """The releases: each new version replaced the old one of the same name."""
    count = len(releases)
    return pa.table(
        {
            "service": [service] * 2 * count,
            "version": [f"{name} {side}" for side in SIDES for name in releases],
            "period_number": [1] * 2 * count,
            # The old version has none before it.
            "previous_version": [f"{name} old" for name in releases] + ["none"] * count,
            "first_date": np.full(2 * count, MONDAY).astype("datetime64[D]"),
        }
    )


def single_looks(
    alarms: Alarms, kinds: list[Draws], robots: int, shape: float, rng: np.random.Generator
) -> dict[str, float]:
    """Share of the releases of each kind that are called worse or better."""
    names = [f"{kind.name} {number}" for kind in kinds for number in range(kind.number)]
    ratios = np.repeat([kind.ratio for kind in kinds], [kind.number for kind in kinds])
    count = len(names)
    size = (2, count, robots)
    hours = rng.uniform(0.5, 1.5, size) * SIDE_HOURS / robots
    rates = rng.gamma(shape, 1 / shape, size) * FAILURES_PER_HOUR
    rates[0] *= ratios[:, None]
    failed = rng.poisson(rates * hours).ravel()
    version = np.array([f"{name} {side}" for side in SIDES for name in names], dtype=object)
    of_robot = np.repeat(version, robots)
    robot = np.array([f"R-{number}" for number in range(of_robot.size)], dtype=object)

    of_failure = np.repeat(np.arange(robot.size), failed)
    began = MONDAY + rng.integers(0, 23 * 3_600_000, of_failure.size).astype("timedelta64[ms]")
    told = rng.integers(1, MOST_TOLD + 1, of_failure.size)
    of_error = np.repeat(np.arange(of_failure.size), told)
    later = rng.integers(0, DOWN_MINUTES * 60_000, of_error.size)
    later[np.r_[0, np.cumsum(told)[:-1]]] = 0
    at = began[of_error] + later.astype("timedelta64[ms]")
    errors = pa.table(
        {
            "event_id": np.char.add("e", np.arange(of_error.size).astype(str)).astype(object),
            "robot_id": robot[of_failure][of_error],
            "event_name": ["robot.error"] * of_error.size,
            "component": ["drive"] * of_error.size,
            "error_code": ["DRV-1"] * of_error.size,
            "robot_state": ["in_transit"] * of_error.size,
            "software_version": of_robot[of_failure][of_error],
            "emitter_id": robot[of_failure][of_error],
            "seq": np.arange(of_error.size),
            "event_at": at,
        }
    )
    faults = pa.table(
        {
            "robot_id": robot[of_failure],
            "fault_event_id": np.char.add("s", np.arange(of_failure.size).astype(str)).astype(
                object
            ),
            "software_version": of_robot[of_failure],
            "state_before": ["in_transit"] * of_failure.size,
            "state_before_fault": ["in_transit"] * of_failure.size,
            "next_state": ["available"] * of_failure.size,
            "fault_at": began,
            "started_at": began,
            "ended_at": began + np.timedelta64(DOWN_MINUTES, "m"),
        }
    )
    days = pa.table(
        {
            "robot_id": robot,
            "operating_date": np.full(robot.size, MONDAY).astype("datetime64[D]"),
            "hardware_version": ["hw-1"] * robot.size,
            "software_version": of_robot,
            "operating_milliseconds": (hours.ravel() * 3_600_000).astype(np.int64),
            "down_milliseconds": np.zeros(robot.size, np.int64),
        }
    )
    found = alarms.build(
        ["int_failure_episodes", "robot_failures", "int_release_exposures", "release_verdicts"],
        {
            "fleet_intermediate.int_failure_events": errors,
            "fleet_intermediate.int_robot_stoppages": faults,
            "fleet_intermediate.int_robot_operating_days": days,
            "fleet_intermediate.int_release_periods": versions(names),
        },
        "select version, comparison from fleet_marts.release_verdicts"
        " where measure = 'failures_per_operating_hour' and previous_version is not null",
    )
    called: dict[str, list[bool]] = {kind.name: [] for kind in kinds}
    for name, comparison in found:
        called[name.rsplit(" ", 2)[0]].append(comparison in ("worse", "better"))
    for kind in kinds:
        assert len(called[kind.name]) == kind.number
    return {name: float(np.mean(values)) for name, values in called.items()}


def hourly_looks(
    alarms: Alarms,
    kind: Draws,
    robots: int,
    looks: int,
    shape: float,
    rng: np.random.Generator,
) -> list[tuple[str | None, float]]:
    """The first verdict of each release and the new version's operating hours then.

    Neither is known of one without a verdict: None and infinity.
    """
    first: list[tuple[str | None, float]] = []
    for begin in range(0, kind.number, CHUNK):
        releases = min(CHUNK, kind.number - begin)
        size = (looks, 2, releases, robots)
        hours = rng.uniform(0.25, 0.75, size)
        rates = rng.gamma(shape, 1 / shape, size[1:]) * FAILURES_PER_HOUR
        rates[0] *= kind.ratio
        failed = rng.poisson(rates * hours)
        parts: list[dict[str, Any]] = []
        for look in range(looks):
            for day in range(look // 24 + 1):
                span = slice(24 * day, min(24 * (day + 1), look + 1))
                parts.append(
                    {
                        "look": look,
                        "day": day,
                        "count": failed[span].sum(0).ravel(),
                        "hours": hours[span].sum(0).ravel(),
                    }
                )
        cells = 2 * releases * robots
        release = np.tile(np.repeat(np.arange(releases), robots), 2)
        side = np.repeat(SIDES, releases * robots)
        robot = np.array([f"R-{number}" for number in range(cells)], dtype=object)
        names = [
            np.array(
                [f"{number} {look} {one}" for number, one in zip(release, side, strict=True)],
                dtype=object,
            )
            for look in range(looks)
        ]
        exposures = pa.concat_tables(
            pa.table(
                {
                    "service": ["robot-agent"] * cells,
                    "version": names[part["look"]],
                    "unit": robot,
                    "period_number": np.ones(cells, np.int32),
                    "measure": ["failures_per_operating_hour"] * cells,
                    "event_count": part["count"].astype(float),
                    "exposure": part["hours"],
                    "release_date": np.full(
                        cells, MONDAY + np.timedelta64(part["day"], "D")
                    ).astype("datetime64[D]"),
                }
            )
            for part in parts
        )
        looked = [f"{number} {look}" for number in range(releases) for look in range(looks)]
        rows = alarms.build(
            ["release_verdicts"],
            {
                "fleet_intermediate.int_release_exposures": exposures,
                "fleet_intermediate.int_release_periods": versions(looked),
            },
            "select version, verdict, exposure from fleet_marts.release_verdicts"
            " where verdict in ('worse', 'better')",
        )
        first += first_verdicts(rows, releases)
    return first


def first_verdicts(rows: list[Any], releases: int) -> list[tuple[str | None, float]]:
    """Of versions, named by number and look, the first verdict of each number and its exposure."""
    earliest: dict[int, tuple[int, str, float]] = {}
    for version, verdict, exposure in rows:
        number, look = (int(word) for word in version.split(" ")[:2])
        if number not in earliest or look < earliest[number][0]:
            earliest[number] = (look, verdict, exposure)
    return [earliest.get(number, (0, None, float("inf")))[1:] for number in range(releases)]


def service_looks(
    alarms: Alarms, kind: Draws, days: int, shape: float, rng: np.random.Generator
) -> list[str | None]:
    """The first verdict of each release of a service, read at the end of each of its days."""
    first: list[str | None] = []
    for begin in range(0, kind.number, CHUNK):
        releases = min(CHUNK, kind.number - begin)
        size = (releases, DAYS_BEFORE + days)
        rates = rng.gamma(shape, 1 / shape, size) * ERRORS_PER_EVENT
        rates *= np.where(rng.random(size) < OUTAGE_SHARE, OUTAGE_TIMES, 1)
        rates[:, DAYS_BEFORE:] *= kind.ratio
        events = rng.uniform(0.5, 1.5, size) * EVENTS_A_DAY
        errors = rng.poisson(np.minimum(rates, 1) * events)
        day = MONDAY.astype("datetime64[D]") + np.arange(DAYS_BEFORE + days)
        parts = []
        for look in range(days):
            seen = DAYS_BEFORE + look + 1
            of_side = [SIDES[at < DAYS_BEFORE] for at in range(seen)]
            parts.append(
                pa.table(
                    {
                        "service": ["made-up"] * releases * seen,
                        "version": [
                            f"{number} {look} {side}"
                            for number in range(releases)
                            for side in of_side
                        ],
                        "unit": np.tile(day[:seen].astype(str).astype(object), releases),
                        "period_number": np.ones(releases * seen, np.int32),
                        "measure": ["error_ratio"] * releases * seen,
                        "event_count": errors[:, :seen].ravel().astype(float),
                        "exposure": events[:, :seen].ravel(),
                        "release_date": np.tile(day[:seen], releases),
                    }
                )
            )
        looked = [f"{number} {look}" for number in range(releases) for look in range(days)]
        rows = alarms.build(
            ["release_verdicts"],
            {
                "fleet_intermediate.int_release_exposures": pa.concat_tables(parts),
                "fleet_intermediate.int_release_periods": versions(looked, "made-up"),
            },
            "select version, verdict, exposure from fleet_marts.release_verdicts"
            " where verdict in ('worse', 'better')",
        )
        first += [verdict for verdict, _ in first_verdicts(rows, releases)]
    return first


@click.command()
@click.option("--draws", default=4_000, show_default=True, help="Releases without a difference.")
@click.option("--doubled", default=1_000, show_default=True, help="Releases with double the rate.")
@click.option("--robots", default=40, show_default=True, help="Robots of each version.")
@click.option("--hourly", default=2_000, show_default=True, help="Releases that are read hourly.")
@click.option("--hourly-robots", default=20, show_default=True)
@click.option("--hours", default=120, show_default=True, help="How often these are read.")
@click.option("--powers", default=200, show_default=True, help="Releases of each ratio; 0: none.")
@click.option("--services", default=1_000, show_default=True, help="Releases read every day.")
@click.option("--days", default=28, show_default=True, help="How often these are read.")
@click.option("--shape", default=ROBOT_SHAPE, show_default=True, help="Of the rates.")
@click.option("--seed", default=1, show_default=True)
def main(
    draws: int,
    doubled: int,
    robots: int,
    hourly: int,
    hourly_robots: int,
    hours: int,
    powers: int,
    services: int,
    days: int,
    shape: float,
    seed: int,
) -> None:
    """Count false alarms of releases, and how many that are worse are found."""
    rng = np.random.default_rng(seed)
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        alarms = Alarms(Path(folder))
        kinds = [Draws("same", 1, draws), Draws("double", 2, doubled)]
        shares = single_looks(alarms, kinds, robots, shape, rng)
        console.print(
            f"{SIDE_HOURS:.0f} operating hours of {robots} robots a side, once: "
            f"{shares['same']:.1%} of {draws:,} releases without a difference called worse or "
            f"better, {shares['double']:.1%} of {doubled:,} with double the failures found"
        )
        first = hourly_looks(alarms, Draws("same", 1, hourly), hourly_robots, hours, shape, rng)
        hourly_share = sum(verdict is not None for verdict, _ in first) / hourly
        console.print(
            f"read {hours} times, hourly, with {hourly_robots} robots a side: {hourly_share:.1%} "
            f"of {hourly:,} releases without a difference ever called worse or better"
        )
        if powers:
            console.print(power_table(alarms, powers, hourly_robots, hours, shape, rng))
        told = {
            ratio: service_looks(
                alarms, Draws("", ratio, services), days, shape, np.random.default_rng(seed)
            )
            for ratio in (1, 2)
        }
        service_share = sum(verdict is not None for verdict in told[1]) / services
        service_found = sum(verdict == "worse" for verdict in told[2]) / services
        console.print(
            f"a service, read on each of {days} days against the {DAYS_BEFORE} before: "
            f"{service_share:.1%} of {services:,} releases without a difference ever called worse "
            f"or better, {service_found:.1%} of {services:,} with double the errors called worse"
        )
    figures = {
        "false_alarm_share": shares["same"],
        "found_share": shares["double"],
        "hourly_false_alarm_share": hourly_share,
        "service_false_alarm_share": service_share,
        "service_found_share": service_found,
    }
    click.echo(json.dumps(figures))


def power_table(
    alarms: Alarms, number: int, robots: int, looks: int, shape: float, rng: np.random.Generator
) -> Table:
    """Operating hours of the new version until the hourly verdict, by how much it differs."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("failures", "half are told by", "80 % are told by", "told in all", "wrongly"):
        table.add_column(name, justify="right")
    for ratio in (3.0, 2.0, 1.5, 0.5, 1 / 3):
        first = hourly_looks(alarms, Draws("", ratio, number), robots, looks, shape, rng)
        right = "worse" if ratio > 1 else "better"
        told = [at if verdict == right else np.inf for verdict, at in first]
        half, most = np.quantile(told, [0.5, 0.8], method="higher")
        wrong = sum(verdict not in (None, right) for verdict, _ in first)
        table.add_row(
            f"x {ratio:.2g}",
            *(f"{at:,.0f} h" if np.isfinite(at) else "–" for at in (half, most)),
            f"{np.mean(np.isfinite(told)):.0%}",
            f"{wrong / number:.1%}",
        )
    return table


if __name__ == "__main__":
    main()
