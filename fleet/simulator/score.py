"""`fleet score`: the marts against what the simulator knows to be true."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from fleet.duckdb_file import database_option
from fleet.errors import FleetError
from fleet.lookup.stores import SCHEMA, reading

# What is read of each file of the ground truth.
TRUTH = {
    "events": "event_id, event_name, robot_id, clock_offset_seconds, "
    "is_lost, is_malformed, is_damaged, is_silenced",
    "memberships": "event_id, delivery_id",
    "state_hours": "robot_id, hour_at, state, reason, duration_ms, dispatchable_ms",
    "failures": "robot_id, component, started_at, ended_at",
    "deliveries": "delivery_id, cause",
}

# What can have happened to one event, the strongest explanation first. `truth` is its row in
# truth/events.parquet.
EVENT_CAUSE = """
case
    when truth.is_silenced then 'robot silent, its lines lost'
    when truth.is_lost then 'line lost'
    when truth.is_malformed or truth.is_damaged then 'line unusable, in quarantine'
    when truth.clock_offset_seconds <> 0 then 'clock skew'
    else 'a line that opens, closes or links the window was lost or late by its clock'
end
"""

MEMBERSHIP = f"""
with

pairs as (
    select
        coalesce(truth.event_id, mart.event_id) as event_id,
        truth.event_id is not null as is_true,
        mart.event_id is not null as is_matched
    from true_memberships as truth
    full join (select event_id, delivery_id from delivery_session_events) as mart
        on truth.event_id = mart.event_id and truth.delivery_id = mart.delivery_id
)

select
    pairs.is_true,
    pairs.is_matched,
    case when pairs.is_true and pairs.is_matched then 'right' else {EVENT_CAUSE} end as cause,
    count(*) as pair_count
from pairs
left join true_events as truth on pairs.event_id = truth.event_id
group by all
"""

# State hours that differ, by robot and hour: what the robot's lines of the time went through.
SUPPLY = """
with

true_hours as (
    select robot_id, hour_at at time zone 'UTC' as hour_at, state, reason, duration_ms
    from true_state_hours
),

mart_hours as (
    select
        robot_id, hour_at at time zone 'UTC' as hour_at, state, reason,
        cast(round(duration_seconds * 1000) as bigint) as duration_ms
    from supply_hours
    where state <> 'unobserved'
),

cells as (
    select
        robot_id, hour_at,
        coalesce(true_hours.duration_ms, 0) as true_ms,
        coalesce(mart_hours.duration_ms, 0) as mart_ms
    from true_hours
    full join mart_hours using (robot_id, hour_at, state, reason)
),

silent as (
    select distinct robot_id, hour_at from mart_hours where state = 'unknown'
),

skewed as (
    select distinct robot_id
    from true_events
    where clock_offset_seconds <> 0 and robot_id is not null
),

changes_not_seen as (
    select distinct robot_id
    from true_events
    where
        event_name = 'robot.state_changed'
        and (is_lost or is_malformed or is_damaged or is_silenced)
)

select
    case
        when cells.true_ms = cells.mart_ms then 'right'
        when silent.robot_id is not null then 'robot silent: unknown, never supply'
        when skewed.robot_id is not null then 'clock skew'
        when changes_not_seen.robot_id is not null then 'a state change was lost'
        else 'other'
    end as cause,
    count(*) as cell_count,
    sum(abs(cells.true_ms - cells.mart_ms)) / 3600000.0 as hours_off
from cells
left join silent on cells.robot_id = silent.robot_id and cells.hour_at = silent.hour_at
left join skewed on cells.robot_id = skewed.robot_id
left join changes_not_seen on cells.robot_id = changes_not_seen.robot_id
group by all
"""

USABLE = """
select
    (
        select
            coalesce(sum(case
                when states.usable = 'always' then hours.duration_ms
                when states.usable = 'when_dispatchable' then hours.dispatchable_ms
            end), 0) / 3600000.0
        from true_state_hours as hours
        inner join robot_states as states on hours.state = states.state
    ) as true_hours,
    (select coalesce(sum(usable_seconds), 0) / 3600.0 from supply_hours) as mart_hours
"""

FAILURES = """
with

episodes as (
    select
        coalesce(truth.robot_id, mart.robot_id) as robot_id,
        truth.robot_id is not null as is_true,
        mart.robot_id is not null as is_found,
        truth.ended_at = mart.ended_at as has_right_end
    from true_failures as truth
    full join robot_failures as mart
        on
            truth.robot_id = mart.robot_id
            and truth.component = mart.component
            and truth.started_at = mart.started_at
),

skewed as (
    select distinct robot_id
    from true_events
    where clock_offset_seconds <> 0 and robot_id is not null
)

select
    episodes.is_true,
    episodes.is_found,
    case
        when episodes.is_true and episodes.is_found and episodes.has_right_end then 'right'
        when skewed.robot_id is not null then 'clock skew'
        else 'an error or its clearance was lost'
    end as cause,
    count(*) as episode_count
