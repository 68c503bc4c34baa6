"""A simulated fleet with its marts, as several benchmarks need it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import click
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from fleet.registry import load_registry
from fleet.simulator import troubles
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings

ROOT = Path(__file__).parents[1]
# Shares of lines and of robots that meet a trouble; see fleet/simulator/troubles.py.
TROUBLES = (
    *("LOST", "MALFORMED", "DAMAGED", "DUPLICATED", "DELAYED", "NOT_AN_OBJECT"),
    *("RETRIED_BATCH", "SKEWED_ROBOTS", "SILENT_ROBOTS", "BUFFERING_ROBOTS"),
)


@dataclass(frozen=True)
class Fleet:
    """One simulated fleet: its database with every mart, and what is true of it."""

    database: Path
    truth: Path


def build_fleet(folder: Path, settings: Settings, times_troubled: float = 1.0) -> Fleet:
    """Simulate a fleet into `folder`, load it and build every table.

    `times_troubled` multiplies the shares of troubled lines and robots. Raises ClickException with
    dbt's own messages when the build fails.
    """
    with ExitStack() as patches:
        for name in TROUBLES:
            share = min(getattr(troubles, name) * times_troubled, 1.0)
            patches.enter_context(mock.patch.object(troubles, name, share))
        simulate_fleet(settings, load_registry(ROOT), folder)
    fleet = Fleet(folder / "warehouse.duckdb", folder / "truth")
    run_dbt(fleet.database, "run-operation", "load_event_lines", landing=landing_folder(folder))
    run_dbt(fleet.database, "seed")
    run_dbt(fleet.database, "run", landing=landing_folder(folder))
    return fleet


def run_dbt(database: Path, *words: str, landing: Path = Path("data/landing")) -> None:
    """Run one dbt command on a database; raises ClickException when it fails."""
    folder = database.parent
    shutil.copy(ROOT / "profiles.yml.example", folder / "profiles.yml")
    errors: list[str] = []

    def collect(event: Any) -> None:
        if event.info.level == "error":
            errors.append(str(event.info.msg))

    with mock.patch.dict(os.environ, FLEET_DATABASE=str(database)):
        done = dbtRunner(callbacks=[collect]).invoke(
            [
                *words,
                *("--quiet", "--no-print", "--log-level-file", "none"),
                *("--project-dir", str(ROOT), "--profiles-dir", str(folder)),
                *("--target-path", str(folder / "target")),
                *("--vars", json.dumps({"landing_path": str(landing)})),
            ]
        )
    # dbt keeps its connection until its process ends; nobody else could open the file till then.
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
        DuckDBConnectionManager.close_all_connections()
    if not done.success:
        raise click.ClickException("\n".join(errors) or str(done.exception))
