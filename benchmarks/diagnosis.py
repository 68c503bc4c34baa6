"""Probable causes against injected ones, over several fleets and levels of trouble.

Run `python -m benchmarks.diagnosis`. Every fleet is scored twice: as it is, and with `other` in
place of every reason that an event which ends a delivery gives, so that the rules have nothing but
what happened around it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import click
import duckdb
from rich.console import Console

from benchmarks.fleets import build_fleet, run_dbt
from benchmarks.supply_accuracy import level_name
from fleet.simulator.score import Confusion, confusion_table, score_marts
from fleet.simulator.world import Settings

DIAGNOSED = ("int_delivery_diagnoses", "delivery_sessions")


@dataclass
class Total:
    """The diagnoses of several fleets, added up."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, diagnoses: Confusion) -> None:
        self.pairs.update(diagnoses.pairs)
        self.causes.update(diagnoses.causes)


def score_fleet(folder: Path, settings: Settings) -> tuple[Confusion, Confusion]:
    """Diagnoses of one fleet, with the reasons of ending events and without."""
    fleet = build_fleet(folder, settings)
    with_reasons = score_marts(fleet.database, fleet.truth).diagnoses
    with duckdb.connect(fleet.database) as connection:
        connection.execute(
            "update fleet_intermediate.int_delivery_milestones"
            " set outcome_reason = 'other' where outcome_reason is not null"
        )
    run_dbt(fleet.database, "run", "--full-refresh", "--select", *DIAGNOSED)
    return with_reasons, score_marts(fleet.database, fleet.truth).diagnoses


@click.command()
@click.option("--robots", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--level",
    "levels",
    type=click.FloatRange(min=0),
    multiple=True,
    default=(0, 1, 3),
    show_default=True,
    help="How many times the usual troubles; 0 is a clean log.",
)
def main(robots: int, days: int, seeds: int, levels: tuple[float, ...]) -> None:
    """Score the rules of the probable cause against the simulator's injected causes."""
    console = Console(width=150)
    for level in levels:
        with_reasons, without = Total(), Total()
        for seed in range(1, seeds + 1):
            settings = Settings(robots, days, seed, date(2026, 11, 2), times_troubled=level)
            with tempfile.TemporaryDirectory() as folder:
                for total, diagnoses in zip(
                    (with_reasons, without), score_fleet(Path(folder), settings), strict=True
                ):
                    total.add(diagnoses)
        for name, total in (("", with_reasons), (", without reasons", without)):
            diagnoses = Confusion(total.pairs, total.causes)
            console.print(
                f"\ntroubles: {level_name(level)}{name}: {diagnoses.right:,} of "
                f"{diagnoses.total:,} right ({diagnoses.accuracy:.1%})"
            )
            console.print(confusion_table(diagnoses, "injected cause"))
            for cause, count in total.causes.most_common():
                console.print(f"  {count:>5,} misses: {cause}")


if __name__ == "__main__":
    main()
