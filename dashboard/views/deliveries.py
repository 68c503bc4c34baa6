"""Deliveries without an id: by day, market, merchant, robot, pilot, outcome, cause or error."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import address, filters, page_queries, story, zones
from dashboard.data import rows
from dashboard.markup import Line, Markup, id_link, note, table
from dashboard.markup import show as show_markup
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain, verdict

SHOWN = 200
IDS = ("merchant", "robot", "pilot")
# In the order of the query.
CHOICES = ("market", "outcome", "cause", "code", *IDS)
EARLIEST, LATEST = date(1970, 1, 2), date(8999, 1, 1)
OUTCOMES = ("failed", "cancelled", "completed", "open", "unknown")
HEADS = (
    *("delivery", "began", "outcome", "ended by", "reason", "probable cause"),
    *("first error", "robot", "merchant", "market"),
)


def show() -> None:
    choice = filters.pick()
    if choice is None:
        return
    days = (choice.first, choice.last)
    causes = [str(row["probable_cause"]) for row in rows(page_queries.CAUSES, days)]
    codes = [str(row["first_error_code"]) for row in rows(page_queries.ERROR_CODES, days)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = {
            "outcome": pick("Outcome", OUTCOMES, "outcome", "any outcome"),
            "cause": pick("Probable cause", causes, "cause", "any cause"),
            "code": pick("First error", codes, "code", "any or none"),
        } | {name: address.text(name.capitalize(), name, width=130) for name in IDS}
    found = find_deliveries(days, SHOWN, market=choice.market, **chosen)
    zone = zones.chosen()
    if not found:
        st.info("No delivery of these days is like that.")
        return
    count = f"The newest {SHOWN}" if len(found) == SHOWN else f"{len(found)}"
    note(f"{count}. Times: {zones.named(zone, found[0]['started_at'])}.")
    show_markup(delivery_table(found, zone))


def find_deliveries(days: tuple[date, date], limit: int, **chosen: str) -> list[Row]:
    """Deliveries of local days, both included, newest first; `chosen` names what they share."""
    twice = [chosen.get(name, "") for name in CHOICES for _ in range(2)]
    first, last = max(days[0], EARLIEST), min(days[1], LATEST)
    # By UTC a session of these local days may begin the day before and last into the days after.
    during = first - timedelta(days=1), last + timedelta(days=3)
    return rows(page_queries.FOUND_DELIVERIES, (first, last, *twice, *during, limit))


def pick(label: str, options: list[str] | tuple[str, ...], name: str, every: str) -> str:
    """A choice of one or all; one that the address names is offered, whatever the days hold."""
    named = address.get(name)
    listed = ["", *options, *([named] if named and named not in options else [])]
    return str(
        address.select(label, listed, name, format_func=lambda one: plain(one) or every, width=190)
    )


def delivery_table(found: list[Row], zone: ZoneInfo) -> Markup:
    """Deliveries, each row a link to its story."""
    return table(
        HEADS,
        [
            Line(
                [
                    id_link(row["delivery_id"]),
                    zones.in_zone(row["started_at"], zone),
                    story.marked(row["outcome"]),
                    row["ended_by"],
                    row["outcome_reason"],
                    verdict(row),
                    row["first_error_code"],
                    id_link(row["robot_id"]),
                    id_link(row["merchant_id"], "merchant"),
                    row["market"],
                ],
                address.link(id=row["delivery_id"]),
            )
            for row in found
        ],
        "Deliveries, newest first",
        minor=("ended by", "reason", "first error", "robot", "merchant", "market"),
    )
