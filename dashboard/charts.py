"""The charts. Colours differ visibly in light and dark, and never carry a meaning alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import altair as alt

# Streamlit imports pandas when it first draws a table, and Altair looks into what is imported: in a
# second visitor's thread it would meet one half of it.
import pandas as pd  # type: ignore[import-untyped]  # noqa: F401

from dashboard.zones import clock_in_zone, named, shifted
from fleet.lookup.stores import Row
from fleet.lookup.story_rows import HEARTBEAT, is_gap
from fleet.lookup.wording import plain, span

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

LANE_PIXELS = 38
PANELS_PIXELS = 960
BLUE, GREY = "#3f7cac", "#7d8792"
LINE_COLORS = [BLUE, "#cf7a12", "#4f9a6b", "#8a5fd0", "#b3623f", "#8b97a3"]
CLASS_COLORS = {
    "hardware": "#b3623f",
    "software": "#3f7cac",
    "environment": "#4f9a6b",
    "operations": "#8a5fd0",
    "planned": "#8b97a3",
    "no class": "#c0a23a",
}
# The lanes from top to bottom, below those of the robots' states.
LANES = ("robot", "delivery", "pilot", "dispatch", "merchant", "order", "release", "telemetry")
HOLLOW = "#ffffff00"
UNCERTAIN = frozenset({"robot_window", "pilot_session", "merchant_window"})
# What kinds of event look like: colour, shape, area in square pixels; later ones lie on top.
KINDS = {
    "event": ("#3f7cac", "circle", 60),
    "heartbeat": ("#8b97a3", "M0,-1L0,1", 30),
    "takeover": ("#8a5fd0", "triangle-up", 170),
    "error": ("#d64545", "diamond", 130),
    "first error": ("#d64545", "cross", 260),
}
STATE_COLORS = {
    "supply": "#6fb59a",
    "support": "#8fb7d9",
    "planned_down": "#b9c0c8",
    "unplanned_down": "#e39a8d",
    "unknown": HOLLOW,
    "out_of_service": "#8d96a0",
    "out_of_fleet": "#8d96a0",
}
HOUR_COLORS = {
    "busy": "#3d8f6e",
    "ready": "#8fcfb1",
    "support": "#8fb7d9",
    "not dispatchable": "#c9b458",
    "planned down": "#b9c0c8",
    "unplanned down": "#d9705f",
    "out of service": "#7d8792",
    "out of fleet": "#a79f93",
    "unknown": "#e6c3ea",
    "unobserved": "#edeff1",
}
# A label of a state or a gap is drawn where its band is this part of the chart at least.
LABEL_SHARE = 0.07
LABEL_ROOM = 1.3


def data(rows: Sequence[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def epoch(at: datetime, zone: ZoneInfo) -> float:
    return shifted(at, zone).timestamp() * 1000


def kind_of(event: Row) -> str:
    if event.get("is_first_error"):
        return "first error"
    if event["is_error"]:
        return "error"
    if event["is_takeover"]:
        return "takeover"
    return "heartbeat" if event["event_name"] == HEARTBEAT else "event"


@dataclass(frozen=True)
class _Frame:
    """What the layers of a timeline share: its stretch of time, its zone with a name, its lanes."""

    first: datetime
    last: datetime
    zone: ZoneInfo
    zone_name: str
    lanes: list[str]

    @property
    def scale(self) -> alt.Scale:
        domain = [epoch(self.first, self.zone), epoch(self.last, self.zone)]
        return alt.Scale(type="utc", domain=domain, nice=False)

    def x(self, field: str) -> alt.X:
        """The time axis, drawn."""
        axis = alt.Axis(
            format="%H:%M:%S",
            title=self.zone_name,
            tickCount=9,
            labelOverlap=True,
        )
        return alt.X(field, scale=self.scale, axis=axis)

    def y(self) -> alt.Y:
        axis = alt.Axis(labelLimit=160, ticks=False)
        return alt.Y("lane:N", sort=self.lanes, title=None, axis=axis)

    def has_room(self, seconds: float) -> bool:
        """Whether a band of that length has room for its label."""
        return seconds >= (self.last - self.first).total_seconds() * LABEL_SHARE


def timeline(
    events: list[Row],
    states: list[Row],
    zone: ZoneInfo,
    title: str,
    window: tuple[datetime, datetime] | None = None,
) -> Chart:
    """Swim lanes of one story: robots' states as bands, events as marks, silences as stripes.

    `events` in order; those with a `match_method` that only a window of time gave are hollow.
    `states`: rows of robot_state_intervals. `title` names whose story it is. `window`: from when
    until when is drawn; from the first event to the last where none is given.
    """
    first, last = window or (events[0]["event_at"], events[-1]["event_at"])
    margin = max((last - first) * 0.015, timedelta(seconds=1))
    first, last = first - margin, last + margin
    states = [
        state for state in states if max(state["started_at"], first) < min(state["ended_at"], last)
    ]
    zone_name = named(zone, events[0]["event_at"])
    frame = _Frame(first, last, zone, zone_name, _lanes(events, states))
    layers = [
        *_gap_layers(events, frame),
        *_state_layers(states, frame),
        *_event_layers(events, frame),
    ]
    return alt.layer(*layers).properties(
        height=alt.Step(LANE_PIXELS), title=title, description=f"Timeline of {title}"
    )


def _state_lane(state: Row) -> str:
    return f"{plain(state['robot_id'])} state"


def _lanes(events: list[Row], states: list[Row]) -> list[str]:
    """From top to bottom: the robots' states, then the streams of the events."""
    streams = {plain(event["stream"]) for event in events}
    lanes = list(dict.fromkeys(map(_state_lane, states)))
    lanes += [lane for lane in LANES if lane in streams]
    return lanes + sorted(streams - set(LANES))


