"""`fleet follow`: sessions a few seconds after their events have landed, on DuckDB."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from fleet.duckdb_file import DatabaseBusyError, open_database
from fleet.errors import FleetError
from fleet.lookup.queries import LOADED_UNTIL
from fleet.lookup.stores import READ_ONLY, DuckDBMarts, open_marts
from fleet.lookup.wording import age, plain
from fleet.project import find_project_dir
from fleet.warehouse.dbt_runner import DbtRunner
from fleet.warehouse.event_files import Reader
from fleet.warehouse.storage import StorageError, StoredFile

UNITS = {"s": 1, "m": 60, "h": 3600}
# For as long as a small night may write the file.
WAIT_SECONDS = 30
COPIED_UP_TO_BYTES = 4 << 30
SETTLE_SECONDS = 1
"""A file is read once nobody has written to it for so long; one that grows later is read again."""


def _seconds(_context: click.Context, _option: click.Parameter, value: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", value)
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds < 1:
        raise click.BadParameter(f"{value} is no time of a second or more such as 10s, 2m or 1h.")
    return seconds


@contextmanager
def next_version(database: Path) -> Iterator[Path]:
    """A copy of a DuckDB file to write to, which takes the file's place in the end.

    Readers use the file meanwhile; whoever wants to write it is refused, as he would be if it were
    written in place. A file of more than COPIED_UP_TO_BYTES is: to copy it takes too long. After
    an error the file is as it was. Raises DatabaseError when it is in use by a writer.
    """
    with alone(database):
        yield from _next_version(database)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Keep a second `fleet follow` out, which would write the same copy.

    Raises DatabaseBusyError when there is one. The lock ends with the process, however it ends.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(database.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatabaseBusyError(
                f"Another `fleet follow` writes in {plain(str(database.parent))}; stop one of both."
            ) from error
        yield
    finally:
        os.close(folder)


def _next_version(database: Path) -> Iterator[Path]:
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        # Left by a writer that was killed; to open the file brings the two together.
        open_database(database, {}, wait_seconds=WAIT_SECONDS).close()
    if database.exists() and database.stat().st_size > COPIED_UP_TO_BYTES:
        yield database
        return
    # DuckDB names a catalog after its file, and views name their catalog.
    copy = database.parent / ".following" / database.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir(parents=True)
    with ExitStack() as held:
        if database.exists():
            held.enter_context(
                open_database(database, READ_ONLY, read_only=True, wait_seconds=WAIT_SECONDS)
            )
            # By another process: a lock of this one would end with the first descriptor it closes.
            subprocess.run(["cp", str(database), str(copy)], check=True)
        yield copy
        if copy.exists():
            copy.replace(database)
    shutil.rmtree(copy.parent, ignore_errors=True)


@dataclass
class Follower:
    """Loads what is new in a landing folder and rebuilds the sessions that it affects.

    Attributes:
        dbt: the project, parsed, with a profile that takes its file from FLEET_DATABASE.
        marts: where its marts are read.
        landing: folder or s3:// URL of the event files.
        say: takes each line for the user.
    """

    dbt: DbtRunner
    marts: DuckDBMarts
    landing: str
    say: Callable[[str], None]
    _seen: frozenset[StoredFile] | None = field(default=None, init=False)

    def step(self) -> bool:
        """Load and build, unless the landing folder is as it was; whether there was anything to do.

        Raises FleetError or StorageError, after which the next step does the same work again.
        """
        began = time.monotonic()
        try:
            reader = Reader(self.landing)
            found = frozenset(reader.find().files)
        except FileNotFoundError:
            raise FleetError(
                f"There is no folder {plain(self.landing)}: name yours with --landing."
            ) from None
        if found == self._seen:
            return False
        while reader.young(found - (self._seen or frozenset()), SETTLE_SECONDS):
            time.sleep(SETTLE_SECONDS / 20)
        with next_version(self.marts.database) as database:
            self._run(database, "run-operation", "load_event_lines")
            if self._seen is None:
                # A first time, or after an upgrade.
                self._run(database, "seed")
            self._run(database, "run", "--selector", "intraday")
        self._seen = found
        (until,) = self.marts.rows(LOADED_UNTIL)
        now = datetime.now(UTC)
        newest = f"newest event {age(until['event_at'], now)}" if until["event_at"] else "no event"
        self.say(
            f"{now:%H:%M:%S} UTC  sessions built in {time.monotonic() - began:.1f} s; {newest}."
        )
        return True

    def _run(self, database: Path, *words: str) -> None:
        with environment(FLEET_DATABASE=str(database)):
            self.dbt(
                *words,
                variables={"landing_path": self.landing, "file_settle_seconds": SETTLE_SECONDS},
            )


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Environment variables that are as before afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@click.command()
@click.option(
    "--every",
    callback=_seconds,
    default="10s",
    show_default=True,
    help="How often to look for new files.",
)
@click.option("--landing", help="Folder or s3:// URL.  [default: data/landing of the project]")
def follow(every: float, landing: str | None) -> None:
    """Load event files as they land and rebuild the sessions they affect, until stopped.

    Daily marts and ledgers are built by the night, `dbt build --selector nightly`.
    """
    project_dir = find_project_dir()
    profiles_dir = Path(os.environ.get("DBT_PROFILES_DIR", project_dir))
    landing = landing or str(project_dir / "data" / "landing")
    marts = open_marts(project_dir, wait_seconds=WAIT_SECONDS)
    if not isinstance(marts, DuckDBMarts):
        raise FleetError(
            "`fleet follow` loads files into DuckDB; on Redshift run `dbt run --selector intraday` "
            "from a scheduler, as docs/schedules.md says."
        )
    with environment(FLEET_DATABASE="elsewhere.duckdb"):
        moved = open_marts(project_dir)
    if not isinstance(moved, DuckDBMarts) or moved.database.name != "elsewhere.duckdb":
        raise FleetError(
            "The profile names its DuckDB file; let it take the file from FLEET_DATABASE, as "
            "profiles.yml.example does, so that `fleet follow` can write a copy while others read."
        )
    dbt = DbtRunner(project_dir, profiles_dir, os.environ.get("DBT_TARGET"))
    dbt.parse()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    click.echo(f"Following {plain(landing)}; Ctrl-C stops it after what it is doing.")
    follower = Follower(dbt, marts, landing, click.echo)
    while not stopped.is_set():
        began = time.monotonic()
        try:
            follower.step()
        except (FleetError, StorageError) as error:
            click.echo(f"{_in_one_line(error)} Trying again in {every:g} s.", err=True)
        stopped.wait(max(0.0, every - (time.monotonic() - began)))
    click.echo("Stopped; a later `fleet follow` or `dbt build` goes on from here.")


def _in_one_line(error: Exception) -> str:
    text = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())
    return text if text.endswith(".") else f"{text}."
