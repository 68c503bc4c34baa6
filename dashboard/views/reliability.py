"""MTBF with its 90 % interval: by version and by robot, and the failures behind it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import streamlit as st

from dashboard import charts, page_queries, zones
from dashboard.data import rows
from fleet.lookup.stores import Row
from fleet.lookup.wording import counted, plain, span

# An interval of less operating time says nothing, and would stretch the chart.
LEAST_HOURS = 1
SHOWN_ROBOTS = 40
SHOWN_FAILURES = 200


def show() -> None:
    months = [row["month_start"] for row in rows(page_queries.MONTHS)]
    if not months:
        st.info("Nothing is loaded yet.")
        return
    left, right = st.columns([1, 1])
    with left:
        month = st.selectbox("Month, UTC", months, format_func="{:%B %Y}".format, key="month")
    with right:
        zone = zones.pick()
    st.markdown("#### By hardware and software version")
    fleet = rows(page_queries.FLEET_MTBF, (month,))
    st.altair_chart(
        charts.intervals(
            [
                interval(
                    row, f"{plain(row['hardware_version'])} · {plain(row['software_version'])}"
                )
                for row in fleet
                if row["operating_hours"] >= LEAST_HOURS
            ],
            "MTBF, hours (logarithmic)",
            "MTBF by version",
        )
    )
    st.caption(
        "MTBF = operating hours T / failures r that began while the robot operated, with the "
        "two-sided 90 % chi-square interval; failures on a charger or in the workshop are "
        "beside r. An "
        "arrow: no failure, so only a lower bound. Intervals that overlap show no difference; "
        "compare versions within one hardware version. Versions that drove less than an hour are "
        "in the table alone."
    )
    mtbf_table(fleet, ("hardware_version", "software_version"), "MTBF by version, as a table")
    st.markdown("#### By robot")
    robots = rows(page_queries.ROBOT_MTBF, (month, SHOWN_ROBOTS))
    st.altair_chart(
        charts.intervals(
            [interval(row, plain(row["robot_id"])) for row in robots],
            "MTBF, hours (logarithmic)",
            "MTBF by robot",
        )
    )
    st.caption(f"The {SHOWN_ROBOTS} robots with most failures, most first.")
    mtbf_table(robots, ("robot_id",), "MTBF by robot, as a table")
    st.markdown("#### Failures")
    chosen = st.selectbox(
        "Robot",
        ["", *(row["robot_id"] for row in robots)],
        format_func=lambda robot_id: plain(robot_id) or "every robot",
        key="failed_robot",
    )
    start = datetime.combine(month, time(), UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    failures = rows(page_queries.FAILURES, (start, end, chosen, chosen, SHOWN_FAILURES))
    st.dataframe(
        [
            {
                "started": zones.in_zone(row["started_at"], zone),
                "robot": plain(row["robot_id"]),
                "component": plain(row["component"]),
                "first error": plain(row["first_error_code"]),
                "errors": row["error_count"],
                "consequences": plain(row["consequences"]),
                "down for": span(row["down_seconds"]),
                "ended": row["end_basis"] or "lasts on",
                "state before": row["began_in_state"],
                "in MTBF": row["is_charged"],
                "hardware": plain(row["hardware_version"]),
                "software": plain(row["software_version"]),
                "replay": charts.replay_url(row["robot_id"], row["started_at"]),
            }
            for row in failures
        ],
        hide_index=True,
        column_config={"replay": st.column_config.LinkColumn(display_text="open")},
        alt="Failure episodes, newest first",
    )
    st.caption(f"Times: {zones.named(zone, start)}.")


def interval(row: Row, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": row["mtbf_hours"],
        "lower": row["mtbf_lower_90_hours"],
        "upper": row["mtbf_upper_90_hours"],
        "basis": f"{counted(row['failure_count'], 'failure')} "
        f"in {row['operating_hours']:,.1f} operating hours",
    }


def mtbf_table(found: list[Row], ids: tuple[str, ...], alt: str) -> None:
    st.dataframe(
        [
            {
                **{name.replace("_", " "): plain(row[name]) for name in ids},
                "failures": row["failure_count"],
                "not operating": row["uncharged_failure_count"],
                "operating hours": row["operating_hours"],
                "MTBF h": row["mtbf_hours"],
                "lower 90 %": row["mtbf_lower_90_hours"],
                "upper 90 %": row["mtbf_upper_90_hours"],
                "MTTR h": row["mttr_hours"],
                "MTBF / (MTBF + MTTR)": row["mtbf_availability_ratio"],
                "availability": row["availability_ratio"],
            }
            for row in found
        ],
        hide_index=True,
        column_config={
            **{
                name: st.column_config.NumberColumn(format="%.1f")
                for name in ("operating hours", "MTBF h", "lower 90 %", "upper 90 %")
            },
            "MTTR h": st.column_config.NumberColumn(format="%.2f"),
            **{
                name: st.column_config.NumberColumn(format="percent")
                for name in ("MTBF / (MTBF + MTTR)", "availability")
            },
        },
        alt=alt,
    )
