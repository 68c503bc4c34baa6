"""Why usable supply hours changed from one day to another, as steps that add up."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboard import address, page_queries
from dashboard.data import rows
from dashboard.markup import Bar, Step, note, waterfall
from dashboard.markup import show as show_markup
from dashboard.views.today import last_whole_day
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain

BY = {"reason": "by reason", "robot_id": "by robot", "market": "by market"}
# Smaller steps are drawn as one.
SHOWN_STEPS = 14


def show() -> None:
    market = address.get("market")
    supply = rows(page_queries.SUPPLY_BY_DAY, (market, market))
    if len(supply) < 2:
        st.info("The log has no two days to compare yet.")
        return
    days = {row["local_date"]: row for row in supply}
    with st.container(horizontal=True):
        end = pick_day("To", "to", list(days), last_whole_day(supply)[0])
        start = pick_day("From", "from_day", list(days), before(end, list(days)))
        by = address.segments("Steps", BY, "by")
    total = {day: float(days[day]["usable_hours"]) for day in (start, end)}
    change = total[end] - total[start]
    show_markup(
        f"<h1>Usable supply hours: {total[start]:,.1f} h on {start}, {total[end]:,.1f} h on {end}: "
        f"{change:+,.1f} h</h1>"
    )
    steps = [step(row, by, end, start) for row in changes(by, start, end, market)]
    show_markup(
        waterfall(
            Bar(f"{start:%a} {start}", total[start], f"{total[start]:,.1f} h"),
            smaller_together(steps),
            Bar(f"{end:%a} {end}", total[end], f"{total[end]:,.1f} h"),
            f"Change of usable supply hours {BY[by]}, largest loss first",
        )
    )
    note(
        "The scale is cut, so that steps are seen. A step down is time that a reason took beyond "
        "what it took before. Steps add up to the change. Days are those of each market."
    )


def pick_day(label: str, name: str, days: list[date], default: date) -> date:
    chosen: date = address.select(label, days[::-1], name, default=default, width=200)
    return chosen


def before(day: date, days: list[date]) -> date:
    """The same weekday a week before where the log has it, else the day before, else any."""
    earlier = [one for one in days if one < day]
    a_week = day - timedelta(weeks=1)
    return a_week if a_week in earlier else (earlier or days)[-1]


def changes(by: str, start: date, end: date, market: str) -> list[Row]:
    """Rows of name and seconds_change, the largest loss first; their sum is the whole change."""
    if start == end:
        return []
    query = page_queries.CHANGE_BY_REASON if by == "reason" else page_queries.CHANGE_BY[by]
    return rows(query, (end, start, end, market, market, end))


def step(row: Row, by: str, end: date, start: date) -> Step:
    hours = float(row["seconds_change"]) / 3600
    days = {"days": f"{min(start, end)}..{max(start, end)}"}
    name = str(row["name"])
    href = {
        "reason": address.link("fleet", **days, reason=name),
        "robot_id": address.link(id=name),
        "market": address.here(market=name, by="reason"),
    }[by]
    return Step(plain(name), hours, f"{hours:+,.1f} h", href)


def smaller_together(steps: list[Step]) -> list[Step]:
    largest = sorted(steps, key=lambda one: -abs(one.change))[:SHOWN_STEPS]
    kept = [one for one in steps if one in largest]
    rest = [one for one in steps if one not in largest]
    if rest:
        hours = sum(one.change for one in rest)
        kept.append(Step(f"{len(rest)} smaller", hours, f"{hours:+,.1f} h"))
    return kept
