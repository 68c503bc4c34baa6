"""What each version of a service did, against the version before it."""

from __future__ import annotations

import streamlit as st

from dashboard import address, filters, page_queries, zones
from dashboard.data import rows
from dashboard.markup import Line, Range, note, ranges, table
from dashboard.markup import show as show_markup
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain

# Each metric of the mart: what it is called, and what it is of.
METRICS = {
    "errors_per_operating_hour": (
        "Robot errors per operating hour",
        "robot_error_count",
        "operating_hours",
    ),
    "takeovers_per_operating_hour": (
        "Takeovers per operating hour",
        "takeover_count",
        "operating_hours",
    ),
    "failed_delivery_ratio": ("Failed deliveries", "failed_delivery_count", "delivery_count"),
    "failed_pickup_ratio": ("Failed pickups", "failed_pickup_count", "pickup_count"),
    "error_ratio": ("Share of events that are errors", "error_count", "event_count"),
}
# What verdicts are about, beside the metrics.
MEASURES = {name: said for name, (said, _, _) in METRICS.items()} | {
    "failures_per_operating_hour": "Failures per operating hour",
    "robot_failed_delivery_ratio": "Deliveries that robots failed",
}
# What the measures that are not by operating hour are over.
UNITS = {"failed_pickup_ratio": "pickups", "error_ratio": "events"}
# As the dbt var robot_service.
ROBOT_SERVICE = "robot-agent"
OF_ROBOTS = ("errors_per_operating_hour", "takeovers_per_operating_hour")
BASES = {"same_days": "the same days", "before": "the time before"}
WORDS = {
    "worse": "▲ worse",
    "better": "▼ better",
    "no_clear_difference": "no clear difference",
    "alike": "alike",
    "too_few": "too few to tell",
    "no_previous_version": "first version",
}


def show() -> None:
    versions = rows(page_queries.RELEASE_HEALTH)
    if not versions:
        st.info("Nothing is loaded yet.")
        return
    verdicts()
    worse = [
        f"{version_name(row)}: {name.lower()}"
        for row in versions
        for metric, (name, _, _) in METRICS.items()
        if row[f"{metric}_comparison"] == "worse"
    ]
    if worse:
        st.warning("Worse than the version before, beyond what chance, robots and days explain:")
        for said in worse:
            st.text(f"▲ {said}")
    else:
        st.success("No version is clearly worse than the one before.")
    metric = address.select(
        "Metric",
        list(METRICS),
        "metric",
        format_func=lambda metric: METRICS[metric][0],
        width=340,
    )
    name, count, base = METRICS[metric]
    counted = [row for row in versions if row[metric] is not None]
    if not counted:
        st.info("No version has this metric yet.")
        return
    show_markup(
        ranges(
            [
                Range(
                    version_name(row),
                    row[metric],
                    row[f"{metric}_lower_90"],
                    row[f"{metric}_upper_90"],
                    f"{row[metric]:.3g}; {row[count]:,} of {row[base]:,.0f}",
                    behind(row, metric),
                )
                for row in counted
            ],
            name,
            is_log=False,
        )
    )
    heads = [count.replace("_", " "), base.replace("_", " "), name, "lower 90 %", "upper 90 %"]
    show_markup(
        table(
            ["service", "version", "first seen", "before", "compared", *heads],
            [
                Line(
                    [
                        row["service"],
                        row["version"],
                        zones.in_zone(row["first_event_at"], zones.chosen()),
                        row["previous_version"],
                        WORDS.get(row[f"{metric}_comparison"], ""),
                        f"{row[count]:,}",
                        f"{row[base]:,.0f}",
                        *(
                            "–" if row[column] is None else f"{row[column]:.4f}"
                            for column in (metric, f"{metric}_lower_90", f"{metric}_upper_90")
                        ),
                    ],
                    behind(row, metric),
                )
                for row in counted
            ],
            f"{name} by version, as a table; each leads to what is behind it",
            numbers=heads,
            minor=("service", "before", base.replace("_", " "), "lower 90 %", "upper 90 %"),
        )
    )


def behind(row: Row, metric: str) -> str:
    """Address of what a version's figure counts: its failures, or the deliveries that failed."""
    if row["service"] == ROBOT_SERVICE and metric in OF_ROBOTS:
        return address.link("reliability", software=row["version"]) + "#failures"
    days = filters.said_days(row["first_event_at"].date(), row["last_event_at"].date())
    return address.link("deliveries", days=days, outcome="failed")


def verdicts() -> None:
    """Verdicts, which hold however often they are read."""
    found = rows(page_queries.RELEASE_VERDICTS)
    if not found:
        return
    heads = [
        *("service", "version", "period", "before", "measure", "verdict", "ratio"),
        *("lower 96 %", "upper 96 %", "compared with", "counted", "over"),
        *("counted before", "over before"),
    ]
    ratios = ("rate_ratio", "rate_ratio_lower_96", "rate_ratio_upper_96")
    show_markup(
        "<h2>Verdicts, against the version before</h2>"
        + table(
            heads,
            [
                Line(
                    [
                        row["service"],
                        row["version"],
                        row["period_number"],
                        row["previous_version"],
                        MEASURES.get(row["measure"], row["measure"]),
                        verdict(row),
                        *("–" if row[name] is None else f"{row[name]:.2f}" for name in ratios),
                        BASES.get(row["comparison_basis"], ""),
                        row["event_count"],
                        whole(row["exposure"]),
                        row["previous_event_count"],
                        whole(row["previous_exposure"]),
                    ],
                    address.link("reliability", software=row["version"]) + "#failures"
                    if row["service"] == ROBOT_SERVICE
                    else "",
                    "error" if row["verdict"] == "worse" else "",
                )
                for row in found
            ],
            "Verdicts on versions; each leads to its failures",
            numbers=("ratio", "lower 96 %", "upper 96 %", *heads[-4:]),
            minor=("service", "period", "lower 96 %", "upper 96 %", *heads[-5:]),
        )
    )
    note(
        "A verdict may be read every hour; the ratio and its interval are for one look. Alike: "
        "surely less than twice as many."
    )


def whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def verdict(row: Row) -> str:
    if row["verdict"] != "undecided":
        return WORDS.get(row["verdict"], plain(row["verdict"]))
    if row["exposure_needed"] is None:
        return WORDS["too_few"]
    is_of_hours = row["measure"].endswith("_hour")
    unit = "operating hours" if is_of_hours else UNITS.get(row["measure"], "deliveries")
    return f"{row['exposure_needed']:,.0f} more {unit} needed"


def version_name(row: Row) -> str:
    return f"{plain(row['service'])} {plain(row['version'])}"
