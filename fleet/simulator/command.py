"""`fleet simulate`."""

import shutil
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.registry import load_registry
from fleet.simulator.simulation import EVENTS, Result, landing_folder, simulate_fleet
from fleet.simulator.transport import Write
from fleet.simulator.world import HOUR, Settings
from fleet.warehouse import storage

DEFAULT_OUT = "data"
# All of these leave room for clocks that run wrong before the first day and for --days after it.
FIRST_START, LAST_START = date(2000, 1, 1), date(2099, 12, 31)


def _first_day(_context: click.Context, _option: click.Parameter, start: datetime) -> date:
    day = start.date()
    if not FIRST_START <= day <= LAST_START:
        raise click.BadParameter(f"{day} is not in the range {FIRST_START} to {LAST_START}.")
    return day


@click.command()
@click.option("--robots", default=40, show_default=True, type=click.IntRange(1, 5_000))
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 366))
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--start",
    default="2026-11-02",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_first_day,
    help="First day, from 00:00 UTC.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where landing/ and truth/ go.  [default: data/ of the project]",
)
@click.option(
    "--landing",
    metavar="s3://BUCKET/PREFIX",
    help="Where the events go instead of landing/.",
)
@click.option("--clean", is_flag=True, help="Nothing is lost, late, twice, broken or ill-timed.")
@click.option("--overwrite", is_flag=True, help="Replace the events an earlier run left there.")
def simulate(
    robots: int,
    days: int,
    seed: int,
    start: date,
    out: Path | None,
    landing: str | None,
    clean: bool,
    overwrite: bool,
) -> None:
    """Simulate a fleet: event files as they would land, and what really happened."""
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    out = out or project_dir / DEFAULT_OUT
    landing = landing and landing.rstrip("/")
    _make_room(out, landing, overwrite)

    settings = Settings(robots, days, seed, start, clean)
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
        land = None if landing is None else _into_objects(landing)
        with bar:
            task = bar.add_task("", total=settings.end / HOUR)
            result = simulate_fleet(
                settings, registry, out, lambda now: bar.update(task, completed=now / HOUR), land
            )
    except storage.StorageError as error:
        raise FleetError(_refused(landing, "written", error)) from error
    except OSError as error:
        raise FleetError(
            f"{error.filename or _shown(out)} cannot be written ({error.strerror}): "
            "free some space or choose another --out."
        ) from error
    _report(settings, result, out, landing)


def _make_room(out: Path, landing: str | None, overwrite: bool) -> None:
    """Make sure that the events do not mix with those of an earlier run."""
    if landing is not None:
        if not storage.is_s3(landing):
            raise FleetError(f"{landing} is no s3:// URL: for a folder, use --out.")
        try:
            files, top = storage.connect(f"{landing}/{EVENTS}")
            with storage.errors():
                is_empty = not files.find(top, max_items=1)
        except storage.StorageError as error:
            raise FleetError(_refused(landing, "listed", error)) from error
        if not is_empty:
            raise FleetError(
                f"{landing} already holds events: choose another --landing, or empty it first."
            )
        return
    folder = landing_folder(out)
    if folder.exists() and any(folder.rglob("*.ndjson.gz")):
        if not overwrite:
            raise FleetError(
                f"{_shown(folder)} already holds events: choose another --out, or replace them "
                "with --overwrite and load them into a new database."
            )
        shutil.rmtree(folder)


def _into_objects(landing: str) -> Write:
    """Write event files below an s3:// URL as Vector does."""
    files, top = storage.connect(f"{landing}/{EVENTS}")
    gzipped = {"ContentEncoding": "gzip", "ContentType": "application/x-ndjson"}

    def write(name: str, content: bytes) -> None:
        with storage.errors():
            files.pipe_file(f"{top}/{name}", content, **gzipped)

    return write


def _refused(landing: str | None, done: str, error: storage.StorageError) -> str:
    return (
        f"{landing} cannot be {done} ({error}): check the bucket's name, your AWS_ variables, and "
        "what your role may do."
    )


def _report(settings: Settings, result: Result, out: Path, landing: str | None) -> None:
    counts, outcomes = result.line_counts, result.outcomes
    fleet = _several(settings.robots, "robot")
    click.echo(
        f"Simulated {fleet} for {_several(settings.days, 'day')} from {settings.start}: "
        f"{_several(counts['emitted_lines'], 'event')}, "
        f"{_several(sum(outcomes.values()), 'delivery', 'deliveries')}, "
        f"{outcomes.get('failed', 0):,} of them failed."
    )
    place = f"{landing}/{EVENTS}" if landing else _shown(landing_folder(out))
    click.echo(
        f"Wrote {_several(counts['written_lines'], 'line')} in "
        f"{_several(result.file_count, 'file')} under {place}, "
        f"and what really happened to {_shown(out / 'truth')}."
    )
    # The path is only named where the project would not find the files by itself.
    place = landing or _shown(out / "landing")
    argument = "" if place == f"{DEFAULT_OUT}/landing" else f" --vars '{{landing_path: {place}}}'"
    click.echo(f"Next: dbt run-operation load_event_lines{argument}")


def _several(count: int, word: str, words: str | None = None) -> str:
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def _shown(path: Path) -> str:
    """The path as the user would type it."""
    absolute = path.resolve()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
