"""The months that the look-up is timed on are days of one fleet, each with ids of its own."""

from pathlib import Path

import duckdb

from benchmarks.lookup import FLEETS, MART, SHUFFLED, measure, multiply, query, some_ids
from tests.python.conftest import Warehouse


def test_each_day_is_a_copy_under_other_ids(
    failing: tuple[Warehouse, Path], tmp_path: Path
) -> None:
    database = tmp_path / "months.duckdb"
    ((events, sessions),) = failing[0].rows(
        "select (select count(*) from fleet_marts.delivery_session_events),"
        " (select count(*) from fleet_marts.delivery_sessions)"
    )
    days = multiply(failing[0].database, database, rows=events * FLEETS + 1)
    assert days == 2
    with duckdb.connect(database, read_only=True) as connection:
        counted = connection.execute(
            "select count(*), count(distinct (delivery_id, event_id)), count(distinct delivery_id)"
            " from fleet_marts.delivery_session_events"
        ).fetchall()
    assert counted == [(events * FLEETS * days, events * FLEETS * days, sessions * FLEETS * days)]
    # Each look-up checks that it found as many events as the session says it has.
    for delivery_id in some_ids(database, "delivery_id", 3):
        for table in (MART, SHUFFLED):
            for is_bounded in (True, False):
                assert query(database, delivery_id, table, is_bounded) > 0
    # Each way to ask is answered.
    assert all(len(cold) == len(warm) == 1 for cold, warm in measure(database, ids=1).values())
