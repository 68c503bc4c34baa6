"""The marts equal an oracle without SQL: random worlds with every trouble, in one build.

`test_builds.py` holds those of the Redshift stand-in against the same oracle.
"""

import ast
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.python.conftest import Warehouse
from tests.python.nightly.nights import Fleet, write
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import worlds as any_world
from tests.python.nightly.worlds import World, markets
from tests.python.oracle.comparison import compare, tables

FOLDER = Path(__file__).parent
ORACLE = ("log.py", "robots.py", "deliveries.py")
DIFFERENCES_SHOWN = 5


def random_worlds(number: int, count: int) -> tuple[World, ...]:
    """So many worlds, the same ones for the same number."""
    found: list[World] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(any_world)
    def draw(world: World) -> None:
        found.append(world)

    draw()
    return tuple(found)


def build(warehouse: Warehouse, worlds: tuple[World, ...]) -> None:
    """Load all lines of the worlds at once and build every table."""
    warehouse("seed")
    warehouse.load()
    with duckdb.connect(warehouse.database) as connection:
        connection.executemany(
            f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})",
            list(markets(len(worlds))),
        )
    write(warehouse.database, Fleet(worlds, nights=1).loads()[0])
    warehouse("run")


def test_every_mart_of_random_worlds_equals_the_oracle(dbt: Warehouse) -> None:
    build(dbt, (*NAMED, *random_worlds(17, 150)))
    found = list(compare(tables(dbt.database)))
    assert not found, "\n".join([f"{len(found)} rows differ", *found[:DIFFERENCES_SHOWN]])


@pytest.mark.usefixtures("open_warehouse")
@pytest.mark.parametrize("fleet", ["clean", "troubled"])
def test_every_mart_of_a_simulated_fleet_equals_the_oracle(
    fleet: str, request: pytest.FixtureRequest
) -> None:
    warehouse, _ = request.getfixturevalue(fleet)
    found = list(compare(tables(warehouse.database)))
    assert not found, "\n".join([f"{len(found)} rows differ", *found[:DIFFERENCES_SHOWN]])


def test_the_oracle_knows_nothing_of_the_models() -> None:
    for name in ORACLE:
        text = (FOLDER / name).read_text("utf-8")
        imported = [
            node.module or ""
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom)
        ]
        assert "duckdb" not in text
        assert not [module for module in imported if "warehouse" in module or "dbt" in module]
