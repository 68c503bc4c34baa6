"""`fleet score`: the marts against what the simulator knows to be true."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from fleet.duckdb_file import database_option
from fleet.errors import FleetError
from fleet.lookup.stores import SCHEMA, reading
from fleet.simulator import score_queries as queries

# A failure is found where it begins within so many seconds of the time the robot broke.
NEAR_SECONDS = 2
LOST = "lost before the log"


def is_same_time(hours: float, others: float) -> bool:
    # A millisecond in hours: sums of floating-point hours may differ by less.
    return abs(hours - others) < 1 / 3_600_000


@dataclass(frozen=True)
class Times:
    """Times of events in the log, against when they happened.

    `near` ones are within a moment of it; 99 % are within `p99_seconds`. `disordered` ones are
    before the one that their emitter logged just before. `within_margin` is the share of events
    whose true time is within the stated uncertainty; None where the marts state none.
    """

    events: int
    near: int
    p99_seconds: float
    worst_seconds: float
    disordered: int
    within_margin: float | None

    @property
    def is_exact(self) -> bool:
        return self.worst_seconds == 0 and self.disordered == 0


@dataclass(frozen=True)
class Tally:
    """How many of a kind the marts have right, missed, or have too many of, and why."""

    right: int = 0
    missed: int = 0
    wrong: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def unavoidable(self) -> int:
        """Misses of what never came into the log, which nobody can know."""
        return sum(count for cause, count in self.causes.items() if cause.startswith(LOST))

    @property
    def avoidable(self) -> int:
        """Misses and surplus of what the log tells, or might."""
        return self.missed + self.wrong - self.unavoidable

    @property
    def ratio(self) -> float | None:
        """The avoidable to the unavoidable; None without unavoidable ones."""
        return self.avoidable / self.unavoidable if self.unavoidable else None

    @property
    def is_exact(self) -> bool:
        return self.missed == 0 and self.wrong == 0


@dataclass(frozen=True)
class FailureTally(Tally):
    """Times out of order: `right` ones are found to begin when they did.

    Of these, `right_ends` also end when the robot worked again.
    """

    right_ends: int = 0


@dataclass(frozen=True)
class SupplyTally:
    """Cells of robot, hour, state and reason; `hours_off` sums their absolute differences.

    `true_usable` and `mart_usable` are Usable Supply Hours of the whole fleet; `usable_off` sums
    the absolute differences of each robot and hour.
    """

    right: int
    differing: int
    hours_off: float
    causes: Mapping[str, int]
    true_usable: float
    mart_usable: float
    usable_off: float

    @property
    def is_exact(self) -> bool:
        return self.differing == 0 and is_same_time(self.true_usable, self.mart_usable)


@dataclass(frozen=True)
class Mtbf:
    """Operating hours T and failures r, in truth and in fleet_mtbf."""

    true_hours: float
    true_failures: int
    mart_hours: float
    mart_failures: int

    @property
    def is_exact(self) -> bool:
        return (
            is_same_time(self.true_hours, self.mart_hours)
            and self.true_failures == self.mart_failures
        )


@dataclass(frozen=True)
class Confusion:
    """Deliveries by what is true of them and what the mart says.

    `pairs` counts them by (in truth, in the mart); `causes` counts those that differ by what
    explains it.
    """

    pairs: Mapping[tuple[str, str], int]
    causes: Mapping[str, int]

    @property
    def right(self) -> int:
        return sum(count for (true, found), count in self.pairs.items() if true == found)

    @property
    def total(self) -> int:
        return sum(self.pairs.values())

    @property
    def accuracy(self) -> float:
        """Share of right ones, 0 to 1; 1 where there is nothing to tell."""
        return self.right / self.total if self.total else 1.0

    @property
    def is_exact(self) -> bool:
        return self.right == self.total


@dataclass(frozen=True)
class Score:
    """The marts against the truth of one simulation.

    `diagnoses` are causes of deliveries that failed or were cancelled; `none` is the cause of one
    that was neither. `inferred` are those of them whose ending line does not tell the cause.
    """

    times: Times
    membership: Tally
    outcomes: Confusion
    supply: SupplyTally
    failures: FailureTally
    mtbf: Mtbf
    diagnoses: Confusion
    inferred: Confusion

    @property
    def is_exact(self) -> bool:
        """Whether every figure equals the truth."""
        parts = (
            *(self.times, self.membership, self.outcomes, self.supply),
            *(self.failures, self.mtbf, self.diagnoses),
        )
        return all(part.is_exact for part in parts)

    def figures(self) -> dict[str, float | int | None]:
        """The figures to hold against a target, by name."""
        return {
            "events": self.times.events,
            "events_within_2s_of_true_time": self.times.near,
            "event_time_off_p99_seconds": self.times.p99_seconds,
            "event_time_off_worst_seconds": self.times.worst_seconds,
            "events_out_of_order": self.times.disordered,
            "event_times_within_uncertainty_share": self.times.within_margin,
            "pairs_right": self.membership.right,
            "pairs_lost_before_log": self.membership.unavoidable,
            "pairs_off": self.membership.avoidable,
            "pairs_off_to_lost_ratio": self.membership.ratio,
            "outcomes_right": self.outcomes.right,
            "outcomes": self.outcomes.total,
            "failures_found_within_2s": self.failures.right,
            "failures_missed": self.failures.missed,
            "failures_lost_before_log": self.failures.unavoidable,
            "failures_surplus": self.failures.wrong,
            "failures_with_right_end": self.failures.right_ends,
            "causes_right": self.diagnoses.right,
            "causes": self.diagnoses.total,
            "causes_to_infer_right": self.inferred.right,
            "causes_to_infer": self.inferred.total,
            "usable_hours": self.supply.mart_usable,
            "usable_hours_in_truth": self.supply.true_usable,
            "usable_hours_off_by_robot_and_hour": self.supply.usable_off,
        }


def by_cause(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Counts of what is not right, summed by cause."""
    causes: dict[str, int] = {}
    for cause, count in rows:
        if cause != "right":
            causes[cause] = causes.get(cause, 0) + count
    return causes


