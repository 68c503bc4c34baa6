"""Fixtures for tests of nightly runs, and a last word on how much they ran."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.python.conftest import Warehouse
from tests.python.nightly.nights import Nights

_COUNTED = pytest.StashKey[Nights]()


@pytest.fixture(scope="session")
def nights(
    tmp_path_factory: pytest.TempPathFactory,
    open_warehouse: Callable[[Path], Warehouse],
    seeded_database: Path,
    request: pytest.FixtureRequest,
) -> Nights:
    """Databases to run nights in, copied from one with seeds and empty raw tables."""
    nights = Nights(open_warehouse, seeded_database, tmp_path_factory.mktemp("nights"))
    request.config.stash[_COUNTED] = nights
    return nights


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how many worlds were compared with a full refresh."""
    counted = config.stash.get(_COUNTED, None)
    if counted and counted.worlds:
        terminalreporter.write_line(
            f"Nightly runs: {len(counted.worlds)} different worlds against a full refresh, "
            f"{counted.runs} runs of dbt."
        )
