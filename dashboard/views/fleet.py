"""Usable supply hours, and what took the rest away: by reason, robot and minute."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import charts, filters, page_queries, zones
from dashboard.data import rows
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
        }
        for day in days
        for rank, (kind, column) in enumerate(HOURS.items())
    ]
    st.altair_chart(charts.stacked_days(stacked, list(HOURS), "Robot hours by local day"))
    show_downtime(choice)


def show_downtime(choice: filters.Choice) -> None:
    st.markdown("#### Downtime by reason")
    kind = st.segmented_control(
        "Kind",
        list(KINDS),
        format_func=KINDS.__getitem__,
        default="unplanned_down",
        required=True,
        key="kind",
        bind="query-params",
    )
    reasons = rows(page_queries.DOWNTIME_REASONS, (*choice.days, kind))
    if not reasons:
        st.info(f"No {KINDS[kind]} downtime on these days.")
        return
    hours = sum(reason["downtime_hours"] for reason in reasons)
    listed = [
        {
            "name": plain(reason["reason"]),
            "hours": reason["downtime_hours"],
            "class": plain(reason["reason_class"]) or "no class",
            "label": f"{reason['downtime_hours']:,.1f} h, {reason['downtime_hours'] / hours:.0%}",
        }
        for reason in reasons
    ]
    st.altair_chart(charts.bars(listed, "hours", f"{KINDS[kind].capitalize()} downtime by reason"))
    left, right = st.columns([1, 2])
    with left:
        reason = st.selectbox("Robots down for", [row["reason"] for row in reasons], key="reason")
    robots = rows(page_queries.DOWNTIME_ROBOTS, (*choice.days, kind, reason, SHOWN_ROBOTS))
    listed = [
        {
            "name": plain(robot["robot_id"]),
            "hours": robot["downtime_hours"],
            "label": span(robot["downtime_hours"] * 3600),
        }
        for robot in robots
    ]
    with right:
        st.altair_chart(charts.bars(listed, "hours", f"Robots down for {plain(reason)}"))
    with left:
        robot_id = st.selectbox(
            "Minutes of robot", [robot["robot_id"] for robot in robots], key="robot"
        )
        zone = zones.pick()
    if robot_id:
        show_minutes(choice, kind, reason, robot_id, zone)


def show_minutes(
    choice: filters.Choice, kind: str, reason: str, robot_id: str, zone: ZoneInfo
) -> None:
    start, end = choice.window
    found = rows(
        page_queries.DOWNTIME_MINUTES, (robot_id, start, start, end, kind, reason, SHOWN_INTERVALS)
    )
    st.dataframe(
        [
            {
                "from": zones.in_zone(interval["started_at"], zone),
                "to": zones.in_zone(interval["ended_at"], zone),
                "lasted": span(interval["duration_seconds"]),
                "state": plain(interval["state"]),
                "reason": plain(interval["reason"]),
                "market": plain(interval["market"]),
                "software": plain(interval["software_version"]),
                "replay": charts.replay_url(robot_id, interval["started_at"]),
            }
            for interval in found
        ],
        hide_index=True,
        column_config={"replay": st.column_config.LinkColumn(display_text="open")},
        alt=f"When robot {plain(robot_id)} was down for {plain(reason)}",
    )
    st.caption(
        "Whole intervals, also where they reach beyond the days chosen. "
        f"Times: {zones.named(zone, start)}."
    )