def _gap_layers(events: list[Row], frame: _Frame) -> list[alt.Chart]:
    """A stripe over all lanes for each silence, with how long it lasted where there is room."""
    gaps = [
        {
            "from": epoch(before["event_at"], frame.zone),
            "to": epoch(after["event_at"], frame.zone),
            "label": f"no event for {span(silence)}" if frame.has_room(silence) else "",
        }
        for before, after in pairwise(events)
        if is_gap(before["event_at"], after["event_at"])
        for silence in [(after["event_at"] - before["event_at"]).total_seconds()]
    ]
    base = alt.Chart(data(gaps))
    return [
        base.mark_rect(
            fill="#8b97a3", fillOpacity=0.16, stroke="#8b97a3", strokeDash=[3, 3]
        ).encode(x=frame.x("from:T"), x2="to:T"),
        base.transform_calculate(middle="(datum.from + datum.to) / 2")
        .mark_text(baseline="bottom", fontStyle="italic", color="#7d8792")
        .encode(
            x=alt.X("middle:T", scale=frame.scale),
            y=alt.value(LANE_PIXELS * len(frame.lanes) - 6),
            text="label:N",
        ),
    ]


def _state_layers(states: list[Row], frame: _Frame) -> list[alt.Chart]:
    """A band for each state of a robot, cut at the edges of the chart."""
    bands = []
    for state in states:
        start = max(state["started_at"], frame.first)
        end = min(state["ended_at"], frame.last)
        has_room = frame.has_room((end - start).total_seconds())
        bands.append(
            {
                "lane": _state_lane(state),
                "from": epoch(start, frame.zone),
                "to": epoch(end, frame.zone),
                "class": plain(state["state_class"]),
                "state": plain(state["state"]),
                "label": plain(state["state"]) if has_room else "",
                "reason": plain(state["reason"]),
                "lasted": span(state["duration_seconds"]),
                "since": clock_in_zone(state["started_at"], frame.zone),
            }
        )
    base = alt.Chart(data(bands))
    is_unknown = "datum.class === 'unknown'"
    return [
        base.mark_bar(height=20, cornerRadius=2, strokeWidth=1).encode(
            x=frame.x("from:T"),
            x2="to:T",
            y=alt.Y("lane:N", sort=frame.lanes, scale=alt.Scale(domain=frame.lanes), title=None),
            # Not fill: the marks of events have a scale of their own for that.
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=list(STATE_COLORS), range=list(STATE_COLORS.values())),
                legend=None,
            ),
            stroke=alt.condition(is_unknown, alt.value("#8b97a3"), alt.value("#ffffff")),
            strokeDash=alt.condition(is_unknown, alt.value([4, 3]), alt.value([1, 0])),
            tooltip=["state:N", "reason:N", "since:N", "lasted:N"],
        ),
        base.transform_calculate(middle="(datum.from + datum.to) / 2")
        .mark_text(fontSize=11)
        .encode(
            x=alt.X("middle:T", scale=frame.scale),
            y=frame.y(),
            text="label:N",
            color=alt.condition(is_unknown, alt.value("#7d8792"), alt.value("#12251d")),
        ),
    ]


