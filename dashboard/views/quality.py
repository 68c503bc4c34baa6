"""Whether the numbers can be believed: lines accounted for, late, refused, lost or ill-timed."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import address, page_queries, story, zones
from dashboard.data import rows
from dashboard.markup import Bar, Line, Markup, bars, id_link, link, note, table, text
from dashboard.markup import show as show_markup
from fleet.lookup import queries as lookups
from fleet.lookup.stores import Row
from fleet.lookup.wording import age, plain, span

SHOWN = 200
# A share of lines beyond this is worth a look before any figure is.
MANY_QUARANTINED = 0.01
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


TABS = {
    "reconciliation": "Reconciliation",
    "late": "Late events",
    "quarantine": "Quarantine",
    "gaps": "Lost lines",
    "clocks": "Clocks",
}


def show() -> None:
    zone = zones.chosen()
    loads = rows(page_queries.LOADS, (SHOWN,))
    if not loads:
        st.info("Nothing is loaded yet.")
        return
    total = {name: sum(load[name] for load in loads) for name in FATES}
    show_markup(verdict(total, loads[0]["loaded_at"], zone))
    tab = address.segments("About", TABS, "tab")
    if tab == "reconciliation":
        show_reconciliation(loads, total, zone)
    elif tab == "late":
        show_late(zone)
    elif tab == "quarantine":
        show_quarantine(zone)
    elif tab == "gaps":
        show_gaps(zone)
    else:
        show_clocks()


def unaccounted(total: Row) -> int:
    return int(total["line_count"] - sum(list(total.values())[1:]))


def verdict(total: Row, loaded_at: datetime, zone: ZoneInfo) -> str:
    """Whether the numbers can be believed, and how fresh they are, in a sentence each."""
    (until,) = rows(lookups.LOADED_UNTIL)
    bad = total["quarantined_count"] / total["line_count"] if total["line_count"] else 0
    if lost := unaccounted(total):
        said = f"{lost:,} lines are not accounted for."
    elif bad > MANY_QUARANTINED:
        said = f"Every line is accounted for, but {bad:.1%} are quarantined."
    else:
        said = f"Every line is accounted for; {bad:.2%} are quarantined."
    fresh = (
        f"Events until {zones.in_zone(until['event_at'], zone)}, "
        f"{age(until['event_at'], datetime.now(UTC))}; the last load was at "
        f"{zones.in_zone(loaded_at, zone)}, {age(loaded_at, datetime.now(UTC))}."
        if until["event_at"]
        else ""
    )
    return f'<h1>{said}</h1><p class="note">{fresh}</p>'


def show_reconciliation(loads: list[Row], total: Row, zone: ZoneInfo) -> None:
    columns = st.columns(len(FATES))
    for column, name in zip(columns, FATES, strict=True):
        column.metric(FATES[name], f"{total[name]:,}")
    if lost := unaccounted(total):
        st.error(f"{lost:,} lines are not accounted for; run `dbt build` to see which test fails.")
    else:
        st.success(
            "Lines = accepted + duplicates + quarantined + other environments, in every load shown."
        )
    chosen = address.select(
        "Load",
        [load["loaded_at"] for load in loads],
        "load",
        format_func=lambda at: zones.in_zone(at, zone),
        width=260,
    )
    found = rows(page_queries.LOAD_STREAMS, (chosen,))
    counts = [name for name in found[0] if name.endswith("_count")]
    heads = [name.removesuffix("_count").replace("_", " ") for name in counts]
    show_markup(
        table(
            ["stream", "environment", *heads],
            [
                Line(
                    [row["stream"], row["other_environment"], *(row[name] for name in counts)],
                    address.here(tab="quarantine") if row["quarantined_count"] else "",
                )
                for row in found
            ],
            "What became of the lines of the load, by stream",
            numbers=heads,
        )
    )
    note(f"The last {len(loads)} loads. Times: {zones.named(zone, chosen)}.")


def show_late(zone: ZoneInfo) -> None:
    buckets = rows(page_queries.LATENESS)
    if not buckets:
        st.success("No event came after the end of its delivery had been loaded.")
        return
    bucket = address.get("bucket")
    show_markup(
        bars(
            [
                Bar(
                    BUCKETS[row["lateness_bucket"]],
                    row["event_count"],
                    f"{row['event_count']:,} of {row['delivery_count']:,} deliveries, "
                    f"{row['changed_outcome_count']} changed an outcome",
                    address.here(bucket=row["lateness_bucket"]),
                    is_chosen=row["lateness_bucket"] == bucket,
                )
                for row in buckets
            ],
            "Late events, by time from event to load",
        )
    )
    show_markup(
        table(
            [
                *("delivery", "event", "happened", "loaded", "late by", "under way"),
                *("changed outcome", "changed first error"),
            ],
            [
                Line(
                    [
                        id_link(row["delivery_id"]),
                        row["event_name"],
                        zones.in_zone(row["event_at"], zone),
                        zones.in_zone(row["loaded_at"], zone),
                        span(row["event_to_load_seconds"]),
                        span(row["event_to_receipt_seconds"]),
                        yes(row["has_changed_outcome"]),
                        yes(row["has_changed_first_error"]),
                    ],
                    address.link(id=row["delivery_id"], event=row["event_id"]),
                )
                for row in rows(page_queries.LATE_EVENTS, (bucket, bucket, SHOWN))
            ],
            "Late events, newest load first; each opens in its delivery",
            minor=("loaded", "under way", "changed outcome", "changed first error"),
        )
    )
    note(f"The newest {SHOWN}.")


def yes(value: object) -> str:
    return "yes" if value else "no"


def show_quarantine(zone: ZoneInfo) -> None:
    reasons = rows(page_queries.QUARANTINE_REASONS)
    if not reasons:
        st.success("Every line was accepted.")
        return
    reason = address.get("reason")
    every = link("Lines of every reason", address.here(reason=""))
    show_markup(
        bars(
            [
                Bar(
                    plain(row["reason"]),
                    row["line_count"],
                    f"{row['line_count']:,}",
                    address.here(reason=row["reason"]),
                    is_chosen=row["reason"] == reason,
                )
                for row in reasons
            ],
            "Quarantined lines by reason; each leads to its lines",
        )
        + (f"<p>{every}</p>" if reason else "")
        + table(
            ["reason", "what", "event", "line", "file", "received", "loaded"],
            [
                Line(
                    [
                        row["reason"],
                        row["reason_detail"],
                        row["event_name"],
                        Markup(f"<code>{text(row['line'])}</code>"),
                        row["source_file"],
                        zones.in_zone(row["received_at"], zone),
                        zones.in_zone(row["loaded_at"], zone),
                    ]
                )
                for row in rows(page_queries.QUARANTINED_LINES, (reason, reason, SHOWN))
            ],
            "Quarantined lines as they arrived",
            minor=("event", "file", "received", "loaded"),
        )
    )
    note(
        f"The newest {SHOWN}. Once the registry knows them: "
        "`dbt build --selector nightly --vars 'replay_quarantine: true'`."
    )


def show_gaps(zone: ZoneInfo) -> None:
    found = rows(page_queries.GAPS)
    if not found:
        st.success("No emitter's numbers have a gap.")
        return
    columns = ("service", "place", "gap_count", "emitter_count", "missing_count")
    show_markup(
        table(
            ["service", "place", "gaps", "emitters", "lines missing"],
            [Line([row[column] for column in columns]) for row in found],
            "Gaps by service and place",
            numbers=("gaps", "emitters", "lines missing"),
        )
    )
    note("head: nothing came before; middle; tail: nothing came after.")
    show_markup(
        table(
            [
                *("emitter", "robot", "missing", "numbers"),
                *("after event", "at", "before event", "then at"),
            ],
            [
                Line(
                    [
                        row["emitter_id"],
                        id_link(row["robot_id"]),
                        row["missing_count"],
                        f"{row['first_missing_seq']}–{row['last_missing_seq']}",
                        row["event_before_name"],
                        zones.in_zone(row["event_before_at"], zone),
                        row["event_after_name"],
                        zones.in_zone(row["event_after_at"], zone),
                    ],
                    story.replay_url(row["robot_id"], row["event_before_at"])
                    if row["robot_id"] and row["event_before_at"]
                    else "",
                )
                for row in rows(page_queries.EMITTER_GAPS, (SHOWN,))
            ],
            "The longest gaps; each opens the robot's hour after its last event",
            numbers=("missing",),
            minor=("numbers", "after event", "before event", "then at"),
        )
    )


def show_clocks() -> None:
    found = rows(page_queries.CLOCKS, (SHOWN,))
    if not found:
        st.info("No robot's event carries a time of receipt.")
        return
    show_markup(
        table(
            [
                *("robot", "UTC day", "clock ahead", "events", "corrected"),
                *("least delay", "mean delay", "greatest delay"),
            ],
            [
                Line(
                    [
                        id_link(row["robot_id"]),
                        row["received_date"],
                        span(row["clock_ahead_estimate_seconds"]),
                        row["event_count"],
                        row["corrected_event_count"],
                        span(row["occurred_to_received_min_seconds"]),
                        span(row["occurred_to_received_avg_seconds"]),
                        span(row["occurred_to_received_max_seconds"]),
                    ],
                    story.replay_url(
                        row["robot_id"], datetime.combine(row["received_date"], time(), UTC)
                    ),
                )
                for row in found
            ],
            "Robots' clocks, the worst first; each opens the robot's day",
            numbers=("events", "corrected"),
            minor=("events", "corrected", "mean delay", "greatest delay"),
        )
    )
    note("Negative: the clock is behind. Delays are received_at minus the robot's occurred_at.")
