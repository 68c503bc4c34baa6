"""One delivery, order or robot: its whole story on one page."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from html import escape
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import address, charts, page_queries, story, zones
from dashboard.data import rows
from dashboard.markup import Markup, id_address, id_link, link, note, outside
from dashboard.markup import show as show_markup
from dashboard.views.deliveries import delivery_table, find_deliveries
from fleet.lookup import queries as lookups
from fleet.lookup.ids import LONGEST_ID, find_all, is_id
from fleet.lookup.payloads import payload_fields
from fleet.lookup.stores import Row
from fleet.lookup.story_rows import GAP_SECONDS, HEARTBEAT, mark, story_rows
from fleet.lookup.wording import age, counted, incomplete, plain

SHOWN_IDS = 12
SHOWN_BEGINNING = 100
RECENT = 25
SITES_WITH_APP = ("datadoghq.com", "datadoghq.eu", "ddog-gov.com")
# How long around a delivery others count as failed in the same way at the same time.
ALIKE_DAYS = 7


def show() -> None:
    zone = zones.chosen()
    wanted = address.get("id").strip()
    if not wanted:
        show_recent(zone)
        return
    found = find_all(rows, wanted)
    if len(found) > 1:
        show_several(found, zone)
        return
    kind, known_id = found[0] if found else ("", wanted)
    shown: dict[str, Callable[[str, ZoneInfo], None]] = {
        "delivery": show_delivery,
        "order": show_order,
        "robot": show_robot,
        "merchant": partial(show_listed, "merchant"),
        "pilot": partial(show_listed, "pilot"),
        "": show_unknown,
    }
    shown[kind](known_id, zone)


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
    until = loaded_until()
    found = rows(lookups.FAILED, (RECENT,))
    show_markup("<h1>Failed and cancelled, newest first</h1>")
    if until["event_at"] is None:
        st.info("Nothing is loaded yet, so this says nothing about deliveries; see `make demo`.")
    elif not found:
        st.info("No delivery failed or was cancelled.")
    else:
        show_markup(delivery_table(found, zone))
    note(freshness(zone))


def show_several(found: list[tuple[str, str]], zone: ZoneInfo) -> None:
    """The ids of a text that named more than one."""
    ids = [one for kind, one in found if kind == "delivery"]
    deliveries = [row for one in ids for row in rows(lookups.DELIVERY, (one,))]
    show_markup(f"<h1>{len(found)} ids</h1>")
    if deliveries:
        show_markup(delivery_table(deliveries, zone))
    others = [id_link(one, kind) for kind, one in found if kind != "delivery"]
    if others:
        show_markup(f'<p class="actions">{" ".join(others)}</p>')


def show_listed(kind: str, known_id: str, zone: ZoneInfo) -> None:
    """A merchant or pilot: their newest deliveries."""
    found = find_deliveries((date.min, date.max), RECENT, **{kind: known_id})
    show_markup(
        f"<h1>{kind.capitalize()} {escape(plain(known_id))}, newest deliveries</h1>"
        f"{delivery_table(found, zone)}<p>{link('More', id_address(known_id, kind))}</p>"
    )
    note(freshness(zone))


def show_unknown(wanted: str, zone: ZoneInfo) -> None:
    """Say that there is none, the ids nearest to it, and until when events are loaded."""
    known = is_id(wanted)
    begun = beginning(wanted) if known else []
    nearest = {
        what: [str(row["id"]) for row in rows(lookups.NEAREST[what], (wanted, SHOWN_IDS))]
        for what in lookups.NEAREST
        if known
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
    show_markup(f'<p role="status">{said} <b>{escape(plain(wanted[:LONGEST_ID]))}</b>.</p>')
    for what in likeliest:
        if ids := (begins if is_prefix else nearest)[what]:
            what_they_are = {"delivery": "deliveries"}.get(what, f"{what}s")
            heading = (
                f"{what_they_are.capitalize()} that begin with it"
                if is_prefix
                else f"Nearest {what_they_are}"
            )
            show_markup(f"<h2>{heading}</h2>")
            if what == "delivery" and begun:
                show_markup(delivery_table(begun, zone))
            else:
                show_markup(f'<p class="actions">{" ".join(map(id_link, ids))}</p>')
    if not any(nearest.values()):
        note("No id is like it.")
    note(freshness(zone))


def beginning(wanted: str) -> list[Row]:
    return rows(lookups.BEGINNING, (len(wanted), wanted.upper(), SHOWN_BEGINNING))


def starts_alike(ids: list[str], wanted: str) -> bool:
    return bool(ids) and ids[0][:1].upper() == wanted[:1].upper()


def show_delivery(delivery_id: str, zone: ZoneInfo) -> None:
    # All that is asked comes before anything is drawn: no head stands over another's timeline.
    (delivery,) = rows(lookups.DELIVERY, (delivery_id,))
    start, end = delivery["started_at"], delivery["last_event_at"]
    events = rows(lookups.DELIVERY_EVENTS, (delivery_id, start, end))
    states = robot_states(events, start, end, delivery["robot_id"])
    its_legs = story.legs(delivery, usual_legs(delivery), loaded_until()["event_at"])
    opened = opened_events(events)
    track = places(delivery, events) if address.get("map") else None
    says = "".join(
        f"<p>{one}</p>"
        for one in (more_like_this(delivery), longer_ids(delivery_id), may_lack(delivery))
        if one
    )
    st.set_page_config(page_title=f"{plain(delivery_id)} {plain(delivery['outcome'])}")
    show_markup(story.head(delivery, its_legs, zone, says))
    if not events:
        st.warning("The session has no event in delivery_session_events; run `dbt build`.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        show_markup(f'<div class="actions">{"".join(neighbours(delivery))}</div>')
        st.download_button(
            "HTML for a ticket",
            lambda: story.document(delivery, its_legs, events, states, zone),
            file_name=f"{file_name(delivery_id)}.html",
            mime="text/html",
            on_click="ignore",
            type="tertiary",
            help="One file with this page; it needs no server",
        )
    show_markup(story.timeline(events, states, zone, delivery_id))
    if track is not None:
        show_map(track)
    event_list(events, zone, with_match=True, opened=opened)
    note(
        "Filled marks name this delivery or its order; hollow ones were matched by a window of "
        f"time. Striped: no event for {GAP_SECONDS // 60} minutes or more. Dashed band: state "
        f"unknown. {freshness(zone)}"
    )


def places(delivery: Row, events: list[Row]) -> list[Row]:
    """Where the robots said they were, in order: `lat`, `lon` and the event, see PLACES.

    An error or a takeover that tells no place lies between those before and after it.
    """
    start, end = delivery["started_at"], delivery["last_event_at"]
    days = (start.astimezone(UTC).date(), end.astimezone(UTC).date())
    found = rows(page_queries.PLACES, (delivery["delivery_id"], start, end, *days))
    placed = []
    for row in found:
        fields, _ = payload_fields(row["event_name"], row["data"])
        if isinstance(fields.get("lat"), int | float) and isinstance(
            fields.get("lon"), int | float
        ):
            placed.append({**row, "lat": float(fields["lat"]), "lon": float(fields["lon"])})
    told = {row["event_id"] for row in placed}
    for event in events:
        if mark(event) and event["event_id"] not in told:
            own = [row for row in placed if row["robot_id"] == event["robot_id"]]
            if between := place_between(own, event["event_at"]):
                placed.append(event | between)
    return sorted(placed, key=lambda row: (row["event_at"], row["event_id"]))


def place_between(placed: list[Row], at: datetime) -> Row | None:
    """Where a robot was at a time, if it drove evenly between its places; None outside of them."""
    before = [row for row in placed if row["event_at"] <= at]
    after = [row for row in placed if row["event_at"] > at]
    if not before or not after:
        return None
    start, end = before[-1], after[0]
    share = (at - start["event_at"]) / (end["event_at"] - start["event_at"])
    return {side: start[side] + share * (end[side] - start[side]) for side in ("lat", "lon")}


def show_map(track: list[Row]) -> None:
    if len(track) < 2:
        st.info("The robot's lines of this delivery tell no two places.")
        return
    points = [
        {
            "robot": plain(row["robot_id"]),
            "lat": row["lat"],
            "lon": row["lon"],
            "place": number,
            "kind": story.kind_of(row),
            "event": plain(row["event_name"]),
            "summary": plain(row["summary"]),
            "href": address.here(event=row["event_id"]),
        }
        for number, row in enumerate(track)
    ]
    st.altair_chart(charts.track(points), width="content")


def neighbours(delivery: Row) -> list[Markup]:
    """Links to the robot's deliveries before and after, and to Datadog."""
    found = []
    for said, column, key in (
        ("← before: {}", "previous_delivery_id", "before"),
        ("after: {} →", "next_delivery_id", "after"),
    ):
        other = delivery[column]
        found.append(
            link(
                said.format(plain(other)),
                address.link(id=other),
                data_key=key,
                title="Delivery of the same robot, Alt and ↑ or ↓",
            )
            if other
            else Markup(f'<span class="note">{said.format("none")}</span>')
        )
    found.append(link("Compare", address.link("compare", a=delivery["delivery_id"])))
    found.append(
        link("Hide the map", address.here(map=""))
        if address.get("map")
        else link("Map", address.here(map=1))
    )
    return [*found, outside("Datadog logs", datadog_url(delivery))]


