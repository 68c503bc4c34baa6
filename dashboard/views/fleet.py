"""Usable supply hours, and what took the rest away: by reason, robot and minute."""

from __future__ import annotations

import streamlit as st

from dashboard import address, charts, filters, page_queries, story, zones
from dashboard.data import rows
from dashboard.markup import Bar, Line, bars, link, note, table, text
from dashboard.markup import show as show_markup
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain, span

HOURS = {
    "busy": "busy_hours",
    "ready": "ready_hours",
    "support": "support_hours",
    "not dispatchable": "not_dispatchable_hours",
    "planned down": "planned_down_hours",
    "unplanned down": "unplanned_down_hours",
    "out of service": "out_of_service_hours",
    "out of fleet": "out_of_fleet_hours",
    "unknown": "unknown_hours",
    "unobserved": "unobserved_hours",
}
KINDS = {"unplanned_down": "unplanned", "planned_down": "planned"}
SHOWN_ROBOTS = 15
SHOWN_INTERVALS = 200


def show() -> None:
    choice = filters.pick()
    if choice is None:
        return
    days = rows(page_queries.SUPPLY_DAYS, choice.days)
    if not days:
        st.info("There are no supply hours on these days.")
        return
    total = {kind: sum(day[column] for day in days) for kind, column in HOURS.items()}
    usable, all_hours = total["busy"] + total["ready"], sum(total.values())
    low, high, in_service = (
        sum(day[column] or 0.0 for day in days)
        for column in ("usable_hours_low", "usable_hours_high", "usable_in_service_hours")
    )
    active = sum(day["active_robot_count"] or 0 for day in days)
    columns = st.columns(6)
    columns[0].metric(
        "Usable supply hours",
        f"{usable:,.0f} h",
        help="ready + busy; at least and at most what the log leaves possible: "
        f"{low:,.0f} to {high:,.0f} h",
    )
    columns[1].metric(
        "In service hours", f"{in_service:,.0f} h", help="usable within the market's service hours"
    )
    columns[2].metric(
        "Per active robot",
        f"{usable / active:.1f} h" if active else "–",
        help="usable hours / robots that delivered on the day, over all days",
    )
    columns[3].metric("Share of all hours", f"{usable / all_hours:.0%}")
    columns[4].metric(
        "Utilisation", f"{total['busy'] / usable:.0%}" if usable else "–", help="busy / usable"
    )
    columns[5].metric(
        "Unknown",
        f"{total['unknown']:,.0f} h",
        help="Silence, or not contactable: never counted as supply",
    )
    stacked = [
        {
            "day": f"{day['local_date']}T00:00:00Z",
            "market": plain(day["market"]),
            "kind": kind,
            "hours": day[column],
            "rank": rank,
            "href": day_address(day, kind),
        }
        for day in days
        for rank, (kind, column) in enumerate(HOURS.items())
    ]
    markets = sorted({row["market"] for row in stacked})
    # Beside each other, and on a phone below each other.
    for column, market in zip(st.columns(len(markets)), markets, strict=True):
        of_market = [row for row in stacked if row["market"] == market]
        with column:
            title = f"Robot hours by local day, {market}"
            st.altair_chart(charts.stacked_days(of_market, list(HOURS), title))
    show_downtime(choice)


def day_address(day: Row, kind: str) -> str:
    """Address of what a part of a day's stack is made of."""
    only = {"days": str(day["local_date"]), "market": day["market"]}
    if kind in ("unplanned down", "planned down"):
        return address.here(**only, kind=kind.replace(" ", "_"), reason="", robot="")
    return address.link("deliveries", **only)


def show_downtime(choice: filters.Choice) -> None:
    show_markup("<h2>Downtime by reason</h2>")
    kind = address.segments("Kind", KINDS, "kind")
    reasons = rows(page_queries.DOWNTIME_REASONS, (*choice.days, kind))
    if not reasons:
        st.info(f"No {KINDS[kind]} downtime on these days.")
        return
    hours = sum(reason["downtime_hours"] for reason in reasons)
    reason = chosen_of("reason", [str(row["reason"]) for row in reasons])
    show_markup(
        bars(
            [
                Bar(
                    plain(row["reason"]),
                    row["downtime_hours"],
                    f"{row['downtime_hours']:,.1f} h, {row['downtime_hours'] / hours:.0%}",
                    address.here(reason=row["reason"], robot="") + "#robots",
                    plain(row["reason_class"]) or "no class",
                    row["reason"] == reason,
                )
                for row in reasons
            ],
            f"{KINDS[kind].capitalize()} downtime by reason; each leads to its robots",
        )
    )
    robots = rows(page_queries.DOWNTIME_ROBOTS, (*choice.days, kind, reason, SHOWN_ROBOTS))
    if not robots:
        return
    robot_id = chosen_of("robot", [str(row["robot_id"]) for row in robots])
    show_markup(
        f'<h2 id="robots">Robots down for {text(reason)}</h2>'
        + bars(
            [
                Bar(
                    plain(robot["robot_id"]),
                    robot["downtime_hours"],
                    span(robot["downtime_hours"] * 3600),
                    address.here(reason=reason, robot=robot["robot_id"]) + "#minutes",
                    is_chosen=robot["robot_id"] == robot_id,
                )
                for robot in robots
            ],
            f"Robots down for {plain(reason)}; each leads to its minutes",
        )
    )
    show_minutes(choice, kind, reason, robot_id)


def chosen_of(name: str, options: list[str]) -> str:
    """What the address names of the options, else the first."""
    return address.get(name) if address.get(name) in options else options[0]


def show_minutes(choice: filters.Choice, kind: str, reason: str, robot_id: str) -> None:
    zone = zones.chosen()
    start, end = choice.window
    found = rows(
        page_queries.DOWNTIME_MINUTES, (robot_id, start, start, end, kind, reason, SHOWN_INTERVALS)
    )
    label = f"When robot {plain(robot_id)} was down for {plain(reason)}"
    show_markup(
        f'<h2 id="minutes">{text(label)}</h2>'
        + table(
            ["from", "to", "lasted", "state", "reason", "market", "software"],
            [
                Line(
                    [
                        link(
                            zones.in_zone(interval["started_at"], zone),
                            story.replay_url(robot_id, interval["started_at"]),
                        ),
                        zones.in_zone(interval["ended_at"], zone),
                        span(interval["duration_seconds"]),
                        interval["state"],
                        interval["reason"],
                        interval["market"],
                        interval["software_version"],
                    ],
                    story.replay_url(robot_id, interval["started_at"]),
                )
                for interval in found
            ],
            f"{label}; each row opens the robot's hour with its deliveries",
            minor=("state", "reason", "market", "software"),
        )
    )
    note(
        "Whole intervals, also where they reach beyond the days chosen. A row opens the robot's "
        f"hour with its deliveries. Times: {zones.named(zone, start)}."
    )
