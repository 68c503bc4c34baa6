"""A delivery beside another, by default the last normal one of the same merchant."""

from __future__ import annotations

import streamlit as st

from dashboard import address, page_queries
from dashboard.data import rows
from dashboard.markup import Line, Markup, id_link, link, table, text
from dashboard.markup import show as show_markup
from dashboard.story import marked
from fleet.lookup import queries as lookups
from fleet.lookup.compare import Pair, compare, since_milestone
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain, verdict

HEADS = ("what differs", "event", "first", "what it means", "second", "what it meant")


def show() -> None:
    first = session(address.get("a"))
    if first is None:
        st.info("Open a delivery and choose “Compare”.")
        return
    second = session(address.get("b")) or session(last_normal(first))
    if second is None:
        show_markup(f"<h1>{id_link(first['delivery_id'])}</h1>")
        st.info("No earlier delivery of this merchant was completed; name another as b= above.")
        return
    left, right = events_of(first), events_of(second)
    gaps = rows(
        page_queries.GAPS_DURING,
        (first["last_event_at"], first["started_at"], first["robot_id"] or ""),
    )
    pairs = compare(left, right, gaps)
    differing = [pair for pair in pairs if pair.said]
    show_markup(
        f"<h1>{id_link(first['delivery_id'])} beside {id_link(second['delivery_id'])}</h1>"
        f"<p>{said_of('First', first)}<br>{said_of('Second', second)}</p>"
        f'<p class="note">{len(differing)} of {len(pairs)} events differ. Each time is since the '
        "last milestone of its own delivery. Heartbeats are left out.</p>"
        + table(
            HEADS,
            [line(pair, first, second) for pair in pairs],
            "Events of both deliveries, aligned",
            minor=("what it meant",),
        )
    )


def session(delivery_id: str) -> Row | None:
    found = rows(lookups.DELIVERY, (delivery_id,)) if delivery_id else []
    return found[0] if found else None


def last_normal(delivery: Row) -> str:
    found = rows(page_queries.LAST_NORMAL, (delivery["merchant_id"] or "", delivery["started_at"]))
    return str(found[0]["delivery_id"]) if found else ""


def events_of(delivery: Row) -> list[Row]:
    during = (delivery["started_at"], delivery["last_event_at"])
    return rows(lookups.DELIVERY_EVENTS, (delivery["delivery_id"], *during))


def said_of(which: str, delivery: Row) -> str:
    return (
        f"{which}: {marked(delivery['outcome'])}, robot {id_link(delivery['robot_id'])}, "
        f"merchant {id_link(delivery['merchant_id'], 'merchant')}. {text(verdict(delivery))}"
    )


def line(pair: Pair, first: Row, second: Row) -> Line:
    event = pair.first or pair.second
    assert event is not None
    differs = f"{pair.said}; {pair.because}" if pair.because else pair.said
    cells: list[object] = [differs or Markup(""), event["event_name"]]
    for row, delivery in ((pair.first, first), (pair.second, second)):
        if row is None:
            cells += ["–", Markup("")]
            continue
        href = address.link(id=delivery["delivery_id"], event=row["event_id"])
        at = link(since_milestone(delivery, row["event_at"]), href, **{"class": "time"})
        cells += [at, plain(row["summary"])]
    return Line(cells, kind="error" if pair.said else "quiet")
