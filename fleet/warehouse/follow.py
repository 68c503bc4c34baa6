"""`fleet follow`: sessions a few seconds after their events have landed, on DuckDB."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from fleet.errors import FleetError
from fleet.lookup.queries import LOADED_UNTIL
from fleet.lookup.stores import Marts, open_marts
from fleet.lookup.wording import age, plain
from fleet.project import find_project_dir
from fleet.warehouse.dbt_runner import DbtRunner
from fleet.warehouse.event_files import Reader
from fleet.warehouse.storage import StorageError, StoredFile

UNITS = {"s": 1, "m": 60, "h": 3600}
# The page and a night keep the file for seconds: what they read or write comes first.
WAIT_SECONDS = 30


def _seconds(_context: click.Context, _option: click.Parameter, value: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", value)
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds < 1:
        raise click.BadParameter(f"{value} is no time of a second or more such as 10s, 2m or 1h.")
    return seconds


@dataclass
class Follower:
    """Loads what is new in a landing folder and rebuilds the sessions that it affects.

    Attributes:
        dbt: the project, parsed.
        marts: where its marts are read.
        landing: folder or s3:// URL of the event files.
        say: takes each line for the user.
    """

    dbt: DbtRunner
    marts: Marts
    landing: str
    say: Callable[[str], None]
    _seen: frozenset[StoredFile] | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Make the tables that all else needs: a first time, or after an upgrade."""
        self._run("run-operation", "load_event_lines")
        self._run("seed")

    def step(self) -> bool:
        """Load and build, unless the landing folder is as it was; whether there was anything to do.

        The database is open only while there is. Raises FleetError, after which the next step
        does the same work again.
        """
        began = time.monotonic()
        found = frozenset(Reader(self.landing).find())
        if found == self._seen:
            return False
        self._run("run-operation", "load_event_lines")
        self._run("run", "--selector", "intraday")
        self._seen = found
        (until,) = self.marts.rows(LOADED_UNTIL)
        now = datetime.now(UTC)
        newest = f"newest event {age(until['event_at'], now)}" if until["event_at"] else "no event"
        self.say(
            f"{now:%H:%M:%S} UTC  sessions built in {time.monotonic() - began:.1f} s; {newest}."
        )
        return True

    def _run(self, *words: str) -> None:
        self.dbt(*words, variables={"landing_path": self.landing})


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
    dbt = DbtRunner(project_dir, profiles_dir, os.environ.get("DBT_TARGET"))
    if dbt.parse().metadata.adapter_type != "duckdb":
        raise FleetError(
            "`fleet follow` loads files into DuckDB; on Redshift run `dbt run --selector intraday` "
            "from a scheduler, as docs/schedules.md says."
        )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    click.echo(f"Following {plain(landing)}; Ctrl-C stops it after what it is doing.")
    follower = Follower(dbt, marts, landing, click.echo)
    is_prepared = False
    while not stopped.is_set():
        began = time.monotonic()
        try:
            if not is_prepared:
                follower.prepare()
                is_prepared = True
            follower.step()
        except (FleetError, StorageError) as error:
            click.echo(f"{_in_one_line(error)} Trying again in {every:g} s.", err=True)
        stopped.wait(max(0.0, every - (time.monotonic() - began)))
    click.echo("Stopped; a later `fleet follow` or `dbt build` goes on from here.")


def _in_one_line(error: Exception) -> str:
    text = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())
    return text if text.endswith(".") else f"{text}."