def more_like_this(delivery: Row) -> str:
    """How many failed in the same way in that week, with the ones before and after."""
    if not delivery["probable_cause"]:
        return ""
    code = delivery["first_error_code"] or ""
    half = timedelta(days=ALIKE_DAYS) / 2
    found = rows(
        page_queries.LIKE_THIS,
        (
            delivery["started_at"] - half,
            delivery["started_at"] + half,
            delivery["probable_cause"],
            code,
        ),
    )
    ids = [str(row["delivery_id"]) for row in found]
    if len(ids) < 2 or delivery["delivery_id"] not in ids:
        return ""
    place = ids.index(delivery["delivery_id"])
    day = delivery["local_date"] or delivery["started_at"].date()
    days = f"{day - timedelta(days=3)}..{day + timedelta(days=3)}"
    listed = address.link(
        "deliveries", days=days, market="", cause=delivery["probable_cause"], code=code
    )
    parts = [str(link(f"{len(ids) - 1} more like this", listed)) + " within 7 days"]
    if place:
        parts.append(f"previous {id_link(ids[place - 1])}")
    if place + 1 < len(ids):
        parts.append(f"next {id_link(ids[place + 1])}")
    return ", ".join(parts)


def longer_ids(delivery_id: str) -> str:
    """D-9 hides D-989 where it is itself an id."""
    longer = [row for row in beginning(delivery_id) if row["delivery_id"] != delivery_id]
    if not longer:
        return ""
    shown = " ".join(id_link(row["delivery_id"]) for row in longer[:SHOWN_IDS])
    return f'<span class="note">Longer ids: {shown}</span>'


