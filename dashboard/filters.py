"""The choices above a page: days and market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import address, page_queries
from dashboard.data import rows
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain

SHOWN_DAYS = 14
# A day of which the log covers less than this of what it covers of the fullest is not whole.
WHOLE_SHARE = 0.75
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
        whole = whole_days(rows(page_queries.SUPPLY_BY_DAY, ("", "")))
        chosen = pick_days(first, last, max(whole[0], last - timedelta(days=SHOWN_DAYS - 1)))
    with right:
        market = address.select(
            "Market",
            [EVERY_MARKET, *markets],
            "market",
            format_func=lambda market: (
                plain(markets[market]["market_name"]) if market else "every market"
            ),
        )
    if chosen is None:
        st.info("Choose the last day, too.")
        return None
    chosen_markets = [markets[market]] if market else markets.values()
    zones = {str(row["time_zone"]) for row in chosen_markets}
    return Choice(*chosen, market, tuple(sorted(zones)))


def pick_days(first: date, last: date, usual_first: date) -> tuple[date, date] | None:
    """Draw the choice of days, from `usual_first` on by default; None for half a choice."""
    usual = (usual_first, last)
    # Between the first and the second click the control holds one day.
    if len(st.session_state.get("days") or ()) != 1:
        st.session_state["days"] = days_of(address.get("days"), first, last) or usual

    def keep() -> None:
        days = st.session_state["days"]
        if len(days) == 2:
            address.put("days", said_days(*days), said_days(*usual))

    chosen = st.date_input(
        "Days, by the clock of each market",
        min_value=first,
        max_value=last,
        key="days",
        on_change=address.by_reader("days", keep),
    )
    return chosen if isinstance(chosen, tuple) and len(chosen) == 2 else None


def whole_days(supply: list[Row]) -> list[date]:
    """The days that the log covers, of rows of SUPPLY_BY_DAY: its first and last may be parts."""
    fullest = max(float(row["observed_hours"]) for row in supply)
    return [
        row["local_date"] for row in supply if float(row["observed_hours"]) >= WHOLE_SHARE * fullest
    ]


def said_days(first: date, last: date) -> str:
    """Days as the address has them, such as 2026-11-02..2026-11-08."""
    return f"{first}..{last}"


def days_of(said: str, first: date, last: date) -> tuple[date, date] | None:
    """The days that the address names, within those that there are; None where it names none."""
    start, _, end = said.partition("..")
    try:
        days = date.fromisoformat(start), date.fromisoformat(end or start)
    except ValueError:
        return None
    start_day, end_day = max(days[0], first), min(days[1], last)
    return (start_day, end_day) if start_day <= end_day else None