def _event_layers(events: list[Row], frame: _Frame) -> list[alt.Chart]:
    """A mark for each event, and a line over all lanes at the first error."""
    points = [
        {
            "lane": plain(event["stream"]),
            "at": epoch(event["event_at"], frame.zone),
            "kind": kind,
            "fill": HOLLOW if event.get("match_method") in UNCERTAIN else KINDS[kind][0],
            "area": KINDS[kind][2],
            "event": plain(event["event_name"]),
            "summary": plain(event["summary"]),
            "time": clock_in_zone(event["event_at"], frame.zone),
            "robot state": plain(event["robot_state"]) or "–",
            "matched by": plain(event.get("match_method")) or "–",
        }
        for kind in KINDS
        for event in events
        if kind_of(event) == kind
    ]
    first_errors = data([point for point in points if point["kind"] == "first error"])
    colors, shapes, _ = zip(*KINDS.values(), strict=True)
    legend = alt.Legend(title=None, orient="top")
    return [
        alt.Chart(first_errors)
        .mark_rule(color="#d64545", strokeDash=[2, 3])
        .encode(x=alt.X("at:T", scale=frame.scale)),
        alt.Chart(data(points))
        .mark_point(strokeWidth=1.6, opacity=0.95)
        .encode(
            x=frame.x("at:T"),
            y=frame.y(),
            stroke=alt.Stroke(
                "kind:N", scale=alt.Scale(domain=list(KINDS), range=list(colors)), legend=legend
            ),
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=list(KINDS), range=list(shapes)), legend=legend
            ),
            size=alt.Size("area:Q", scale=None),
            fill=alt.Fill("fill:N", scale=None),
            tooltip=["time:N", "event:N", "summary:N", "robot state:N", "matched by:N"],
        )
        .add_params(zoom()),
    ]


def zoom() -> alt.Parameter:
    """Drag to move, Shift and the wheel to zoom: the wheel alone scrolls the page."""
    return alt.selection_interval(bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]")


