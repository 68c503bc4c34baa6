"""`fleet simulate`."""

import shutil
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fleet_events.registry import (
    ProjectNotFoundError,
    RegistryError,
    find_project_dir,
    load_registry,
)
from fleet_events.simulator.simulation import Result, landing_folder, simulate_fleet
from fleet_events.simulator.world import HOUR, Settings

DEFAULT_OUT = "data"


@click.command()
@click.option("--robots", default=40, show_default=True, type=click.IntRange(1, 5_000))
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 366))
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--start",
    default="2026-11-02",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day, from 00:00 UTC.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where landing/ and truth/ go.  [default: data/ of the project]",
)
@click.option("--clean", is_flag=True, help="Nothing is lost, late, twice, broken or ill-timed.")
@click.option("--overwrite", is_flag=True, help="Replace the events an earlier run left there.")
def simulate(
    robots: int,
    days: int,
    seed: int,
    start: datetime,
    out: Path | None,
    clean: bool,
    overwrite: bool,
) -> None:
    """Simulate a fleet: event files as they would land, and what really happened."""
    try:
        project_dir = find_project_dir()
        registry = load_registry(project_dir)
    except (ProjectNotFoundError, RegistryError) as error:
        raise click.ClickException(str(error)) from error
    out = out or project_dir / DEFAULT_OUT
    landing = landing_folder(out)
    if landing.exists() and any(landing.rglob("*.ndjson.gz")):
        if not overwrite:
            raise click.ClickException(
                f"{_shown(landing)} already holds events: choose another --out, or replace them "
                "with --overwrite and load them into a new database."
            )
        shutil.rmtree(landing)

    settings = Settings(robots, days, seed, start.date(), clean)
    bar = Progress(
        TextColumn("Simulating"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} h"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    )
    try:
        with bar:
            task = bar.add_task("", total=settings.end / HOUR)
            result = simulate_fleet(
                settings, registry, out, lambda now: bar.update(task, completed=now / HOUR)
            )
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or _shown(out)} cannot be written ({error.strerror}): "
            "free some space or choose another --out."
        ) from error
    _report(settings, result, out)


def _report(settings: Settings, result: Result, out: Path) -> None:
    counts, outcomes = result.line_counts, result.outcomes
    fleet = _several(settings.robots, "robot")
    click.echo(
        f"Simulated {fleet} for {_several(settings.days, 'day')} from {settings.start}: "
        f"{_several(counts['emitted_lines'], 'event')}, "
        f"{_several(sum(outcomes.values()), 'delivery', 'deliveries')}, "
        f"{outcomes.get('failed', 0):,} of them failed."
    )
    click.echo(
        f"Wrote {_several(counts['written_lines'], 'line')} in "
        f"{_several(result.file_count, 'file')} under {_shown(landing_folder(out))}, "
        f"and what really happened to {_shown(out / 'truth')}."
    )
    # The path is only named where the project would not find the files by itself.
    landing = _shown(out / "landing")
    argument = (
        "" if landing == f"{DEFAULT_OUT}/landing" else f" --vars '{{landing_path: {landing}}}'"
    )
    click.echo(f"Next: dbt run-operation load_event_lines{argument}")


def _several(count: int, word: str, words: str | None = None) -> str:
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def _shown(path: Path) -> str:
    """The path as the user would type it."""
    absolute = path.resolve()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
