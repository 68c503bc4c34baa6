"""One delivery, order or robot: its whole story on one page."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import charts, page_queries, story, zones
from dashboard.data import rows
from fleet.lookup import queries as lookups
from fleet.lookup.ids import LONGEST_ID, find, is_id
from fleet.lookup.stores import Row
from fleet.lookup.story_rows import GAP_SECONDS, EventRow, Gap, mark, story_rows
from fleet.lookup.wording import age, counted, incomplete, plain, span

SHOWN_IDS = 12
RECENT = 25
SITES_WITH_APP = ("datadoghq.com", "datadoghq.eu", "ddog-gov.com")


def open_id(wanted: str) -> None:
    """Show another id; the search box and the address follow."""
    st.session_state["id"] = wanted


def show() -> None:
    box, corner = st.columns([3, 1])
    with box:
        wanted = st.text_input(
            "Delivery, order or robot id",
            key="id",
            bind="query-params",
            type="search",
            placeholder="D-804, O-1342 or R-40, or how it begins; then Enter",
        )
    with corner:
        zone = zones.pick()
    wanted = (wanted or "").strip()
    if not wanted:
        show_recent(zone)
        return
    kind, known_id = find(rows, wanted)
    {
        "delivery": show_delivery,
        "order": show_order,
        "robot": show_robot,
        "": show_unknown,
    }[kind](known_id, zone)


def loaded_until() -> Row:
    return rows(lookups.LOADED_UNTIL)[0]


def freshness(zone: ZoneInfo) -> str:
    """Until when events are loaded, and how old the newest of them is."""
    until = loaded_until()
    if until["event_at"] is None:
        return "Nothing is loaded yet."
    return (
        f"Events until {zones.in_zone(until['event_at'], zone)}, "
        f"{age(until['event_at'], datetime.now(UTC))}, loaded at "
        f"{zones.in_zone(until['loaded_at'], zone)} ({zones.named(zone, until['event_at'])})."
    )


def show_recent(zone: ZoneInfo) -> None:
    """Where to begin: the newest deliveries that failed or were cancelled."""
    st.markdown("#### Failed and cancelled, newest first")
    found = rows(lookups.FAILED, (RECENT,))
    if not found:
        st.info("No delivery failed or was cancelled.")
    else:
        delivery_table(found, zone, "recent")
    st.caption(freshness(zone))


def delivery_table(found: list[Row], zone: ZoneInfo, key: str) -> None:
    """Deliveries as a table; the one that is chosen is shown."""

    def choose() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen:
            open_id(str(found[chosen[0]]["delivery_id"]))

    st.dataframe(
        [
            {
                "delivery": plain(row["delivery_id"]),
                "started": zones.in_zone(row["started_at"], zone),
                "outcome": plain(row["outcome"]),
                "ended by": plain(row["ended_by"]),
                "reason": plain(row["outcome_reason"]),
                "probable cause": story.verdict(row),
                "robot": plain(row["robot_id"]),
                "errors": row["error_count"],
            }
            for row in found
        ],
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        alt="Deliveries; choose a row to open it",
    )
    st.caption("Choose a row, or type its id above.")


def show_unknown(wanted: str, zone: ZoneInfo) -> None:
    """Say that there is none, the ids nearest to it, and until when events are loaded."""
    nearest = {
        what: [str(row["id"]) for row in rows(lookups.NEAREST[what], (wanted, SHOWN_IDS))]
        for what in lookups.NEAREST
        if is_id(wanted)
    }
    begins = {
        what: [one for one in ids if one.upper().startswith(wanted.upper())]
        for what, ids in nearest.items()
    }
    is_prefix = any(begins.values())
    # R-11 is more like a robot than like a delivery D-11.
    likeliest = sorted(
        nearest, key=lambda what: not begins[what] and not starts_alike(nearest[what], wanted)
    )
    said = "No id is exactly" if is_prefix else "There is no delivery, order or robot"
    st.html(f'<p role="status">{said} <b>{escape(plain(wanted[:LONGEST_ID]))}</b>.</p>')
    for what in likeliest:
        if ids := (begins if is_prefix else nearest)[what]:
            what_they_are = {"delivery": "deliveries"}.get(what, f"{what}s")
            st.caption(
                f"{what_they_are.capitalize()} that begin with it"
                if is_prefix
                else f"Nearest {what_they_are}"
            )
            with st.container(horizontal=True):
                for one in ids:
                    st.button(label(one), key=f"{what} {one}", on_click=open_id, args=(one,))
    if not any(nearest.values()):
        st.caption("No id is like it.")
    st.caption(freshness(zone))


def starts_alike(ids: list[str], wanted: str) -> bool:
    return bool(ids) and ids[0][:1].upper() == wanted[:1].upper()


def label(value: object) -> str:
    """Text for a button or a hint, of which Streamlit would read Markdown."""
    return "".join(
        character if character.isalnum() or character == " " else f"\\{character}"
        for character in plain(value)
    )


def show_delivery(delivery_id: str, zone: ZoneInfo) -> None:
    (delivery,) = rows(lookups.DELIVERY, (delivery_id,))
    start, end = delivery["started_at"], delivery["last_event_at"]
    events = rows(lookups.DELIVERY_EVENTS, (delivery_id, start, end))
    states = robot_states(events, start, end)
    its_legs = story.legs(delivery, usual_legs(delivery), loaded_until()["event_at"])
    st.html(story.head(delivery, its_legs, zone))
    if why := incomplete(delivery, loaded_until()["event_at"]):
        st.caption(f"◔ {why}")
    if not events:
        st.warning("The session has no event in delivery_session_events; run `dbt build`.")
        return
    title = f"{plain(delivery_id)} {plain(delivery['outcome'])}"
    chart = charts.timeline(events, states, zone, title)
    with st.container(horizontal=True, vertical_alignment="center"):
        for side, column, shortcut in (
            ("← before", "previous_delivery_id", "Alt+Up"),
            ("after →", "next_delivery_id", "Alt+Down"),
        ):
            other = delivery[column]
            st.button(
                f"{side}: {label(other)}" if other else f"{side}: none",
                key=column,
                disabled=not other,
                on_click=open_id,
                args=(str(other),),
                shortcut=shortcut if other else None,
                help="Delivery of the same robot",
            )
        query = label(datadog_query(delivery))
        st.link_button("Datadog logs ↗", datadog_url(delivery), help=query)
        st.download_button(
            "HTML for a ticket",
            lambda: ticket(delivery, its_legs, events, states, zone),
            file_name=f"{file_name(delivery_id)}.html",
            mime="text/html",
            on_click="ignore",
            help="One file with this page; it needs no server",
        )
    st.altair_chart(chart)
    st.caption(
        "Filled marks name this delivery or its order; hollow ones were matched by a window of "
        f"time. Shaded: no event for {GAP_SECONDS // 60} minutes or more. Dashed band: state "
        "unknown. Shift and the wheel zoom, dragging moves."
    )
    event_table(events, zone, with_match=True)
    st.caption(freshness(zone))


def usual_legs(delivery: Row) -> dict[str, story.Usual]:
    """How long legs took in the same market over the days before, by column."""
    day = delivery["started_at"].replace(hour=0, minute=0, second=0, microsecond=0)
    window = (day - timedelta(days=story.USUAL_DAYS), day + timedelta(days=1))
    market = delivery["market"] or ""
    found = rows(page_queries.USUAL_LEGS, (*window, market, market) * len(page_queries.LEGS))
    return {
        row["leg"]: story.Usual(row["leg_count"], float(row["p50"]), float(row["p95"]))
        for row in found
        if row["p50"] is not None
    }


def robot_states(events: list[Row], start: datetime, end: datetime) -> list[Row]:
    robots = dict.fromkeys(event["robot_id"] for event in events if event["robot_id"])
    return [
        state
        for robot_id in robots
        for state in rows(lookups.ROBOT_STATES, (robot_id, start, start, end))
    ]


def quoted(value: object) -> str:
    """An id as Datadog's search takes it, whatever characters it has."""
    escaped = plain(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def datadog_query(delivery: Row) -> str:
    ids = [
        f"@{column}:{quoted(delivery[column])}"
        for column in ("delivery_id", "order_id", "robot_id")
        if delivery[column]
    ]
    return " OR ".join(ids)


def datadog_url(delivery: Row) -> str:
    """Datadog's logs with the query, and the session's window and a minute on either side.

    DD_SITE says where, as it does for Datadog's agent.
    """
    site = os.environ.get("DD_SITE", SITES_WITH_APP[0])
    host = f"app.{site}" if site in SITES_WITH_APP else site
    minute = timedelta(minutes=1)
    window = {
        "from_ts": round((delivery["started_at"] - minute).timestamp() * 1000),
        "to_ts": round((delivery["last_event_at"] + minute).timestamp() * 1000),
    }
    asked = {"query": datadog_query(delivery), **window, "live": "false"}
    return f"https://{host}/logs?{urlencode(asked)}"


def ticket(
    delivery: Row, its_legs: list[story.Leg], events: list[Row], states: list[Row], zone: ZoneInfo
) -> str:
    # Takes a second to import, and only a download needs it.
    import vl_convert

    title = f"{plain(delivery['delivery_id'])} {plain(delivery['outcome'])}"
    chart = charts.timeline(events, states, zone, title).properties(width=1050)
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    return story.document(delivery, its_legs, events, svg, zone)


def file_name(delivery_id: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in delivery_id)


def event_table(events: list[Row], zone: ZoneInfo, with_match: bool) -> None:
    """The events with filters; a run of heartbeats is one row unless asked otherwise."""
    streams = sorted({plain(event["stream"]) for event in events})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills("Streams", streams, selection_mode="multi", key="streams")
        only_marked = st.toggle("Errors and takeovers only", key="only_marked")
        is_certain = with_match and st.toggle(
            "Certain only", key="certain", help="Events that name the delivery or its order"
        )
        every = st.toggle("Every heartbeat", key="every")
        part = st.text_input("Contains", key="contains", type="search", width=220)
    kept = [
        event
        for event in events
        if (not chosen or plain(event["stream"]) in chosen)
        and (not only_marked or mark(event))
        and (not is_certain or event["match_method"] not in charts.UNCERTAIN)
        and (not part or part.lower() in f"{event['event_name']} {event['summary']}".lower())
    ]
    shown = story_rows(kept, every, with_gaps=len(kept) == len(events))
    lines = [table_row(row, zone, with_match) for row in shown]
    if not lines:
        st.info("No event passes these filters.")
        return
    st.dataframe(
        lines,
        hide_index=True,
        height=min(38 + 35 * len(lines), 640),
        column_config={
            "": st.column_config.TextColumn(width=30, help="✗ error, ▲ a pilot taking over"),
            "what it means": st.column_config.TextColumn(width="large"),
        },
        alt="Events in order",
    )
    when = zones.named(zone, events[0]["event_at"])
    st.caption(f"{len(kept)} of {counted(len(events), 'event')}. Times: {when}.")


def table_row(row: EventRow | Gap, zone: ZoneInfo, with_match: bool) -> dict[str, str]:
    if isinstance(row, Gap):
        return {"what it means": f"· {span(row.seconds)} without an event"}
    event = row.event
    line = {"": row.mark, "time": zones.clock_in_zone(row.at, zone)}
    if with_match:
        line["since start"] = row.since_start
    line |= {
        "event": row.name,
        "what it means": plain(event["summary"]),
        "robot state": plain(event["robot_state"]),
        "service": f"{plain(event['service'])} {plain(event['service_version'])}".strip(),
    }
    if with_match:
        return line | {"matched by": row.matched_by}
    return line | {"delivery": plain(event["delivery_id"])}


def show_order(order_id: str, zone: ZoneInfo) -> None:
    deliveries = rows(lookups.ORDER_DELIVERIES, (order_id,))
    (bounds,) = rows(lookups.ORDER_BOUNDS, (order_id, order_id))
    during = (bounds["started_at"], bounds["last_event_at"], order_id)
    events = rows(lookups.ORDER_EVENTS, (*during, *during))
    st.html(
        f'<p style="font-size:1.35rem" data-order="{escape(plain(order_id))}">Order '
        f"<b>{escape(plain(order_id))}</b>, {counted(len(events), 'event')}</p>"
    )
    if deliveries:
        delivery_table(deliveries, zone, "of_order")
    else:
        st.info("This order never became a delivery.")
    show_lanes(events, zone, f"order {plain(order_id)}", with_states=bool(deliveries))
    event_table(events, zone, with_match=False)
    st.caption(freshness(zone))


def show_lanes(events: list[Row], zone: ZoneInfo, title: str, with_states: bool = True) -> None:
    start, end = events[0]["event_at"], events[-1]["event_at"]
    states = robot_states(events, start, end) if with_states else []
    st.altair_chart(charts.timeline(events, states, zone, title))


def show_robot(robot_id: str, zone: ZoneInfo) -> None:
    """A robot's last hour, or the stretch of time that the reader chooses."""
    last = rows(lookups.LAST_SEEN, (robot_id,))[0]["event_at"]
    st.html(
        f'<p style="font-size:1.35rem" data-robot="{escape(plain(robot_id))}">Robot '
        f"<b>{escape(plain(robot_id))}</b>, last heard of at {zones.in_zone(last, zone)}</p>"
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        said = st.text_input(
            f"From, {zones.named(zone, last)}",
            key="from",
            bind="query-params",
            placeholder=f"{last.astimezone(zone) - timedelta(hours=1):%Y-%m-%d %H:%M}",
            width=260,
        )
        hours = st.selectbox("Hours", (1, 3, 8, 24), key="hours", bind="query-params", width=100)
    length = timedelta(hours=hours)
    start = moment_of(said or "", zone)
    if start is None:
        if said:
            st.error("Write the time as 2026-11-02 20:30.")
            return
        start = last + timedelta(milliseconds=1) - length
    end = start + length
    deliveries = rows(page_queries.ROBOT_DELIVERIES, (robot_id, end, start, RECENT))
    events = rows(lookups.ROBOT_EVENTS, (robot_id, start, end))
    if not events:
        st.info("No event of this robot in that time.")
        return
    states = rows(lookups.ROBOT_STATES, (robot_id, start, start, end))
    title = f"robot {plain(robot_id)}"
    st.altair_chart(charts.timeline(events, states, zone, title, (start, end)))
    if deliveries:
        delivery_table(deliveries, zone, "of_robot")
    event_table(events, zone, with_match=False)
    st.caption(freshness(zone))


def moment_of(said: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601 time as UTC; in `zone` where it names none."""
    try:
        at = datetime.fromisoformat(said.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 1970 <= at.year < 9000 else None
