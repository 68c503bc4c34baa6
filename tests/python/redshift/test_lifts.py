"""Hours of real machines, the lifts of tests/python/dbt/test_lifts.py: as on DuckDB."""

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from tests.python.conftest import Warehouse
from tests.python.dbt.test_lifts import DATA, event_lines
from tests.python.nightly.differences import differences
from tests.python.redshift.both_engines import BothEngines
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public test data is not beside the project"
)


# One lift in so many: on DuckDB all are counted, and none depends on another.
SHARE = 8


def is_compared(robot_id: str | None) -> bool:
    return robot_id is None or crc32(robot_id.encode()) % SHARE == 0


@pytest.mark.soak
def test_supply_hours_of_lifts_are_those_of_duckdb(
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
    open_redshift: Callable[[str], RedshiftWarehouse],
    standin: StandIn,
) -> None:
    standin.clear()
    both = BothEngines(
        open_warehouse(tmp_path / "duckdb"), open_redshift("fleet"), standin, tmp_path
    )
    lines = [line for line in event_lines() if is_compared(line.get("robot_id"))]
    robots = {
        line["robot_id"]
        for line in lines
        if "robot_id" in line and line["data"]["to_state"] != "retired"
    }
    both.duck.land("lifts.ndjson.gz", lines)
    both.load()
    only_tables = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    for engine in (both.duck, both.redshift):
        engine("build", "--select", "+supply_hours", *only_tables, robots_send_heartbeats=False)
    ducks, others = both.tables()
    assert not differences(ducks, others), "\n".join(map(str, differences(ducks, others)))
    # Every lift that was in the fleet, for hundreds of hours.
    hours = others["fleet_marts.supply_hours"]
    (robot_id,) = (name for name in hours.column_names if name.startswith("robot_id:"))
    assert set(hours.column(robot_id).to_pylist()) == robots
    assert hours.num_rows > 100 * len(robots) > 0
