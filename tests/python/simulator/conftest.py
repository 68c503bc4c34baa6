"""Two simulations of the same small fleet, one clean and one with every trouble."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import msgspec
import pytest

from fleet.registry import Registry, load_registry
from fleet.simulator.incidents import RATES
from fleet.simulator.orders import INJECTED_CAUSES
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

    def run(
        robots: int,
        seed: int,
        days: int = 1,
        clean: bool = False,
        times_varied: float | None = None,
    ) -> Simulated:
        out = tmp_path_factory.mktemp("simulated")
        settings = Settings(robots, days, seed, START, clean, times_varied=times_varied)
        return Simulated(out, settings, simulate_fleet(settings, registry, out))

    return run


@pytest.fixture(scope="session")
def clean(simulate: Simulate) -> Simulated:
    return simulate(robots=8, seed=3, clean=True)


@pytest.fixture(scope="session")
def varied(simulate: Simulate) -> Simulated:
    """A clean log of a fleet that fails often, in every usual and unusual way."""
    causes = {cause: 0.72 if cause == "none" else 0.04 for cause in INJECTED_CAUSES}
    with mock.patch.dict(INJECTED_CAUSES, causes), mock.patch.dict(RATES, dark=0.4):
        return simulate(robots=16, seed=3, clean=True, times_varied=2)


@pytest.fixture(scope="session")
def troubled(simulate: Simulate) -> Simulated:
    return simulate(robots=8, seed=3)
