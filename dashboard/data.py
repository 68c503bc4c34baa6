"""What the pages read: the marts of the project's dbt profile, with a short memory."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import streamlit as st

from fleet.lookup.stores import Marts, MartsError, Row, open_marts

ROOT = Path(__file__).parents[1]
# A nightly run on DuckDB keeps the file to itself; most wait for it without noticing.
WAIT_SECONDS = 10
REMEMBERED_SECONDS = 60
REMEMBERED_QUERIES = 300


@st.cache_resource(show_spinner=False)
def marts() -> Marts:
    return open_marts(ROOT, wait_seconds=WAIT_SECONDS)


@st.cache_data(ttl=REMEMBERED_SECONDS, max_entries=REMEMBERED_QUERIES, show_spinner=False)
def rows(sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
    """Rows of a query, see Marts.rows; the same query within a minute is not asked again."""
    return marts().rows(sql, parameters)


@st.cache_data(ttl=REMEMBERED_SECONDS, show_spinner=False)
def last_checks() -> Row | None:
    """What the data tests of the last night said; None where no run told or nobody may read it."""
    runs = marts().schema.removesuffix("_marts") + "_runs"
    try:
        found = marts().rows(f"select * from {runs}.checked_runs order by checked_at desc limit 1")
    except MartsError:
        return None
    # The ledgers of runs are in UTC, without saying so.
    return found[0] | {"checked_at": found[0]["checked_at"].replace(tzinfo=UTC)} if found else None
