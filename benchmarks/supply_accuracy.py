"""Usable supply hours from events and from snapshots, against what the simulator knows.

Run `python -m benchmarks.supply_accuracy`. The same fleet is simulated with no troubles, with the
usual ones, and with several times as many lost, late, broken and ill-timed lines, silent robots and
wrong clocks.

A snapshot knows, of each robot, the newest state that had reached us by then, from state changes
and heartbeats, and counts a usable robot as usable until the next snapshot: the table of robots
that many fleets copy every few minutes. The event method is the mart supply_hours, after all lines
came.

The last line of the output is JSON: for each level the error of events and of snapshots once a
minute, robot by robot and hour by hour, of all robots and of those that were not offline for long,
and the worst ratio of the two. Below 1 events are closer to the truth at every level.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.fleets import Fleet, build_fleet
from fleet.simulator.world import Settings

SNAPSHOT_MINUTES = (1, 5, 15)

# Robot, hour and usable milliseconds, in truth and by each method.
TRUTH = """
select hours.robot_id, hour_at, sum(case
    when states.usable = 'always' then duration_ms
    when states.usable = 'when_dispatchable' then dispatchable_ms
    else 0
end) as usable_ms
from read_parquet('{truth}/state_hours.parquet') as hours
inner join fleet_seeds.robot_states as states on hours.state = states.state
group by all
"""

EVENTS = """
select robot_id, hour_at, sum(usable_seconds) * 1000 as usable_ms
from fleet_marts.supply_hours
group by all
"""

SNAPSHOTS = """
with

heard as (
    select
        robot_id, received_at, event_at,
        coalesce(to_state, state) as state,
        last_value(dispatchable ignore nulls) over (
            partition by robot_id order by received_at, event_at, emitter_id, seq
        ) as dispatchable,
        max(event_at) over (
            partition by robot_id order by received_at, event_at, emitter_id, seq
        ) as newest_at
    from fleet_staging.stg_event_log__robot_events
    where event_name in ('robot.state_changed', 'robot.heartbeat')
),

-- What came late does not undo what is known to be newer.
known as (
    select robot_id, received_at, state, dispatchable
    from heard
    where event_at = newest_at
),

instants as (
    select robot_id, instant
    from (select distinct robot_id from known)
    cross join range(
        timestamp '{start}', timestamp '{start}' + interval {days} day, interval {minutes} minute
    ) as instants (instant)
)

select
    instants.robot_id,
    date_trunc('hour', instant) at time zone 'UTC' as hour_at,
    count(*) * {minutes} * 60000 as usable_ms
from instants
asof inner join known
    on instants.robot_id = known.robot_id and instants.instant >= known.received_at
inner join fleet_seeds.robot_states as states on known.state = states.state
where states.usable = 'always' or (states.usable = 'when_dispatchable' and known.dispatchable)
group by all
"""

# Robots that sent most of what they logged much later. No snapshot can know what they did, so one
# of them is enough to make snapshots look worse than they are elsewhere.
OFFLINE = """
select robot_id
from read_parquet('{truth}/events.parquet')
where robot_id is not null
group by robot_id
having count(*) filter (is_late) > count(*) / 2
"""

COMPARED = """
select
    coalesce(sum(truth.usable_ms), 0) / 3600000.0 as true_hours,
    coalesce(sum(found.usable_ms), 0) / 3600000.0 as found_hours,
    sum(abs(coalesce(truth.usable_ms, 0) - coalesce(found.usable_ms, 0))) / 3600000.0 as hours_off
from ({truth}) as truth
full join ({found}) as found using (robot_id, hour_at)
where robot_id not in ({without})
"""


@dataclass(frozen=True)
class Accuracy:
    """Usable hours of a fleet; `hours_off` sums the differences of each robot and hour."""

    true_hours: float
    found_hours: float
    hours_off: float


def compare(fleet: Fleet, settings: Settings, without_offline: bool = False) -> dict[str, Accuracy]:
    """Usable hours by each method, of all robots or without those that were offline for long."""
    without = OFFLINE.format(truth=fleet.truth) if without_offline else "''"
    methods = {"events": EVENTS}
    for minutes in SNAPSHOT_MINUTES:
        methods[f"snapshots, {minutes} min"] = SNAPSHOTS.format(
            start=settings.start, days=settings.days, minutes=minutes
        )
    truth = TRUTH.format(truth=fleet.truth)
    with duckdb.connect(fleet.database, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            method: Accuracy(
                *map(
                    float,
                    connection.execute(
                        COMPARED.format(truth=truth, found=found, without=without)
                    ).fetchall()[0],
                )
            )
            for method, found in methods.items()
        }


Methods = Mapping[str, Accuracy]


def off_by(found: Mapping[float, tuple[Methods, Methods]]) -> dict[str, object]:
    """What the last line says, from each level's methods for all robots and for those online.

    The worst ratio is the worst of both: robots that were offline may not help us.
    """
    levels = {
        f"{level:g}": {"all_robots": _ratio(all_robots), "robots_online": _ratio(online)}
        for level, (all_robots, online) in found.items()
    }
    worst = max(of["ratio"] for both in levels.values() for of in both.values())
    return {"worst_ratio_to_snapshots_1min": worst, "times_troubled": levels}


def _ratio(methods: Methods) -> dict[str, float]:
    events = methods["events"].hours_off
    snapshots = methods[f"snapshots, {min(SNAPSHOT_MINUTES)} min"].hours_off
    return {
        "events_hours_off": round(events, 4),
        "snapshots_hours_off": round(snapshots, 4),
        "ratio": round(events / snapshots, 4),
    }


def level_name(times_troubled: float) -> str:
    if times_troubled == 0:
        return "none"
    return "usual" if times_troubled == 1 else f"× {times_troubled:g}"


@click.command()
@click.option("--robots", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--level",
    "levels",
    type=click.FloatRange(min=0),
    multiple=True,
    default=(0, 1, 3, 10),
    show_default=True,
    help="How many times the usual troubles; 0 is a clean log.",
)
def main(robots: int, days: int, seed: int, levels: tuple[float, ...]) -> None:
    """Compare usable supply hours by events and by snapshots with the truth."""
    table = Table(title=f"Usable supply hours of {robots} robots, seed {seed}", box=None)
    table.add_column("troubles")
    table.add_column("method")
    for name in ("hours", "in truth", "off by", "off by, robot by robot and hour by hour"):
        table.add_column(name, justify="right")
    found = {}
    for level in levels:
        settings = Settings(robots, days, seed, date(2026, 11, 2), times_troubled=level)
        with tempfile.TemporaryDirectory() as folder:
            fleet = build_fleet(Path(folder), settings)
            found[level] = compare(fleet, settings), compare(fleet, settings, without_offline=True)
        for method, accuracy in found[level][0].items():
            difference = accuracy.found_hours - accuracy.true_hours
            table.add_row(
                level_name(level),
                method,
                f"{accuracy.found_hours:,.2f}",
                f"{accuracy.true_hours:,.2f}",
                f"{difference:+,.2f} ({difference / accuracy.true_hours:+.2%})",
                f"{accuracy.hours_off:,.2f} ({accuracy.hours_off / accuracy.true_hours:.2%})",
            )
    Console(width=150).print(table)
    click.echo(json.dumps(off_by(found)))


if __name__ == "__main__":
    main()
