"""What `fleet session` and `fleet why` show: found in the marts, before it is put into any form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import click
from fleet_events.events import ID_PREFIXES

from fleet.errors import FleetError
from fleet.lookup import queries
from fleet.lookup.ids import LONGEST_ID, find_all, is_id
from fleet.lookup.stores import Marts, Row
from fleet.lookup.wording import moment, plain, shortened

NEAREST_SHOWN = 5
MOST_DELIVERIES = 20


@dataclass(frozen=True)
class Story:
    """What was asked for.

    Attributes:
        what: delivery, order, robot, merchant, pilot, event or deliveries.
        id: as the marts write it; "" for a list of deliveries.
        deliveries: rows of delivery_sessions.
        events: rows of delivery_session_events of a delivery, else of event_timeline, in order.
        window: from when until when a robot is shown.
        payload: row of event_payloads of an event.
    """

    what: str
    id: str = ""
    deliveries: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    window: tuple[datetime, datetime] | None = None
    last_at: datetime | None = None
    payload: Row | None = None


def delivery_story(store: Marts, delivery_id: str) -> Story | None:
    """None: there is no such delivery; so for the others."""
    found = store.rows(queries.DELIVERY, [delivery_id])
    if not found:
        return None
    (delivery,) = found
    times = [delivery["started_at"], delivery["last_event_at"]]
    events = store.rows(queries.DELIVERY_EVENTS, [delivery_id, *times])
    return Story("delivery", delivery_id, [delivery], events)


def order_story(store: Marts, order_id: str) -> Story | None:
    (bounds,) = store.rows(queries.ORDER_BOUNDS, [order_id, order_id])
    times = [bounds["started_at"], bounds["last_event_at"]]
    if None in times:
        return None
    events = store.rows(queries.ORDER_EVENTS, [*times, order_id, *times, order_id])
    return Story("order", order_id, store.rows(queries.ORDER_DELIVERIES, [order_id]), events)


def robot_story(
    store: Marts, robot_id: str, start: datetime | None = None, end: datetime | None = None
) -> Story | None:
    last = store.rows(queries.LAST_SEEN, [robot_id])[0]["event_at"]
    if last is None:
        return None
    # Exclusive, so that the robot's last event is in it.
    end = end or max(last, start or last) + timedelta(milliseconds=1)
    start = start or end - timedelta(hours=1)
    if start >= end:
        raise click.UsageError("--from must lie before --to.")
    events = store.rows(queries.ROBOT_EVENTS, [robot_id, start, end])
    return Story("robot", robot_id, events=events, window=(start, end), last_at=last)


def event_story(store: Marts, event_id: str) -> Story | None:
    found = store.rows(queries.EVENT, [event_id])
    if not found:
        return None
    (event,) = found
    payloads = store.rows(queries.EVENT_PAYLOAD, [event_id, event["event_at"].date()])
    return Story("event", event_id, events=[event], payload=payloads[0] if payloads else None)


def _list_of(what: str) -> Callable[[Marts, str], Story | None]:
    def found(store: Marts, known_id: str) -> Story | None:
        rows = store.rows(queries.DELIVERIES_OF[what], [known_id, MOST_DELIVERIES])
        return Story(what, known_id, rows)

    return found


STORIES: dict[str, Callable[[Marts, str], Story | None]] = {
    "delivery": delivery_story,
    "order": order_story,
    "robot": robot_story,
    "merchant": _list_of("merchant"),
    "pilot": _list_of("pilot"),
}


def story_of(store: Marts, wanted: str) -> Story:
    """The story of an id in whatever was typed; several ids are a list of deliveries.

    Raises FleetError with the nearest ids where none is known.
    """
    prefix = ID_PREFIXES["order_id"]
    what = "order" if prefix and wanted.upper().startswith(prefix) else "delivery"
    # To ask what an id is reads the whole timeline: only where the first guess is wrong.
    if is_id(wanted) and (story := STORIES[what](store, wanted)):
        return story
    known = find_all(store.rows, wanted)
    if len(known) == 1:
        (what, known_id) = known[0]
        if story := STORIES[what](store, known_id):
            return story
    if known:
        stories = [story for kind, one in known if (story := STORIES[kind](store, one))]
        rows = {row["delivery_id"]: row for story in stories for row in story.deliveries}
        return Story("deliveries", deliveries=list(rows.values()))
    raise unknown(store, what, wanted)


def typed_story(
    store: Marts, what: str, wanted: str, story_of_id: Callable[[Marts, str], Story | None]
) -> Story:
    """The story of an id of a kind, in capitals where it is not known as it was typed."""
    for typed in dict.fromkeys((wanted, wanted.upper())) if is_id(wanted) else ():
        if story := story_of_id(store, typed):
            return story
    raise unknown(store, what, wanted)


def unknown(store: Marts, what: str, wanted: str) -> FleetError:
    """That there is none, and the nearest ids."""
    until = loaded_until(store)
    if is_id(wanted) and what in queries.NEAREST:
        nearest = store.rows(queries.NEAREST[what], [wanted, NEAREST_SHOWN])
        close = [plain(row["id"]) for row in nearest]
        hint = f"nearest: {', '.join(close)}" if close else "none is like it"
    elif is_id(wanted):
        hint = "give its whole event_id"
    else:
        hint = f"an id has at most {LONGEST_ID} characters, all of them printable"
    loaded = f"events are loaded until {moment(until)} UTC" if until else "nothing is loaded"
    return FleetError(f"There is no {what} {shortened(wanted)}; {hint}; {loaded}.")


def loaded_until(store: Marts) -> datetime | None:
    until: datetime | None = store.rows(queries.LOADED_UNTIL)[0]["event_at"]
    return until
