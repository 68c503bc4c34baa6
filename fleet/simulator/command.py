"""`fleet simulate`."""

import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.registry import Registry, load_registry
from fleet.simulator.simulation import EVENTS, Result, landing_folder, simulate_fleet
from fleet.simulator.transport import Write
from fleet.simulator.world import DAY, HOUR, SECOND, Settings
from fleet.warehouse import storage

DEFAULT_OUT = "data"
LIVE_DAYS = 3
LIVE_BATCH = 15 * SECOND
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
@click.option(
    "--troubles",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    help="How many times the usual troubles of lines, clocks, robots and people.",
)
@click.option(
    "--variety",
    type=click.FloatRange(min=0),
    help="How many times as often as usual the unusual happens.  [default: as the troubles]",
)
@click.option("--overwrite", is_flag=True, help="Replace the events an earlier run left there.")
@click.option(
    "--live",
    type=click.FloatRange(1, 3600),
    metavar="SPEED",
    help="Yesterday at once, today SPEED times as fast as the clock, then as time goes by.",
)
@click.pass_context
def simulate(
    context: click.Context,
    robots: int,
    days: int,
    seed: int,
    start: date,
    out: Path | None,
    landing: str | None,
    clean: bool,
    troubles: float,
    variety: float | None,
    overwrite: bool,
    live: float | None,
) -> None:
    """Simulate a fleet: event files as they would land, and what really happened."""
    if live is not None:
        given = {
            option
            for option in ("start", "days", "landing")
            if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
        }
        if given:
            raise click.UsageError(f"--live goes without --{min(given)}: it has days of its own.")
        days, start = LIVE_DAYS, datetime.now(UTC).date() - timedelta(days=1)
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    out = out or project_dir / DEFAULT_OUT
    landing = landing and landing.rstrip("/")
    _make_room(out, landing, overwrite)

    settings = Settings(robots, days, seed, start, clean, troubles, variety)
    if live is not None:
        _simulate_live(settings, registry, out, live)
        return
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


def _simulate_live(settings: Settings, registry: Registry, out: Path, speed: float) -> None:
    """Write events as they happen, until stopped or the last day is over."""
    click.echo(
        f"Writing events of {settings.robots} robots to {_shown(landing_folder(out))} as they "
        "happen; Ctrl-C stops it."
    )
    pace = Pace(settings.start_at, DAY, speed)
    # A short file every few seconds, as a stream would bring them.
    simulate_fleet(settings, registry, out, pace.wait, batch=LIVE_BATCH)


class Pace:
    """Keeps simulated time at the pace of the clock, or behind it and catching up.

    Args:
        start_at: first instant of the simulation, UTC.
        history: milliseconds of the simulation that pass at once.
        speed: how many times as fast as the clock it goes from there until it has caught up.
    """

    def __init__(self, start_at: datetime, history: int, speed: float) -> None:
        self._start_at = start_at
        self._history = history
        self._speed = speed
        self._began: float | None = None

    def wait(self, now: int) -> None:
        """Sleep until the clock is where `now` is, milliseconds since the start."""
        if now < self._history:
            return
        if self._began is None:
            self._began = time.monotonic()
        ahead = (now - self._history) / 1000 / self._speed - (time.monotonic() - self._began)
        happens_in = (self._start_at - datetime.now(UTC)).total_seconds() + now / 1000
        time.sleep(max(0.0, ahead, happens_in))


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

    def write(name: str, content: bytes, _at: datetime) -> None:
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