def stacked_days(rows: Sequence[dict[str, Any]], order: Sequence[str], title: str) -> Chart:
    """Hours of each local day as a stack, a panel per market.

    Rows have `day`, `market`, `kind`, `hours` and `rank`, the place of the kind in `order`.
    """
    chart: alt.Chart = (
        alt.Chart(data(rows))
        .mark_bar()
        .encode(
            x=alt.X(
                "day:O",
                timeUnit="utcyearmonthdate",
                title=None,
                axis=alt.Axis(format="%b %d", labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("hours:Q", title="robot hours"),
            color=alt.Color(
                "kind:N",
                sort=list(order),
                title=None,
                scale=alt.Scale(domain=list(order), range=[HOUR_COLORS[kind] for kind in order]),
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("day:T", timeUnit="utcyearmonthdate", title="day"),
                "market:N",
                "kind:N",
                alt.Tooltip("hours:Q", format=",.1f"),
            ],
        )
        .properties(height=220)
    )
    markets = {row["market"] for row in rows}
    if len(markets) == 1:
        single: alt.Chart = chart.properties(title=title, description=title)
        return single
    panels: alt.FacetChart = (
        chart.properties(width=PANELS_PIXELS // len(markets))
        .facet(column=alt.Column("market:N", title=None))
        .properties(title=title, description=title)
    )
    return panels


def bars(rows: Sequence[dict[str, Any]], value: str, title: str) -> Chart:
    """Horizontal bars in the order of `rows`: each with `name`, its value and a `label`."""
    has_classes = any("class" in row for row in rows)
    longest = max((row[value] for row in rows), default=1)
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=220)),
        # The label stands beside the bar, so the longest leaves room for it.
        x=alt.X(f"{value}:Q", title=value, scale=alt.Scale(domain=[0, longest * LABEL_ROOM])),
        tooltip=["name:N", "label:N", *(["class:N"] if has_classes else [])],
    )
    colored = alt.Color(
        "class:N",
        title=None,
        legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=list(CLASS_COLORS), range=list(CLASS_COLORS.values())),
    )
    marks = base.mark_bar(height=16, color=BLUE)
    return alt.layer(
        marks.encode(color=colored) if has_classes else marks,
        base.mark_text(align="left", dx=5, color=GREY).encode(text="label:N"),
    ).properties(height=alt.Step(26), description=title)


def intervals(rows: Sequence[dict[str, Any]], unit: str, title: str, log: bool = True) -> Chart:
    """A point with its interval per row: `name`, `value`, `lower`, `upper`, `basis` in words.

    Without an upper bound the interval ends in an arrow at the chart's edge; without a value it
    has no point.
    """
    # A logarithm has no place for 0.
    known = [row for row in rows if row["lower"] is not None and not (log and row["lower"] <= 0)]
    edge = max((row["upper"] or 2 * row["lower"] for row in known), default=1)
    values = [
        {**row, "end": edge if row["upper"] is None else row["upper"], "open": row["upper"] is None}
        for row in known
    ]
    base = alt.Chart(data(values)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=240)),
        tooltip=[
            "name:N",
            *(alt.Tooltip(f"{name}:Q", format=",.4~g") for name in ("value", "lower", "upper")),
            "basis:N",
        ],
    )
    scale = alt.Scale(type="log" if log else "linear")
    return alt.layer(
        base.mark_rule(strokeWidth=3, opacity=0.55, color=BLUE).encode(
            x=alt.X("lower:Q", title=unit, scale=scale), x2="end:Q"
        ),
        base.transform_filter("datum.open")
        .mark_point(shape="triangle-right", filled=True, size=90, color=BLUE, opacity=1)
        .encode(x=alt.X("end:Q", scale=scale)),
        base.transform_filter("isValid(datum.value)")
        .mark_point(shape="circle", filled=True, size=80, color=BLUE, opacity=1)
        .encode(x=alt.X("value:Q", scale=scale)),
    ).properties(height=alt.Step(24), description=title)


def daily_lines(rows: Sequence[dict[str, Any]], title: str) -> Chart:
    """A ratio by local day, a line per market; rows have `day`, `market`, `ratio`, `orders`."""
    lines: alt.Chart = (
        alt.Chart(data(rows), title=title)
        .mark_line(point={"size": 60})
        .encode(
            x=_day_axis(),
            y=alt.Y("ratio:Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
            color=alt.Color(
                "market:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(range=LINE_COLORS),
            ),
            shape=alt.Shape("market:N", title=None),
            tooltip=["day:T", "market:N", alt.Tooltip("ratio:Q", format=".1%"), "orders:Q"],
        )
        .properties(height=220, description=title)
    )
    return lines


def _day_axis() -> alt.X:
    return alt.X(
        "day:T",
        scale=alt.Scale(type="utc"),
        title=None,
        axis=alt.Axis(format="%b %d", labelOverlap=True, tickCount="day"),
    )


def replay_url(robot_id: str, at: datetime) -> str:
    """Address of the Delivery page with a robot's hour from `at` on."""
    return "./?" + urlencode({"id": robot_id, "from": at.isoformat(timespec="seconds")})
