"""The story of one delivery as HTML: its head on the page, and a file of it for a ticket.

Every value comes through `text`, so that nothing a log line says becomes markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard import address
from dashboard.markup import Line, Markup, id_link, link, table, text
from dashboard.zones import clock_in_zone, in_zone, named
from fleet.lookup.payloads import data_of, event_object, payload_fields
from fleet.lookup.stores import Row
from fleet.lookup.story_rows import (
    ERROR_MARK,
    HEARTBEAT,
    TAKEOVER_MARK,
    EventRow,
    Gap,
    is_gap,
    story_rows,
)
from fleet.lookup.wording import STEPS, counted, inferred, nearest_error, plain, span, verdict

# The usual of a delivery is that of its market over so many days until its own.
USUAL_DAYS = 28
MARK_STYLES = {ERROR_MARK: "error", TAKEOVER_MARK: "takeover"}
OUTCOME_MARKS = {"completed": "✓", "failed": "✗", "cancelled": "⊘", "open": "…", "unknown": "?"}
STYLE = (Path(__file__).parent / "page.css").read_text()
PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem;
  padding: 0 1rem; }
"""
# The lanes from top to bottom, below those of the robots' states.
LANES = ("robot", "delivery", "pilot", "dispatch", "merchant", "order", "release", "telemetry")
UNCERTAIN = frozenset({"robot_window", "pilot_session", "merchant_window"})
# What a kind of event looks like, matched for certain or by a window of time.
GLYPHS = {
    "event": "●○",
    "takeover": "▲△",
    "handed back": "▼▽",
    "error": "◆◇",
    "first error": "✚✛",
}
TICK_SECONDS = (
    *(1, 5, 10, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
MOST_TICKS = 10
# A label of a band or a gap is drawn where it is this part of the timeline at least.
LABEL_SHARE = 0.05
# Rows that are drawn unless a reader asks for all.
MOST_ROWS = 400


@dataclass(frozen=True)
class Usual:
    """How long a leg usually takes: seconds that half and 95 % of deliveries stay within."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True)
class Leg:
    """One leg of the funnel; `seconds` is None while it has not begun."""

    start: str
    end: str
    seconds: float | None
    is_finished: bool
    usual: Usual | None

    @property
    def is_slow(self) -> bool:
        return bool(self.usual and self.seconds is not None and self.seconds > self.usual.p95)


def marked(outcome: object) -> str:
    """An outcome with its mark, so that no colour stands alone."""
    return f"{OUTCOME_MARKS.get(plain(outcome), '')} {plain(outcome)}".strip()


def legs(delivery: Row, usual: dict[str, Usual], loaded_until: datetime) -> list[Leg]:
    """The legs of a delivery; one it failed in, or is in, lasts until then or until now."""
    found = []
    outcome = delivery["outcome"]
    for (start, start_at, _), (end, end_at, column) in pairwise(STEPS):
        assert column is not None
        seconds, is_finished = delivery[column], True
        if delivery[end_at] is None and delivery[start_at] is not None:
            later = [at for _, at, _ in STEPS[[step[0] for step in STEPS].index(end) :]]
            if not any(delivery[at] for at in later):
                is_finished = False
                # The way back of a return is no part of the leg that failed.
                until = delivery["outcome_at"] or loaded_until
                if outcome == "unknown":
                    until = delivery["last_event_at"]
                seconds = (until - delivery[start_at]).total_seconds()
        found.append(
            Leg(
                start,
                end,
                None if seconds is None else float(seconds),
                is_finished,
                usual.get(column),
            )
        )
    return found


def unusual(leg: Leg) -> str:
    """How far a leg is from the fleet's usual, in words."""
    if leg.seconds is None:
        return "not reached"
    if not leg.usual:
        return "nothing to compare with"
    if leg.is_slow:
        return f"slower than 95 of 100, {leg.seconds / leg.usual.p50:.1f} × the median"
    if not leg.is_finished:
        return "within the usual time"
    return "as usual"


def leg_html(leg: Leg, outcome: str) -> str:
    ending = {"open": "still open after ", "completed": "", "unknown": "not heard of after "}.get(
        outcome, f"{outcome} after "
    )
    took = span(leg.seconds) if leg.is_finished else f"{ending}{span(leg.seconds)}"
    gauge = ""
    if leg.usual:
        full = max(leg.usual.p95 * 1.4, leg.seconds or 0) or 1
        kind = "unfinished" if not leg.is_finished else "slow" if leg.is_slow else ""
        gauge = (
            f'<div class="gauge" role="img" aria-label="{escape(unusual(leg))}">'
            f'<i class="{kind}" style="width:{100 * (leg.seconds or 0) / full:.1f}%"></i>'
            f'<u style="left:{100 * leg.usual.p50 / full:.1f}%"></u>'
            f'<u class="p95" style="left:{100 * leg.usual.p95 / full:.1f}%"></u></div>'
            f"<small>{escape(unusual(leg))} · median {span(leg.usual.p50)}, "
            f"95 % within {span(leg.usual.p95)}</small>"
        )
    else:
        gauge = f"<br><small>{escape(unusual(leg))}</small>"
    return f'<div class="leg">{leg.start} → {leg.end} <b>{escape(took)}</b>{gauge}</div>'


def head(
    delivery: Row,
    its_legs: list[Leg],
    zone: ZoneInfo,
    says: str = "",
    is_linked: bool = True,
) -> str:
    """Outcome and cause in a sentence, what is known of it, and its legs against the usual.

    `says`: markup below the facts. `is_linked`: false in a file that stands alone.
    """

    def named_id(value: object, kind: str = "") -> str:
        return id_link(value, kind) if is_linked else text(value)

    outcome = text(delivery["outcome"])
    badge = f"{OUTCOME_MARKS.get(outcome, '')} {outcome}"
    ending = [text(delivery["outcome_event_name"])] if delivery["outcome_event_name"] else []
    if delivery["outcome_reason"]:
        ending.append(f"({text(delivery['outcome_reason'])})")
    if delivery["outcome_at"]:
        ending.append(f"at {in_zone(delivery['outcome_at'], zone)}")
    robot = named_id(delivery["robot_id"])
    if delivery["robot_count"] > 1:
        robot += f" (of {delivery['robot_count']})"
    facts = [
        f"delivery <b>{text(delivery['delivery_id'])}</b>",
        f"order <b>{named_id(delivery['order_id'])}</b>",
        f"robot <b>{robot}</b>",
        f"merchant <b>{named_id(delivery['merchant_id'], 'merchant')}</b>",
        f"market <b>{text(delivery['market'])}</b>",
        f"began <b>{in_zone(delivery['started_at'], zone)}</b>",
        counted(delivery["event_count"], "event"),
        counted(delivery["error_count"], "error"),
        counted(delivery["takeover_count"], "takeover"),
    ]
    more = []
    if cause := delivery["probable_cause"]:
        said = link(cause, address.link("deliveries", cause=cause)) if is_linked else text(cause)
        sure = text(delivery["probable_cause_basis"])
        more.append(f'cause <b data-cause="{text(cause)}">{said}</b>, {sure}')
    if delivery["ended_by"]:
        more.append(f"ended by <b>{text(delivery['ended_by'])}</b>")
    if ending:
        more.append(f"ended with <b>{' '.join(ending)}</b>")
    if delivery["first_error_code"]:
        at = clock_in_zone(delivery["first_error_at"], zone)
        more.append(f"first error <b>{text(delivery['first_error_code'])}</b> at {at}")
    if near := nearest_error(delivery):
        more.append(f"nearest error {escape(near)}")
    if delivery["missing_steps"]:
        more.append(f"not in the log: <b>{text(delivery['missing_steps'])}</b>")
    if delivery["session_revision"] > 1:
        more.append(f"changed by {delivery['session_revision'] - 1} later loads")
    return (
        f'<div class="story" data-delivery="{text(delivery["delivery_id"])}">'
        f'<h1 class="verdict"><span class="outcome {outcome}">{badge}</span>'
        f"{escape(verdict(delivery))}</h1>"
        f'<p class="facts">{_spans(facts)}<br>{_spans(more)}</p>'
        f"{''.join(f'<p>{escape(sentence)}</p>' for sentence in inferred(delivery))}"
        f"{says}"
        f'<div class="legs">{"".join(leg_html(leg, outcome) for leg in its_legs)}</div>'
        f"<small>{compared_with(delivery)}</small></div>"
    )


def compared_with(delivery: Row) -> str:
    where = text(delivery["market"]) if delivery["market"] else "every market"
    return f"Usual: legs of deliveries in {where} over the {USUAL_DAYS} days until then."


def _spans(parts: Iterable[str]) -> str:
    return "".join(f"<span>{part}</span> " for part in parts)


def kind_of(event: Row) -> str:
    """What an event is drawn as: a key of GLYPHS, or heartbeat."""
    if event.get("is_first_error"):
        return "first error"
    if event["is_error"]:
        return "error"
    if event["is_takeover"]:
        return "takeover"
    if event["event_name"] == "pilot.control_changed":
        return "handed back"
    return "heartbeat" if event["event_name"] == HEARTBEAT else "event"


@dataclass(frozen=True)
class _Stretch:
    """The time that a timeline shows."""

    first: datetime
    last: datetime
    zone: ZoneInfo

    @property
    def seconds(self) -> float:
        return (self.last - self.first).total_seconds()

    def place(self, at: datetime) -> float:
        """Percent from the left edge, kept within the chart."""
        return min(100.0, max(0.0, 100 * (at - self.first).total_seconds() / self.seconds))

    def has_room(self, seconds: float) -> bool:
        """Whether a band of that length has room for its label."""
        return seconds >= self.seconds * LABEL_SHARE

    @property
    def spans_days(self) -> bool:
        return len({at.astimezone(self.zone).date() for at in (self.first, self.last)}) > 1

    def ticks(self) -> list[tuple[float, str]]:
        """Place and label of each tick; the first of a day carries its date."""
        step = next((one for one in TICK_SECONDS if self.seconds / one <= MOST_TICKS), 86400)
        start = self.first.astimezone(self.zone)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (start - midnight).total_seconds()
        at = midnight + timedelta(seconds=(passed // step + 1) * step)
        found: list[tuple[float, str]] = []
        day = None
        while at <= self.last:
            label = f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"
            if self.spans_days and at.date() != day:
                label = f"{at:%b} {at.day} {label}"
            day = at.date()
            found.append((self.place(at), label))
            at += timedelta(seconds=step)
        return found


def timeline(
    events: Sequence[Row],
    states: Sequence[Row],
    zone: ZoneInfo,
    title: str,
    window: tuple[datetime, datetime] | None = None,
    is_linked: bool = True,
) -> Markup:
    """Swim lanes of one story: robots' states as bands, events as marks, silences as stripes.

    `events` in order; those with a `match_method` that only a window of time gave are hollow.
    `states`: rows of robot_state_intervals. `title` names whose story it is. `window`: from when
    until when is drawn; from the first event to the last where none is given. A mark opens its
    event in the list, which says the same to those who cannot see or point: so the lanes are
    hidden from them.
    """
    first, last = window or (events[0]["event_at"], events[-1]["event_at"])
    margin = max((last - first) * 0.015, timedelta(seconds=1))
    stretch = _Stretch(first - margin, last + margin, zone)
    states = [
        state
        for state in states
        if max(state["started_at"], stretch.first) < min(state["ended_at"], stretch.last)
    ]
    lanes: dict[str, list[str]] = {_state_lane(state): [] for state in states}
    streams = {plain(event["stream"]) for event in events}
    lanes |= {lane: [] for lane in (*LANES, *sorted(streams - set(LANES))) if lane in streams}
    for state in states:
        lanes[_state_lane(state)].append(_band(state, stretch, is_linked))
    for event in events:
        lanes[plain(event["stream"])].append(_mark(event, stretch, is_linked))
    drawn = "".join(
        f'<div class="lane"><b title="{escape(name)}">{escape(name)}</b>'
        f'<div class="track">{"".join(marks)}</div></div>'
        for name, marks in lanes.items()
    )
    return Markup(
        f'<div class="timeline" data-timeline="{escape(plain(title))}" aria-hidden="true">'
        f'{_over(events, stretch)}{drawn}<div class="axis"></div></div>'
        f'<p class="legend">{_legend(events, states)}'
        f"<span>{escape(named(zone, stretch.first))}</span></p>"
    )


def _state_lane(state: Row) -> str:
    return f"{plain(state['robot_id'])} state"


def _part(kind: str, style: str, title: str, said: str, href: str) -> str:
    inside = f'class="{kind}" style="{style}" title="{escape(title)}"'
    if not href:
        return f"<span {inside}>{said}</span>"
    return f'<a {inside} href="{escape(href)}" tabindex="-1">{said}</a>'


def _band(state: Row, stretch: _Stretch, is_linked: bool) -> str:
    start, end = stretch.place(state["started_at"]), stretch.place(state["ended_at"])
    name, reason = plain(state["state"]), plain(state["reason"])
    because = f", reason {reason}" if reason and reason != "none" else ""
    title = (
        f"{plain(state['robot_id'])} {name}{because}, since "
        f"{in_zone(state['started_at'], stretch.zone)}, for {span(state['duration_seconds'])}"
    )
    said = escape(name) if end - start >= 100 * LABEL_SHARE else ""
    href = replay_url(state["robot_id"], state["started_at"]) if is_linked else ""
    kind = f"band {text(state['state_class'])}"
    return _part(kind, f"left:{start:.2f}%;width:{end - start:.2f}%", title, said, href)


def _mark(event: Row, stretch: _Stretch, is_linked: bool) -> str:
    kind, left = kind_of(event), f"left:{stretch.place(event['event_at']):.2f}%"
    if kind == "heartbeat":
        return f'<i class="beat" style="{left}"></i>'
    glyph = GLYPHS[kind][event.get("match_method") in UNCERTAIN]
    title = f"{clock_in_zone(event['event_at'], stretch.zone)} {plain(event['event_name'])}: "
    title += plain(event["summary"])
    if event["robot_state"]:
        title += f" (robot {plain(event['robot_state'])})"
    href = address.here(event=event["event_id"]) if is_linked else ""
    return _part(f"mark {kind.replace(' ', '-')}", left, title, glyph, href)


def _over(events: Sequence[Row], stretch: _Stretch) -> str:
    """What goes through all lanes: ticks, silences, the first error."""
    parts = [
        f'<i class="tick" style="left:{place:.2f}%"><span>{label}</span></i>'
        for place, label in stretch.ticks()
    ]
    for before, after in pairwise(events):
        if is_gap(before["event_at"], after["event_at"]):
            start, end = stretch.place(before["event_at"]), stretch.place(after["event_at"])
            silence = (after["event_at"] - before["event_at"]).total_seconds()
            said = f"no event for {span(silence)}" if stretch.has_room(silence) else ""
            style = f"left:{start:.2f}%;width:{end - start:.2f}%"
            parts.append(f'<i class="gap" style="{style}"><span>{said}</span></i>')
    parts += [
        f'<i class="first" style="left:{stretch.place(event["event_at"]):.2f}%"></i>'
        for event in events
        if event.get("is_first_error")
    ]
    return f'<div class="over">{"".join(parts)}</div>'


def _legend(events: Sequence[Row], states: Sequence[Row]) -> str:
    kinds = {kind_of(event) for event in events}
    said = [f"{GLYPHS[kind][0]} {kind}" for kind in GLYPHS if kind in kinds]
    if "heartbeat" in kinds:
        said.append("│ heartbeat")
    if any(event.get("match_method") in UNCERTAIN for event in events):
        said.append("hollow: matched by a window of time")
    chips = [
        f'<i class="chip {escape(state_class)}"></i>{escape(state_class.replace("_", " "))}'
        for state_class in dict.fromkeys(plain(state["state_class"]) for state in states)
    ]
    return "".join(f"<span>{one}</span>" for one in (*map(escape, said), *chips))


def event_lines(
    rows: Iterable[EventRow | Gap],
    zone: ZoneInfo,
    with_match: bool,
    opened: Mapping[str, str] | None = None,
    is_linked: bool = True,
) -> list[Line]:
    """Rows of a table of events, see EVENT_HEADS; a day that begins has a row of its own.

    `opened`: event_id -> markup that stands below its row.
    """
    opened = opened or {}
    lines: list[Line] = []
    day = None
    rows = list(rows)
    days = {row.at.astimezone(zone).date() for row in rows if isinstance(row, EventRow)}
    for row in rows:
        if isinstance(row, Gap):
            said = Markup(f'<span class="note">· {span(row.seconds)} without an event</span>')
            lines.append(
                Line(["", *([""] if with_match else []), "", said, "", "", ""], kind="quiet")
            )
            continue
        event, at = row.event, row.at.astimezone(zone)
        if len(days) > 1 and at.date() != day:
            day = at.date()
            lines.append(Line([f"<b>{day}</b>"], kind="wide"))
        is_opened = event["event_id"] in opened
        href = address.here(event="" if is_opened else event["event_id"]) if is_linked else ""
        time = clock_in_zone(row.at, zone)
        cells: list[object] = [
            link(time, href, **{"class": "time"}) if href else Markup(f"<span>{time}</span>")
        ]
        if with_match:
            cells.append(row.since_start)
        cells += [f"{row.mark} {row.name}".strip(), event["summary"], plain(event["robot_state"])]
        version = plain(event["service_version"])
        cells.append(f"{plain(event['service'])} {version}".strip())
        named_id = id_link if is_linked else text
        cells.append(row.matched_by if with_match else named_id(event["delivery_id"]))
        kind = MARK_STYLES.get(row.mark, "quiet" if row.heartbeats else "")
        lines.append(Line(cells, href, kind, is_opened))
        if is_opened:
            lines.append(Line([opened[event["event_id"]]], kind="wide"))
    return lines


def event_heads(with_match: bool) -> list[str]:
    since = ["since start"] if with_match else []
    last = "matched by" if with_match else "delivery"
    return ["time", *since, "event", "what it means", "robot state", "service", last]


def event_table(lines: Iterable[Line], with_match: bool) -> Markup:
    return table(
        event_heads(with_match),
        lines,
        "Events in order",
        minor=("since start", "service", "matched by", "robot state"),
    )


def opened_event(event: Row, payload: Row | None, links: Sequence[Markup]) -> str:
    """All that is known of one event: its payload, what is registered apart, and its line."""
    registered, extra = payload_fields(event["event_name"], data_of(payload))
    ids = {
        name: id_link(event[name], name.removesuffix("_id"))
        for name in ("delivery_id", "order_id", "robot_id", "merchant_id", "pilot_id")
        if event.get(name)
    }
    line = {
        name: event[name]
        for name in (
            *("event_id", "emitter_id", "seq", "trace_id", "severity", "service"),
            *("service_version", "time_source", "clock_offset_seconds"),
        )
        if event.get(name) is not None
    } | {
        name: f"{event[name]:%Y-%m-%d %H:%M:%S.%f} UTC"
        for name in ("event_at", "occurred_at", "received_at", "loaded_at")
        if event.get(name)
    }
    parts = [("Payload, registered", registered)]
    if extra:
        parts.append(("Not in the registry", extra))
    parts += [("Ids", ids), ("Line", line)]
    copied = escape(json.dumps(event_object(event, payload), indent=1, ensure_ascii=False))
    return (
        f'<div class="actions"><button type="button" data-copy="{copied}">Copy as JSON</button>'
        f"{''.join(links)}</div>"
        + "".join(
            f'<h2>{said}</h2><dl class="fields">{"".join(map(_field, found.items()))}</dl>'
            for said, found in parts
            if found or said.startswith("Payload")
        )
    )


def _field(field: tuple[str, object]) -> str:
    name, value = field
    if isinstance(value, dict | list | bool):
        value = json.dumps(value, ensure_ascii=False)
    return f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"


def replay_url(robot_id: str, at: datetime) -> str:
    """Address of a robot's hour from `at` on."""
    return address.link(id=robot_id, **{"from": at.isoformat(timespec="seconds")})


def document(
    delivery: Row, its_legs: list[Leg], events: list[Row], states: list[Row], zone: ZoneInfo
) -> str:
    """One HTML file with all of it, for a ticket: it needs no server and asks nothing of one."""
    title = f"delivery {text(delivery['delivery_id'])}"
    chart = timeline(events, states, zone, str(delivery["delivery_id"]), is_linked=False)
    lines = event_lines(story_rows(events), zone, with_match=True, is_linked=False)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<style>{PAGE_STYLE}{STYLE}</style></head><body class="ticket">'
        f"{head(delivery, its_legs, zone, is_linked=False)}{chart}"
        f"{event_table(lines, with_match=True)}</body></html>"
    )
