"""The choices above a page: days and market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import page_queries
from dashboard.data import rows
from fleet.lookup.wording import plain

SHOWN_DAYS = 14
EVERY_MARKET = ""


@dataclass(frozen=True)
class Choice:
    """Local days of the markets, both included, and a market; "" for every market."""

    first: date
    last: date
    market: str
    time_zones: tuple[str, ...]

    @property
    def days(self) -> tuple[date, date, str, str]:
        """As the parameters of a query on daily marts."""
        return self.first, self.last, self.market, self.market

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The days of all markets chosen as times, the end exclusive."""
        starts, ends = (
            [datetime.combine(day, time(), ZoneInfo(zone)) for zone in self.time_zones]
            for day in (self.first, self.last + timedelta(days=1))
        )
        return min(starts), max(ends)


def pick() -> Choice | None:
    """Draw the choices; None, and a word on it, while there are no days or half a choice."""
    (days,) = rows(page_queries.DAYS)
    first, last = days["first_date"], days["last_date"]
    if last is None:
        st.info("Nothing is loaded yet.")
        return None
    markets = {str(row["market"]): row for row in rows(page_queries.MARKETS)}
    left, right = st.columns([1, 1])
    with left:
        start = max(first, last - timedelta(days=SHOWN_DAYS - 1))
        chosen = st.date_input(
            "Days, by the clock of each market",
            (start, last),
            min_value=first,
            max_value=last,
            key="days",
        )
    with right:
        market = st.selectbox(
            "Market",
            [EVERY_MARKET, *markets],
            format_func=lambda market: (
                plain(markets[market]["market_name"]) if market else "every market"
            ),
            key="market",
            bind="query-params",
        )
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.info("Choose the last day, too.")
        return None
    chosen_markets = [markets[market]] if market else markets.values()
    zones = {str(row["time_zone"]) for row in chosen_markets}
    return Choice(*chosen, market, tuple(sorted(zones)))