def tally(rows: list[tuple[bool, bool, str, int]]) -> Tally:
    """Rows of (is in truth, is in the mart, cause, count), summed."""
    return Tally(
        right=sum(count for *_, cause, count in rows if cause == "right"),
        missed=sum(count for is_true, _, cause, count in rows if is_true and cause != "right"),
        wrong=sum(count for is_true, _, _, count in rows if not is_true),
        causes=by_cause((cause, count) for *_, cause, count in rows),
    )


def failure_tally(rows: list[tuple[bool, bool, str, bool, int]]) -> FailureTally:
    """Rows of (is in truth, is in the mart, cause, has the right end, count), summed."""
    found = tally(
        [(is_true, is_found, cause, count) for is_true, is_found, cause, _, count in rows]
    )
    ends = sum(count for *_, has_right_end, count in rows if has_right_end)
    return FailureTally(found.right, found.missed, found.wrong, found.causes, ends)


def confusion(rows: list[tuple[str, str, str, int]]) -> Confusion:
    """Rows of (in truth, in the mart, what explains it, count), summed."""
    pairs: dict[tuple[str, str], int] = {}
    for true, found, _, count in rows:
        pairs[true, found] = pairs.get((true, found), 0) + count
    return Confusion(pairs, by_cause((cause, count) for *_, cause, count in rows))


def score_marts(database: Path, truth: Path) -> Score:
    """Compare the marts in `database` with the parquet files of `truth`.

    Raises FleetError that says what to do when either is absent or of another version.
    """
    # Not the settings of `fleet session`, which allow to read no file but the database.
    with reading(database, {}) as connection:
        if not (truth / "events.parquet").exists():
            raise FleetError(
                f"There is no ground truth in {truth}; `fleet simulate` writes it, --truth names "
                "it."
            )
        connection.execute("set TimeZone = 'UTC'")
        _read_truth(connection, truth)
        connection.execute(f"set search_path = '{SCHEMA}_marts,{SCHEMA}_seeds'")
        margin = "logged.event_at_uncertainty_ms" if _states_margin(connection) else "null"
        connection.execute(queries.EVENTS.format(uncertainty=f"cast({margin} as double)"))
        connection.execute(queries.FATES)

        def rows(sql: str) -> list[tuple]:  # type: ignore[type-arg]  # as the query has them
            return connection.execute(sql).fetchall()

        (hours,) = rows(queries.MTBF)
        diagnoses = rows(queries.DIAGNOSES)
        ((events, near, p99, worst, disordered, within),) = rows(
            queries.TIMES.format(seconds=NEAR_SECONDS)
        )
        return Score(
            Times(events, near, float(p99), float(worst), disordered, within),
            tally(rows(queries.MEMBERSHIP)),
            confusion(rows(queries.OUTCOMES)),
            _supply(rows(queries.SUPPLY), rows(queries.USABLE)[0]),
            failure_tally(rows(queries.FAILURES.format(seconds=NEAR_SECONDS))),
            Mtbf(float(hours[0]), int(hours[1]), float(hours[2]), int(hours[3])),
            confusion([row[:4] for row in diagnoses]),
            confusion([row[:4] for row in diagnoses if row[4]]),
        )