def may_lack(delivery: Row) -> str:
    why = incomplete(delivery, loaded_until()["event_at"])
    return f'<span class="note">◔ {escape(why)}</span>' if why else ""


def opened_events(events: list[Row]) -> dict[str, str]:
    """The event that the address names, as markup below its row."""
    chosen = [event for event in events if event["event_id"] == address.get("event")]
    return {str(event["event_id"]): opened_event(event) for event in chosen[:1]}


def opened_event(event: Row) -> str:
    at = event["event_at"]
    found = rows(lookups.EVENT_PAYLOAD, (event["event_id"], at.astimezone(UTC).date()))
    payload = found[0] if found else None
    minute = timedelta(minutes=1)
    window = (event["occurred_at"] or at) - minute, at + minute
    links = [
        outside(
            "Log line in Datadog",
            datadog_logs(f"@event_id:{quoted(event['event_id'])}", min(window), max(window)),
        )
    ]
    if event["trace_id"]:
        links.append(outside("Trace in Datadog", datadog_trace(str(event["trace_id"]))))
    return story.opened_event(event, payload, links)


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


def robot_states(
    events: list[Row], start: datetime, end: datetime, first: str | None = None
) -> list[Row]:
    """States of the robots that the events name, those of `first` before the others'."""
    robots = dict.fromkeys(one for one in (first, *(event["robot_id"] for event in events)) if one)
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


def datadog_host() -> str:
    """DD_SITE says where, as it does for Datadog's agent."""
    site = os.environ.get("DD_SITE", SITES_WITH_APP[0])
    return f"app.{site}" if site in SITES_WITH_APP else site


def datadog_logs(query: str, start: datetime, end: datetime) -> str:
    """Datadog's logs with the query, between two times."""
    window = {"from_ts": round(start.timestamp() * 1000), "to_ts": round(end.timestamp() * 1000)}
    return f"https://{datadog_host()}/logs?{urlencode({'query': query, **window, 'live': 'false'})}"


def datadog_trace(trace_id: str) -> str:
    return f"https://{datadog_host()}/apm/trace/{quote(trace_id, safe='')}"


def datadog_url(delivery: Row) -> str:
    """Datadog's logs of the delivery's ids, within its session and a minute on either side."""
    minute = timedelta(minutes=1)
    start, end = delivery["started_at"] - minute, delivery["last_event_at"] + minute
    return datadog_logs(datadog_query(delivery), start, end)


def file_name(delivery_id: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in delivery_id)


