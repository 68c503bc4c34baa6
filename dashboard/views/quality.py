"""Whether the numbers can be believed: lines accounted for, late, refused, lost or ill-timed."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import charts, page_queries, zones
from dashboard.data import rows
from fleet.lookup.wording import plain, span

SHOWN = 200
FATES = {
    "line_count": "Lines",
    "accepted_count": "Accepted",
    "duplicate_count": "Duplicates",
    "quarantined_count": "Quarantined",
    "other_environment_count": "Other environments",
}
BUCKETS = {
    "under_1_hour": "under 1 hour",
    "under_6_hours": "under 6 hours",
    "under_1_day": "under 1 day",
    "under_3_days": "under 3 days",
    "under_7_days": "under 7 days",
    "7_days_or_more": "7 days or more",
}


def show() -> None:
    with st.columns([3, 1])[1]:
        zone = zones.pick()
    reconciled, late, quarantined, gaps, clocks = st.tabs(
        ["Reconciliation", "Late events", "Quarantine", "Lost lines", "Clocks"]
    )
    with reconciled:
        show_reconciliation(zone)
    with late:
        show_late(zone)
    with quarantined:
        show_quarantine(zone)
    with gaps:
        show_gaps(zone)
    with clocks:
        show_clocks()


def show_reconciliation(zone: ZoneInfo) -> None:
    loads = rows(page_queries.LOADS, (SHOWN,))
    if not loads:
        st.info("Nothing is loaded yet.")
        return
    total = {name: sum(load[name] for load in loads) for name in FATES}
    columns = st.columns(len(FATES))
    for column, name in zip(columns, FATES, strict=True):
        column.metric(FATES[name], f"{total[name]:,}")
    lost = total["line_count"] - sum(list(total.values())[1:])
    if lost:
        st.error(f"{lost:,} lines are not accounted for; run `dbt build` to see which test fails.")
    else:
        st.success(
            "Lines = accepted + duplicates + quarantined + other environments, in every load shown."
        )
    chosen = st.selectbox(
        "Load",
        [load["loaded_at"] for load in loads],
        format_func=lambda at: zones.in_zone(at, zone),
    )
    st.dataframe(
        [
            {
                "stream": plain(row["stream"]),
                "other environment": plain(row["other_environment"]),
                "lines": row["line_count"],
                **{
                    name.removesuffix("_count").replace("_", " "): row[name]
                    for name in row
                    if name.endswith("_count") and name != "line_count"
                },
            }
            for row in rows(page_queries.LOAD_STREAMS, (chosen,))
        ],
        hide_index=True,
        alt="What became of the lines of the load, by stream",
    )
    st.caption(f"The last {len(loads)} loads. Times: {zones.named(zone, chosen)}.")


def show_late(zone: ZoneInfo) -> None:
    buckets = rows(page_queries.LATENESS)
    if not buckets:
        st.success("No event came after the end of its delivery had been loaded.")
        return
    st.altair_chart(
        charts.bars(
            [
                {
                    "name": BUCKETS[row["lateness_bucket"]],
                    "events": row["event_count"],
                    "label": f"{row['event_count']:,} of {row['delivery_count']:,} deliveries, "
                    f"{row['changed_outcome_count']} changed an outcome",
                }
                for row in buckets
            ],
            "events",
            "Late events, by time from event to load",
        )
    )
    st.dataframe(
        [
            {
                "delivery": plain(row["delivery_id"]),
                "event": plain(row["event_name"]),
                "happened": zones.in_zone(row["event_at"], zone),
                "loaded": zones.in_zone(row["loaded_at"], zone),
                "late by": span(row["event_to_load_seconds"]),
                "under way": span(row["event_to_receipt_seconds"]),
                "changed outcome": row["has_changed_outcome"],
                "changed first error": row["has_changed_first_error"],
            }
            for row in rows(page_queries.LATE_EVENTS, (SHOWN,))
        ],
        hide_index=True,
        alt="Late events, newest load first",
    )
    st.caption(f"The newest {SHOWN}.")


def show_quarantine(zone: ZoneInfo) -> None:
    reasons = rows(page_queries.QUARANTINE_REASONS)
    if not reasons:
        st.success("Every line was accepted.")
        return
    st.altair_chart(
        charts.bars(
            [
                {
                    "name": plain(row["reason"]),
                    "lines": row["line_count"],
                    "label": f"{row['line_count']:,}",
                }
                for row in reasons
            ],
            "lines",
            "Quarantined lines by reason",
        )
    )
    reason = st.selectbox(
        "Reason",
        ["", *(row["reason"] for row in reasons)],
        format_func=lambda reason: plain(reason) or "every reason",
        key="quarantine_reason",
    )
    st.dataframe(
        [
            {
                "reason": plain(row["reason"]),
                "what": plain(row["reason_detail"]),
                "event": plain(row["event_name"]),
                "line": plain(row["line"]),
                "file": plain(row["source_file"]),
                "received": zones.in_zone(row["received_at"], zone),
                "loaded": zones.in_zone(row["loaded_at"], zone),
            }
            for row in rows(page_queries.QUARANTINED_LINES, (reason, reason, SHOWN))
        ],
        hide_index=True,
        column_config={"line": st.column_config.TextColumn(width="large")},
        alt="Quarantined lines as they arrived",
    )
    st.caption(
        f"The newest {SHOWN}. Once the registry knows them: "
        "`dbt build --selector nightly --vars 'replay_quarantine: true'`."
    )


def show_gaps(zone: ZoneInfo) -> None:
    found = rows(page_queries.GAPS)
    if not found:
        st.success("No emitter's numbers have a gap.")
        return
    st.dataframe(
        [
            {
                "service": plain(row["service"]),
                "place": plain(row["place"]),
                "gaps": row["gap_count"],
                "emitters": row["emitter_count"],
                "lines missing": row["missing_count"],
            }
            for row in found
        ],
        hide_index=True,
        alt="Gaps by service and place",
    )
    st.caption("head: nothing came before; middle; tail: nothing came after.")
    st.dataframe(
        [
            {
                "emitter": plain(row["emitter_id"]),
                "robot": plain(row["robot_id"]),
                "missing": row["missing_count"],
                "numbers": f"{row['first_missing_seq']}–{row['last_missing_seq']}",
                "after event": plain(row["event_before_name"]),
                "at": zones.in_zone(row["event_before_at"], zone),
                "before event": plain(row["event_after_name"]),
                "then at": zones.in_zone(row["event_after_at"], zone),
            }
            for row in rows(page_queries.EMITTER_GAPS, (SHOWN,))
        ],
        hide_index=True,
        alt="The longest gaps",
    )


def show_clocks() -> None:
    found = rows(page_queries.CLOCKS, (SHOWN,))
    if not found:
        st.info("No robot's event carries a time of receipt.")
        return
    st.dataframe(
        [
            {
                "robot": plain(row["robot_id"]),
                "UTC day": row["received_date"],
                "clock ahead": span(row["clock_ahead_estimate_seconds"]),
                "events": row["event_count"],
                "corrected": row["corrected_event_count"],
                "least delay": span(row["occurred_to_received_min_seconds"]),
                "mean delay": span(row["occurred_to_received_avg_seconds"]),
                "greatest delay": span(row["occurred_to_received_max_seconds"]),
            }
            for row in found
        ],
        hide_index=True,
        alt="Robots' clocks, the worst first",
    )
    st.caption(
        "Negative: the clock is behind. Delays are received_at minus the robot's occurred_at."
    )
