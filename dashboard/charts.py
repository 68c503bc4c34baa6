"""The charts. Colours differ visibly in light and dark, and never carry a meaning alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import altair as alt

# Streamlit imports pandas when it first draws a table, and Altair looks into what is imported: in a
# second visitor's thread it would meet one half of it.
import pandas as pd  # type: ignore[import-untyped]  # noqa: F401

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

BLUE, GREY = "#3f7cac", "#7d8792"
LINE_COLORS = [BLUE, "#cf7a12", "#4f9a6b", "#8a5fd0", "#b3623f", "#8b97a3"]
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


def data(rows: Sequence[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def stacked_days(rows: Sequence[dict[str, Any]], order: Sequence[str], title: str) -> Chart:
    """Hours of each local day of a market as a stack.

    Rows have `day`, `market`, `kind`, `hours` and `rank`, the place of the kind in `order`, and
    `href`, where a click leads.
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
                legend=alt.Legend(orient="bottom", columns=5),
                scale=alt.Scale(domain=list(order), range=[HOUR_COLORS[kind] for kind in order]),
            ),
            order=alt.Order("rank:Q"),
            href="href:N",
            tooltip=[
                alt.Tooltip("day:T", timeUnit="utcyearmonthdate", title="day"),
                "market:N",
                "kind:N",
                alt.Tooltip("hours:Q", format=",.1f"),
            ],
        )
        .properties(height=240)
    )
    named: alt.Chart = chart.properties(title=title, description=title)
    return named


def intervals(rows: Sequence[dict[str, Any]], unit: str, title: str, log: bool = True) -> Chart:
    """A point with its interval per row: `name`, `value`, `lower`, `upper`, `basis` in words.

    `href` of a row is where a click on it leads.

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
        href="href:N",
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
        .mark_point(shape="triangle-right", filled=True, size=90, color=BLUE, opacity=1, aria=False)
        .encode(x=alt.X("end:Q", scale=scale)),
        base.transform_filter("isValid(datum.value)")
        .mark_point(shape="circle", filled=True, size=80, color=BLUE, opacity=1, aria=False)
        .encode(x=alt.X("value:Q", scale=scale)),
    ).properties(height=alt.Step(24), description=title)


def daily_lines(rows: Sequence[dict[str, Any]], title: str) -> Chart:
    """A ratio by local day, a line per market.

    Rows have `day`, `market`, `ratio`, `orders` and `href`, where a click leads.
    """
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
            href="href:N",
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


# Metres of a degree of latitude; a degree of longitude is shorter by the cosine of the latitude.
METRES_A_DEGREE = 111_320
LONGEST_SIDE_PIXELS = 420
LEAST_METRES = 50


def track(rows: Sequence[dict[str, Any]]) -> Chart:
    """A drive to scale, north at the top, in metres from its first place.

    Rows in order, with `lat`, `lon`, `robot`, `place`, `kind`, `event`, `summary` and `href`.
    """
    south, west = rows[0]["lat"], rows[0]["lon"]
    east_metres = METRES_A_DEGREE * cos(radians(south))
    placed = [
        {**row, "x": (row["lon"] - west) * east_metres, "y": (row["lat"] - south) * METRES_A_DEGREE}
        for row in rows
    ]
    spans = [
        max(max(row[side] for row in placed) - min(row[side] for row in placed), LEAST_METRES)
        for side in ("x", "y")
    ]
    pixels = [LONGEST_SIDE_PIXELS * one / max(spans) for one in spans]
    base = alt.Chart(data(placed))
    x, y = (
        alt.X("x:Q", title="metres east", scale=alt.Scale(zero=False, nice=False, padding=12)),
        alt.Y("y:Q", title="metres north", scale=alt.Scale(zero=False, nice=False, padding=12)),
    )
    marked = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(
            domain=["event", "heartbeat", "error", "first error", "takeover"],
            range=[BLUE, GREY, "#d64545", "#d64545", "#8a5fd0"],
        ),
    )
    return alt.layer(
        base.mark_line(color=GREY, opacity=0.7).encode(x=x, y=y, order="place:Q", detail="robot:N"),
        base.mark_point(filled=True, opacity=1).encode(
            x=x,
            y=y,
            color=marked,
            shape=alt.Shape("kind:N", title=None),
            size=alt.condition("datum.kind == 'heartbeat'", alt.value(15), alt.value(110)),
            href="href:N",
            tooltip=["event:N", "summary:N", "robot:N"],
        ),
    ).properties(
        width=max(pixels[0], 160),
        height=max(pixels[1], 120),
        description="The drive to scale, north at the top",
    )