def event_list(events: list[Row], zone: ZoneInfo, with_match: bool, opened: dict[str, str]) -> None:
    """The events with filters; a run of heartbeats is one row unless asked otherwise."""
    streams = sorted({plain(event["stream"]) for event in events})
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = address.pills("Streams", streams, "streams", label_visibility="collapsed")
        only_marked = address.toggle("Errors and takeovers only", "marked")
        is_certain = with_match and address.toggle(
            "Certain only", "certain", "Events that name the delivery or its order"
        )
        every = address.toggle("Every heartbeat", "every")
        part = address.text(
            "Contains",
            "contains",
            type="search",
            width=180,
            label_visibility="collapsed",
            placeholder="Contains …",
        ).lower()
    kept = [
        event
        for event in events
        if (not chosen or plain(event["stream"]) in chosen)
        and (not only_marked or mark(event))
        and (not is_certain or event["match_method"] not in story.UNCERTAIN)
        and (not part or part in f"{event['event_name']} {event['summary']}".lower())
    ]
    if not kept:
        st.info("No event passes these filters.")
        return
    # An opened heartbeat is a row of its own.
    shown = story_rows(
        kept, every or any(one in opened for one in beats(kept)), len(kept) == len(events)
    )
    is_cut = len(shown) > story.MOST_ROWS and not address.get("rows") and not opened
    lines = story.event_lines(
        shown[: story.MOST_ROWS] if is_cut else shown, zone, with_match, opened
    )
    show_markup(story.event_table(lines, with_match))
    if is_cut:
        more = link(f"Show all {len(shown)} rows", address.here(rows="all"))
        show_markup(f"<p>The first {story.MOST_ROWS} rows. {more}</p>")
    when = zones.named(zone, events[0]["event_at"])
    note(f"{len(kept)} of {counted(len(events), 'event')}. Times: {when}.")


def beats(events: list[Row]) -> list[str]:
    return [str(event["event_id"]) for event in events if event["event_name"] == HEARTBEAT]


def show_order(order_id: str, zone: ZoneInfo) -> None:
    deliveries = rows(lookups.ORDER_DELIVERIES, (order_id,))
    (bounds,) = rows(lookups.ORDER_BOUNDS, (order_id, order_id))
    during = (bounds["started_at"], bounds["last_event_at"], order_id)
    events = rows(lookups.ORDER_EVENTS, (*during, *during))
    start, end = events[0]["event_at"], events[-1]["event_at"]
    states = robot_states(events, start, end) if deliveries else []
    opened = opened_events(events)
    show_markup(
        f'<h1 data-order="{escape(plain(order_id))}">Order '
        f"<b>{escape(plain(order_id))}</b>, {counted(len(events), 'event')}</h1>"
    )
    if deliveries:
        show_markup(delivery_table(deliveries, zone))
    else:
        st.info("This order never became a delivery.")
    show_markup(story.timeline(events, states, zone, order_id))
    event_list(events, zone, with_match=False, opened=opened)
    note(freshness(zone))


def show_robot(robot_id: str, zone: ZoneInfo) -> None:
    """A robot's last hour, or the stretch of time that the reader chooses."""
    last = rows(lookups.LAST_SEEN, (robot_id,))[0]["event_at"]
    show_markup(
        f'<h1 data-robot="{escape(plain(robot_id))}">Robot '
        f"<b>{escape(plain(robot_id))}</b>, last heard of at {zones.in_zone(last, zone)}</h1>"
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        said = address.text(
            f"From, {zones.named(zone, last)}",
            "from",
            placeholder=f"{last.astimezone(zone) - timedelta(hours=1):%Y-%m-%d %H:%M}",
            width=260,
        )
        hours = address.select("Hours", (1, 3, 8, 24), "hours", width=100)
    length = timedelta(hours=hours)
    start = moment_of(said, zone)
    if start is None:
        if said:
            st.error("Write the time as 2026-11-02 20:30.")
            return
        start = last + timedelta(milliseconds=1) - length
    end = start + length
    deliveries = rows(page_queries.ROBOT_DELIVERIES, (robot_id, end, start, RECENT))
    events = rows(lookups.ROBOT_EVENTS, (robot_id, start, end))
    states = rows(lookups.ROBOT_STATES, (robot_id, start, start, end))
    opened = opened_events(events)
    earlier, later = (
        link(f"{said} {hours} h", address.here(**{"from": at.isoformat(timespec="seconds")}))
        for said, at in (("← earlier", start - length), ("later →", end))
    )
    show_markup(f'<p class="actions">{earlier}{later}</p>')
    if not events:
        st.info("No event of this robot in that time.")
        return
    show_markup(story.timeline(events, states, zone, robot_id, (start, end)))
    if deliveries:
        show_markup(delivery_table(deliveries, zone))
    event_list(events, zone, with_match=False, opened=opened)
    note(freshness(zone))


def moment_of(said: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601 time as UTC; in `zone` where it names none."""
    try:
        at = datetime.fromisoformat(said.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 1970 <= at.year < 9000 else None
