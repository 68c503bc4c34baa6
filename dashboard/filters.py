"""The choices above a page: days and market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from dashboard import page_queries
from dashboard.data import rows
from fleet.lookup.wording import plain

SHOWN_DAYS = 14
EVERY_MARKET = ""


@dataclass(frozen=True)
class Choice:
    """UTC days, both included, and a market; "" for every market."""

    first: date
    last: date
    market: str

    @property
    def days(self) -> tuple[date, date, str, str]:
        """As the parameters of a query on daily marts."""
        return self.first, self.last, self.market, self.market

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The days as times, the end exclusive."""
        start, end = (
            datetime.combine(day, time(), UTC)
            for day in (self.first, self.last + timedelta(days=1))
        )
        return start, end

    @property
    def times(self) -> tuple[datetime, datetime, str, str]:
        """As the parameters of a query on times."""
        return *self.window, self.market, self.market


def pick() -> Choice | None:
    """Draw the choices; None, and a word on it, while there are no days or half a choice."""
    (days,) = rows(page_queries.DAYS)
    first, last = days["first_date"], days["last_date"]
    if last is None:
        st.info("Nothing is loaded yet.")
        return None
    markets = [EVERY_MARKET, *(str(row["market"]) for row in rows(page_queries.MARKETS))]
    left, right = st.columns([1, 1])
    with left:
        start = max(first, last - timedelta(days=SHOWN_DAYS - 1))
        chosen = st.date_input(
            "UTC days", (start, last), min_value=first, max_value=last, key="days"
        )
    with right:
        market = st.selectbox(
            "Market",
            markets,
            format_func=lambda market: plain(market) or "every market",
            key="market",
            bind="query-params",
        )
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info("Choose the last day, too.")
        return None
    return Choice(*chosen, market)
