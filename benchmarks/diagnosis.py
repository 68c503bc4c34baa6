"""Probable causes against what really ended each delivery, over several fleets.

Run `python -m benchmarks.diagnosis`. The simulator keeps what really happened; people type the
reasons of its ending lines, and 30 % say `other`, 10 % something wrong. The rules were tuned on
seeds below 11, which are no part of the figures unless you ask for them. The last line is one
JSON object.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import click
from rich.console import Console

from benchmarks.fleets import build_fleet
from benchmarks.supply_accuracy import level_name
from fleet.simulator.score import Confusion, confusion_table, score_marts
from fleet.simulator.world import Settings

# What a robot that waits in vain at a door looks like, whichever of them it is.
AT_THE_DOOR = {"customer_absent", "no_access"}


@dataclass
class Total:
    """The diagnoses of several fleets, added up."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, diagnoses: Confusion) -> None:
        self.pairs.update(diagnoses.pairs)
        self.causes.update(diagnoses.causes)

    @property
    def confusion(self) -> Confusion:
        return Confusion(self.pairs, self.causes)

    @property
    def unknowable(self) -> int:
        """Misses of what no line tells: an end without a line, or why nobody came to the door."""
        return sum(
            count
            for (true, found), count in self.pairs.items()
            if true != found and (found == "none" or {true, found} == AT_THE_DOOR)
        )


@click.command()
@click.option("--robots", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--first-seed", type=click.IntRange(min=1), default=11, show_default=True)
@click.option(
    "--level",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How many times the usual troubles; 0 is a clean log with true reasons.",
)
def main(robots: int, days: int, seeds: int, first_seed: int, level: float) -> None:
    """Score the rules of the probable cause against the simulator's truth."""
    console = Console(width=150)
    everything, inferred = Total(), Total()
    for seed in range(first_seed, first_seed + seeds):
        settings = Settings(robots, days, seed, date(2026, 11, 2), times_troubled=level)
        with tempfile.TemporaryDirectory() as folder:
            fleet = build_fleet(Path(folder), settings)
            score = score_marts(fleet.database, fleet.truth)
        everything.add(score.diagnoses)
        inferred.add(score.inferred)
    for name, total in (("all", everything), ("not told by the ending line", inferred)):
        found = total.confusion
        console.print(
            f"\ntroubles: {level_name(level)}, {name}: {found.right:,} of {found.total:,} right"
            f" ({found.accuracy:.1%}), {total.unknowable:,} misses of what no line tells"
        )
        console.print(confusion_table(found, "cause in truth"))
        for cause, count in total.causes.most_common():
            console.print(f"  {count:>5,} misses: {cause}")
    figures = {
        "deliveries": everything.confusion.total,
        "right_share": round(everything.confusion.accuracy, 4),
        "unknowable_share": round(everything.unknowable / (everything.confusion.total or 1), 4),
        "to_infer": inferred.confusion.total,
        "inferred_right_share": round(inferred.confusion.accuracy, 4),
    }
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
