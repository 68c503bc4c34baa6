"""Two simulations of the same small fleet, one clean and one with every trouble."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from fleet.registry import Registry, load_registry
from fleet.simulator.simulation import Result, landing_folder, simulate_fleet
from fleet.simulator.world import Settings

ROOT = Path(__file__).parents[3]
START = date(2026, 11, 2)


@dataclass(frozen=True)
class Simulated:
    """One finished simulation."""

    out: Path
    settings: Settings
    result: Result

    def lines(self) -> Iterator[bytes]:
        """Every line of the landing folder."""
        for path in sorted(landing_folder(self.out).rglob("*.ndjson.gz")):
            yield from self.read(path)

    @staticmethod
    def read(path: Path) -> list[bytes]:
        """The lines of one file."""
        return gzip.decompress(path.read_bytes()).removesuffix(b"\n").split(b"\n")

    def events(self) -> list[dict[str, Any]]:
        """Every line as an event; for a clean log only."""
        events: list[dict[str, Any]] = [msgspec.json.decode(line) for line in self.lines()]
        return sorted(events, key=lambda event: (event["occurred_at"], event["seq"]))

    def truth(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query on the truth; a table is named as in `from deliveries`."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for path in (self.out / "truth").glob("*.parquet"):
                connection.execute(f"create view {path.stem} as from read_parquet('{path}')")
            return connection.execute(sql).fetchall()


Simulate = Callable[..., Simulated]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(ROOT)


@pytest.fixture(scope="session")
def simulate(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Simulate a fleet into a folder of its own."""

    def run(robots: int, seed: int, days: int = 1, clean: bool = False) -> Simulated:
        out = tmp_path_factory.mktemp("simulated")
        settings = Settings(robots, days, seed, START, clean)
        return Simulated(out, settings, simulate_fleet(settings, registry, out))

    return run


@pytest.fixture(scope="session")
def clean(simulate: Simulate) -> Simulated:
    return simulate(robots=8, seed=3, clean=True)


@pytest.fixture(scope="session")
def troubled(simulate: Simulate) -> Simulated:
    return simulate(robots=8, seed=3)
