"""A fleet of which every kind of failure is known to be in the log."""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner

from fleet_events.cli import main
from fleet_events.simulator.orders import DOOMS
from tests.python.conftest import Warehouse


@pytest.fixture(scope="session")
def doomed(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> tuple[Warehouse, Path]:
    """A clean log of two days on which a third of all deliveries fail, built; and its truth."""
    folder = tmp_path_factory.mktemp("doomed")
    rates = {doom: 0.65 if doom == "none" else 0.05 for doom in DOOMS}
    words = f"simulate --robots 10 --days 2 --seed 2 --clean --out {folder}"
    with mock.patch.dict(DOOMS, rates):
        done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 0, done.output
    warehouse = open_warehouse(folder)
    warehouse.load()
    warehouse("seed")
    warehouse("run")
    return warehouse, folder / "truth"
