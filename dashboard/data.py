"""What the pages read: the marts of the project's dbt profile, with a short memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fleet.lookup.stores import Marts, Row, open_marts

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