def _read_truth(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Make the files of the truth views that queries can name."""
    for name, columns in queries.TRUTH.items():
        path = str(truth / f"{name}.parquet").replace("'", "''")
        try:
            connection.execute(
                f"create temporary view true_{name} as select {columns} from read_parquet('{path}')"
            )
        except duckdb.Error as error:
            raise FleetError(
                f"{truth / name}.parquet is not of this version; run `make demo` again, or "
                "name the truth of another simulation with --truth."
            ) from error


def _states_margin(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the log says how far the time of an event may be off."""
    return bool(
        connection.execute(
            "select 1 from information_schema.columns where table_schema = ? and table_name = ?"
            " and column_name = 'event_at_uncertainty_ms'",
            [f"{SCHEMA}_staging", "stg_event_log__events"],
        ).fetchall()
    )


def _supply(cells: list[tuple[str, int, float]], usable: tuple[float, float, float]) -> SupplyTally:
    off = [row for row in cells if row[0] != "right"]
    return SupplyTally(
        sum(row[1] for row in cells if row[0] == "right"),
        sum(row[1] for row in off),
        float(sum(row[2] for row in off)),
        {row[0]: row[1] for row in off},
        *map(float, usable),
    )


def per_failure(hours: float, failures: int) -> str:
    return f"{hours / failures:,.1f} h" if failures else "no failure"


def print_score(score: Score, console: Console) -> None:
    """Print what is right, what is not, and why not."""
    console.print(_summary(score))
    for name, causes in (
        ("pairs of event and delivery", score.membership.causes),
        ("outcomes", score.outcomes.causes),
        ("failures", score.failures.causes),
        ("state hours", score.supply.causes),
        ("probable causes", score.diagnoses.causes),
    ):
        for cause, count in sorted(causes.items(), key=lambda item: -item[1]):
            console.print(f"  {count:>7,} {name}: {cause}", style="dim")
    console.print(confusion_table(score.outcomes, "outcome in truth"))
    console.print(confusion_table(score.diagnoses, "injected cause"))
    if score.is_exact:
        console.print("Every figure equals the truth.")


def _summary(score: Score) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    table.add_column("marts against the simulator's truth")
    for name in ("right", "lost before the log", "missed", "wrong"):
        table.add_column(name, justify="right")
    table.add_column("")
    membership, supply, failures, mtbf = score.membership, score.supply, score.failures, score.mtbf
    ratio = "" if membership.ratio is None else f" ({membership.ratio:.1%} of those lost)"
    ends = f"{failures.right_ends:,} of {failures.right:,} also end right"
    for name, part, remark in (
        ("pairs of event and delivery", membership, f"{membership.avoidable:,} off{ratio}"),
        (f"failures found within {NEAR_SECONDS} s", failures, ends),
    ):
        missed = part.missed - part.unavoidable
        counts = (part.right, part.unavoidable, missed, part.wrong)
        table.add_row(name, *(f"{count:,}" for count in counts), remark)
    table.add_row(
        "state hours (robot × hour × state × reason)",
        f"{supply.right:,}",
        "",
        f"{supply.differing:,}",
        "",
        f"{supply.hours_off:,.2f} h off in all",
    )
    for name, told in (
        ("outcomes of deliveries", score.outcomes),
        ("probable causes of deliveries that failed", score.diagnoses),
        ("… that their ending line does not tell", score.inferred),
    ):
        differing = f"{told.total - told.right:,}"
        table.add_row(name, f"{told.right:,}", "", differing, "", f"{told.accuracy:.1%} right")
    times = score.times
    margin = ""
    if times.within_margin is not None:
        margin = f", {times.within_margin:.2%} within the stated uncertainty"
    table.add_row(
        f"times of events within {NEAR_SECONDS} s",
        f"{times.near:,}",
        "",
        f"{times.events - times.near:,}",
        "",
        f"99 % within {times.p99_seconds:,.2f} s, {times.disordered:,} out of order{margin}",
    )
    remarks = {
        "usable supply hours": f"{supply.mart_usable:,.2f} h, in truth {supply.true_usable:,.2f} h,"
        f" {supply.usable_off:,.2f} h off robot by robot and hour by hour",
        "fleet MTBF": f"{per_failure(mtbf.mart_hours, mtbf.mart_failures)}, in truth "
        f"{per_failure(mtbf.true_hours, mtbf.true_failures)}",
    }
    for name, remark in remarks.items():
        table.add_row(name, "", "", "", "", remark)
    return table


def confusion_table(told: Confusion, title: str) -> Table:
    """What is true, each with what the mart says instead; an empty cell is no delivery."""
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    table.add_column(title)
    table.add_column("found", justify="right")
    table.add_column("of", justify="right")
    table.add_column("taken for")
    for true in sorted({true for true, _ in told.pairs}):
        found = {mart: count for (of, mart), count in told.pairs.items() if of == true}
        taken = (f"{mart} {n:,}" for mart, n in sorted(found.items()) if mart != true)
        table.add_row(true, f"{found.get(true, 0):,}", f"{sum(found.values()):,}", ", ".join(taken))
    return table


@click.command()
@database_option
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    default=Path("data/truth"),
    show_default=True,
    help="Folder of the simulator's ground truth.",
)
@click.option("--json", "as_json", is_flag=True, help="Only the figures, as one JSON object.")
def score(database: Path, truth: Path, as_json: bool) -> None:
    """Hold the marts against the simulator's ground truth."""
    scored = score_marts(database, truth)
    if as_json:
        click.echo(json.dumps(scored.figures()))
        return
    print_score(scored, Console(width=None if os.isatty(1) else 150))