from episodes
left join skewed on episodes.robot_id = skewed.robot_id
group by all
"""

MTBF = """
select
    (
        select coalesce(sum(hours.duration_ms), 0) / 3600000.0
        from true_state_hours as hours
        inner join robot_states as states on hours.state = states.state
        where states.is_operating
    ) as true_hours,
    (select count(*) from true_failures) as true_failures,
    (select coalesce(sum(operating_hours), 0) from fleet_mtbf) as mart_hours,
    (select coalesce(sum(failure_count), 0) from fleet_mtbf) as mart_failures
"""

# Failed and cancelled deliveries, in truth or in the mart, by cause on both sides. A delivery that
# is neither has the cause `none`. What explains a miss: what became of the lines of the delivery,
# the one that ends it first.
DIAGNOSES = """
with

fates as (
    select
        memberships.delivery_id,
        bool_or(
            registry.ends_delivery is not null
            and (events.is_lost or events.is_silenced or events.is_malformed or events.is_damaged)
        ) as has_lost_end,
        bool_or(
            events.is_lost or events.is_silenced or events.is_malformed or events.is_damaged
        ) as has_lost_line,
        bool_or(events.clock_offset_seconds <> 0) as has_skew
    from true_memberships as memberships
    inner join true_events as events using (event_id)
    inner join event_registry as registry on events.event_name = registry.event_name
    group by memberships.delivery_id
),

diagnoses as (
    select
        delivery_id,
        -- The simulator's word for an error that is a failure.
        case when truth.cause = 'robot_error' then 'robot_failure' else truth.cause end
        as true_cause,
        coalesce(mart.probable_cause, 'none') as mart_cause
    from true_deliveries as truth
    left join delivery_sessions as mart using (delivery_id)
    where truth.cause <> 'none' or mart.probable_cause is not null
)

select
    diagnoses.true_cause,
    diagnoses.mart_cause,
    case
        when diagnoses.true_cause = diagnoses.mart_cause then 'right'
        when fates.has_lost_end then 'the line that ends it was lost'
        when fates.has_skew then 'clock skew'
        when fates.has_lost_line then 'another line of it was lost'
        else 'the log points to another cause'
    end as cause,
    count(*) as delivery_count
