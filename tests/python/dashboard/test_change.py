"""The steps of a change of supply hours add up to it, on a built fleet."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard import page_queries
from fleet.lookup.stores import DuckDBMarts
from tests.python.conftest import Warehouse


@pytest.mark.parametrize("by", ["reason", *page_queries.CHANGE_BY])
def test_steps_add_up_to_the_change(troubled: tuple[Warehouse, Path], by: str) -> None:
    marts = DuckDBMarts(troubled[0].database)
    days: dict[date, Any] = {
        row["local_date"]: row["usable_hours"]
        for row in marts.rows(page_queries.SUPPLY_BY_DAY, ("", ""))
    }
    first, last = min(days), max(days)
    sql = page_queries.CHANGE_BY_REASON if by == "reason" else page_queries.CHANGE_BY[by]
    steps = marts.rows(sql, (last, first, last, "", "", last))
    change = sum(float(step["seconds_change"]) for step in steps) / 3600
    assert abs(change) > 1
    assert change == pytest.approx(days[last] - days[first])
