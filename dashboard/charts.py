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
        .properties(height=330)
    )
    named: alt.Chart = chart.properties(title=title, description=title)
    return named


def daily_lines(rows: Sequence[dict[str, Any]], title: str, form: str, top: float) -> Chart:
    """A figure by local day from 0 to `top`, a line per market.

    Rows have `day`, `market`, `value`, `orders` and `href`, where a click leads. `form`: of the
    axis and the tooltip, as d3 has it.
    """
    lines: alt.Chart = (
        alt.Chart(data(rows), title=title)
        .mark_line(point={"size": 60})
        .encode(
            x=_day_axis(),
            # From 0, or a step of a hundredth would look like a collapse.
            y=alt.Y(
                "value:Q",
                title=None,
                axis=alt.Axis(format=form),
                scale=alt.Scale(domain=[0, top]),
            ),
            color=alt.Color(
                "market:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(range=LINE_COLORS),
            ),
            shape=alt.Shape("market:N", title=None),
            href="href:N",
            tooltip=["day:T", "market:N", alt.Tooltip("value:Q", format=form), "orders:Q"],
        )
        .properties(height=270, description=title)
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