from diagnoses
left join fates using (delivery_id)
group by all
order by 1, 2
"""


def is_same_time(hours: float, others: float) -> bool:
    # A millisecond in hours: sums of floating-point hours may differ by less.
    return abs(hours - others) < 1 / 3_600_000


@dataclass(frozen=True)
class Tally:
    """How many of a kind the marts have right, missed, or have too many of, and why."""

    right: int = 0
    missed: int = 0
    wrong: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        return self.missed == 0 and self.wrong == 0


@dataclass(frozen=True)
class SupplyTally:
    """Cells of robot, hour, state and reason; `hours_off` sums their absolute differences.

    `true_usable` and `mart_usable` are Usable Supply Hours of the whole fleet.
    """

    right: int
    differing: int
    hours_off: float
    causes: Mapping[str, int]
    true_usable: float
    mart_usable: float

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
class Diagnoses:
    """Probable causes against injected ones, of deliveries that failed or were cancelled.

    `confusion` counts deliveries by (cause in truth, cause in the mart); `none` is the cause of one
    that did not fail. `causes` counts the misses by what explains them.
    """

    confusion: Mapping[tuple[str, str], int]
    causes: Mapping[str, int]

    @property
    def right(self) -> int:
        return sum(count for (true, found), count in self.confusion.items() if true == found)

    @property
    def total(self) -> int:
        return sum(self.confusion.values())

    @property
    def accuracy(self) -> float:
        """Share of right ones, 0 to 1; 1 where there is nothing to explain."""
        return self.right / self.total if self.total else 1.0

    @property
    def is_exact(self) -> bool:
        return self.right == self.total


@dataclass(frozen=True)
class Score:
    """The marts against the truth of one simulation."""

    membership: Tally
    supply: SupplyTally
    failures: Tally
    mtbf: Mtbf
    diagnoses: Diagnoses

    @property
    def is_exact(self) -> bool:
        """Whether every figure equals the truth."""
        parts = (self.membership, self.supply, self.failures, self.mtbf, self.diagnoses)
        return all(part.is_exact for part in parts)


def tally(rows: list[tuple[bool, bool, str, int]]) -> Tally:
    """Rows of (is in truth, is in the mart, cause, count), summed."""
    right = sum(count for *_, cause, count in rows if cause == "right")
    # An episode that is in both but ends at another time is missed, and the mart's own is not
    # counted again.
    missed = sum(count for is_true, _, cause, count in rows if is_true and cause != "right")
    wrong = sum(count for is_true, _, _, count in rows if not is_true)
    causes: dict[str, int] = {}
    for *_, cause, count in rows:
        if cause != "right":
            causes[cause] = causes.get(cause, 0) + count
    return Tally(right, missed, wrong, causes)


def summed(rows: list[tuple[str, str, str, int]]) -> Diagnoses:
    """Rows of (true cause, cause in the mart, what explains it, count), summed."""
    confusion: dict[tuple[str, str], int] = {}
    causes: dict[str, int] = {}
    for true_cause, mart_cause, cause, count in rows:
        pair = (true_cause, mart_cause)
        confusion[pair] = confusion.get(pair, 0) + count
        if cause != "right":
            causes[cause] = causes.get(cause, 0) + count
    return Diagnoses(confusion, causes)


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
        for name, columns in TRUTH.items():
            path = str(truth / f"{name}.parquet").replace("'", "''")
            try:
                connection.execute(
                    f"create temporary view true_{name} as "
                    f"select {columns} from read_parquet('{path}')"
                )
            except duckdb.Error as error:
                raise FleetError(
                    f"{truth / name}.parquet is not of this version; run `make demo` again, or "
                    "name the truth of another simulation with --truth."
                ) from error
        connection.execute(f"set search_path = '{SCHEMA}_marts,{SCHEMA}_seeds'")
        membership = tally(connection.execute(MEMBERSHIP).fetchall())
        cells = connection.execute(SUPPLY).fetchall()
        true_usable, mart_usable = map(float, connection.execute(USABLE).fetchall()[0])
        failures = tally(connection.execute(FAILURES).fetchall())
        hours = connection.execute(MTBF).fetchall()[0]
        diagnoses = summed(connection.execute(DIAGNOSES).fetchall())
    off = [row for row in cells if row[0] != "right"]
    supply = SupplyTally(
        right=sum(row[1] for row in cells if row[0] == "right"),
        differing=sum(row[1] for row in off),
        hours_off=float(sum(row[2] for row in off)),
        causes={row[0]: row[1] for row in off},
        true_usable=true_usable,
        mart_usable=mart_usable,
    )
    mtbf = Mtbf(float(hours[0]), int(hours[1]), float(hours[2]), int(hours[3]))
    return Score(membership, supply, failures, mtbf, diagnoses)


def per_failure(hours: float, failures: int) -> str:
    return f"{hours / failures:,.1f} h" if failures else "no failure"


def print_score(score: Score, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    for name in ("marts against the simulator's truth", "right", "missed", "wrong"):
        table.add_column(name, justify="left" if name.startswith("marts") else "right")
    table.add_column("")
    rows = (
        ("events in their delivery", score.membership, ""),
        ("failure episodes", score.failures, ""),
    )
    for name, part, remark in rows:
        table.add_row(name, f"{part.right:,}", f"{part.missed:,}", f"{part.wrong:,}", remark)
    supply = score.supply
    table.add_row(
        "state hours (robot × hour × state × reason)",
        f"{supply.right:,}",
        f"{supply.differing:,}",
        "",
        f"{supply.hours_off:,.2f} h off in all",
    )
    table.add_row(
        "usable supply hours",
        "",
        "",
        "",
        f"{supply.mart_usable:,.2f} h, in truth {supply.true_usable:,.2f} h",
    )
    diagnoses = score.diagnoses
    table.add_row(
        "probable causes of deliveries that failed",
        f"{diagnoses.right:,}",
        f"{diagnoses.total - diagnoses.right:,}",
        "",
        f"{diagnoses.accuracy:.1%} right",
    )
    mtbf = score.mtbf
    table.add_row(
        "fleet MTBF",
        "",
        "",
        "",
        f"{per_failure(mtbf.mart_hours, mtbf.mart_failures)}, in truth "
        f"{per_failure(mtbf.true_hours, mtbf.true_failures)}",
    )
    console.print(table)
    for name, causes in (
        ("events", score.membership.causes),
        ("failures", score.failures.causes),
        ("state hours", supply.causes),
        ("probable causes", diagnoses.causes),
    ):
        for cause, count in sorted(causes.items(), key=lambda item: -item[1]):
            console.print(f"  {count:>7,} {name}: {cause}", style="dim")
    console.print(confusion_table(diagnoses))
    if score.is_exact:
        console.print("Every figure equals the truth.")


def confusion_table(diagnoses: Diagnoses) -> Table:
    """Causes in truth, each with what the mart says instead; an empty cell is no delivery."""
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    table.add_column("injected cause")
    table.add_column("found", justify="right")
    table.add_column("of", justify="right")
    table.add_column("taken for")
    for true_cause in sorted({true for true, _ in diagnoses.confusion}):
        found = {
            mart: count for (true, mart), count in diagnoses.confusion.items() if true == true_cause
        }
        taken = (f"{mart} {n:,}" for mart, n in sorted(found.items()) if mart != true_cause)
        table.add_row(
            true_cause,
            f"{found.get(true_cause, 0):,}",
            f"{sum(found.values()):,}",
            ", ".join(taken),
        )
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
def score(database: Path, truth: Path) -> None:
    """Hold the marts against the simulator's ground truth."""
    print_score(score_marts(database, truth), Console(width=None if os.isatty(1) else 150))
