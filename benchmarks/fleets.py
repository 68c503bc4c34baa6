"""A simulated fleet with its marts, as several benchmarks need it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.dbt_runner import DbtRunner

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Fleet:
    """One simulated fleet: its database with every mart, and what is true of it."""

    database: Path
    truth: Path


def build_fleet(folder: Path, settings: Settings) -> Fleet:
    """Simulate a fleet into `folder`, load it and build every table.

    Raises DbtError when the build fails.
    """
    simulate_fleet(settings, load_registry(ROOT), folder)
    fleet = Fleet(folder / "warehouse.duckdb", folder / "truth")
    run_dbt(fleet.database, "run-operation", "load_event_lines", landing=landing_folder(folder))
    run_dbt(fleet.database, "seed")
    run_dbt(fleet.database, "run", landing=landing_folder(folder))
    return fleet


def run_dbt(database: Path, *words: str, landing: Path = Path("data/landing")) -> None:
    """Run one dbt command on a database; raises DbtError when it fails."""
    folder = database.parent
    shutil.copy(ROOT / "profiles.yml.example", folder / "profiles.yml")
    dbt = DbtRunner(ROOT, folder)
    with mock.patch.dict(os.environ, FLEET_DATABASE=str(database)):
        dbt(*words, "--no-print", variables={"landing_path": str(landing)})
