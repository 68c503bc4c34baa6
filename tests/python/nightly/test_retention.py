"""Raw lines are trimmed, and no table changes: not then, nor in the nights to come."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import Warehouse
from tests.python.nightly.differences import differences, tables
from tests.python.nightly.nights import Fleet, Nights, write
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED
from tests.python.nightly.worlds import markets

pytestmark = pytest.mark.soak
# A third of the ways to be late: a run over all of them takes twice as long.
FLEET = Fleet(NAMED[::3], nights=2)
RAW = ("event_lines", "rejected_lines", "loaded_files")
# What a trim takes from old lines.
TRIMMED = {"data", "payload"}


@dataclass
class Trimmed:
    """Twins that had the same nights: one was trimmed between them.

    twin     tables of the one that was not
    before, after  tables of the trimmed one: after the trim, and after the night that followed
    """

    warehouse: Warehouse
    export: Path
    printed: str
    twin_before: Mapping[str, pa.Table]
    twin: Mapping[str, pa.Table]
    before: Mapping[str, pa.Table]
    after: Mapping[str, pa.Table]
    raw: dict[str, list[Any]] = field(default_factory=dict)

    def rows(self, sql: str) -> list[Any]:
        return self.warehouse.rows(sql)


def without_payload(of: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    return {
        name: table.select(
            [label for label in table.schema.names if label.split(": ")[0] not in TRIMMED]
        )
        for name, table in of.items()
    }


def write_later(database: Path, night: list[Any]) -> None:
    """Loads of today: a trim of yesterday leaves them alone."""
    with duckdb.connect(database) as connection:
        known = connection.execute("select max(loaded_at) from event_log.loaded_files").fetchone()
    assert known
    write(database, night)
    with duckdb.connect(database) as connection:
        for table in RAW:
            connection.execute(
                f"update event_log.{table} set loaded_at = loaded_at - $1::timestamp"
                " + date_trunc('day', now()::timestamp) where loaded_at > $1",
                list(known),
            )


@pytest.fixture(scope="module")
def trimmed(
    nights: Nights,
    open_warehouse: Callable[[Path], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Trimmed:
    folder = tmp_path_factory.mktemp("trimmed")
    first, second = FLEET.loads()
    twin, warehouse = (open_warehouse(folder / name) for name in ("twin", "trimmed"))
    shutil.copy(nights.template, twin.database)
    with duckdb.connect(twin.database) as connection:
        connection.executemany(
            f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})",
            list(markets(len(FLEET.worlds))),
        )
    write(twin.database, first)
    twin("run")
    shutil.copy(twin.database, warehouse.database)
    twin_before = tables(twin.database)

    export = folder / "exports"
    arguments = f'{{"days": 1, "export_to": "{export}"}}'
    export.mkdir()
    printed: list[str] = []
    warehouse("run-operation", "trim_raw_lines", "--args", arguments)
    printed += [str(path) for path in export.iterdir()]
    before = tables(warehouse.database)

    raw = {}
    for each in (twin, warehouse):
        write_later(each.database, second)
        each("run")
        raw[each.database.parent.name] = each.rows(
            "select loaded_at, count(*) from event_log.event_lines group by 1 order by 1"
        )
    return Trimmed(
        warehouse,
        export,
        printed[0],
        twin_before,
        tables(twin.database),
        before,
        tables(warehouse.database),
        raw,
    )


def test_raw_lines_and_payloads_are_gone(trimmed: Trimmed) -> None:
    kept = [load for load in trimmed.raw["twin"] if load in trimmed.raw["trimmed"]]
    assert kept == trimmed.raw["trimmed"]
    assert len(kept) < len(trimmed.raw["twin"])
    held = trimmed.rows(
        "select count(*) filter (where loaded_at < horizon),"
        " count(data) filter (where loaded_at < horizon and quarantine_reason is null),"
        " count(data) filter (where loaded_at >= horizon)"
        " from fleet_staging.base_event_log__typed_lines, fleet_runs.horizons"
    )[0]
    assert held[0] > 400
    assert held[1] == 0
    assert held[2] > 50


def test_no_table_changes_with_the_trim(trimmed: Trimmed) -> None:
    assert not differences(without_payload(trimmed.before), without_payload(trimmed.twin_before))


def test_nights_go_on_as_without_it(trimmed: Trimmed) -> None:
    # With lines that come late for nearly everything that was trimmed.
    grown = [
        name
        for name, table in trimmed.twin.items()
        if table.num_rows != trimmed.twin_before[name].num_rows
    ]
    assert len(grown) > 20
    found = differences(without_payload(trimmed.after), without_payload(trimmed.twin))
    assert not found, "\n".join(map(str, found))


def test_later_tables_can_be_refreshed_without_the_raw_lines(trimmed: Trimmed) -> None:
    trimmed.warehouse("run", "--full-refresh", "--exclude", "base_event_log__typed_lines")
    refreshed = tables(trimmed.warehouse.database)
    found = differences(without_payload(refreshed), without_payload(trimmed.twin))
    assert not found, "\n".join(map(str, found))
    trimmed.warehouse("test", "--select", "path:tests/data_tests")


def test_a_backfill_of_trimmed_loads_is_refused(trimmed: Trimmed) -> None:
    with pytest.raises(DbtError, match="were trimmed, and backfill_from is earlier"):
        trimmed.warehouse(
            "run",
            "--selector",
            "backfill",
            backfill_from="2026-01-01 00:00:00",
            backfill_to="2026-01-02 00:00:00",
        )


def test_a_full_refresh_begins_at_the_horizon_and_says_so(trimmed: Trimmed) -> None:
    said: list[str] = []

    def listen(event: Any) -> None:
        if event.info.name == "JinjaLogWarning":
            said.append(event.info.msg)

    trimmed.warehouse("run", "--full-refresh", callbacks=[listen])
    (sentence,) = said
    assert "so this full refresh begins there" in sentence
    loads = "select count(distinct loaded_at) from fleet_staging.base_event_log__lines"
    assert trimmed.rows(loads)[0][0] == len(trimmed.raw["trimmed"])
    trimmed.warehouse("test", "--select", "path:tests/data_tests")


def test_what_was_exported_comes_back_as_it_was(trimmed: Trimmed) -> None:
    arguments = f'{{"export": "{trimmed.printed}"}}'
    trimmed.warehouse("run-operation", "restore_raw_lines", "--args", arguments)
    trimmed.warehouse("run", "--full-refresh")
    found = differences(tables(trimmed.warehouse.database), trimmed.twin)
    assert not found, "\n".join(map(str, found))


def test_lines_that_no_run_has_read_are_not_trimmed(
    nights: Nights, open_warehouse: Callable[[Path], Warehouse], tmp_path: Path
) -> None:
    warehouse = open_warehouse(tmp_path)
    shutil.copy(nights.template, warehouse.database)
    warehouse("run", "--select", "base_event_log__typed_lines", "--empty")
    write(warehouse.database, FLEET.loads()[0][:1])
    arguments = f'{{"days": 1, "export_to": "{tmp_path}/exports"}}'
    with pytest.raises(DbtError, match="were read by no run yet"):
        warehouse("run-operation", "trim_raw_lines", "--args", arguments)
