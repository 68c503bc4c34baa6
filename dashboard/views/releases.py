"""What each version of a service did, against the version before it."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, page_queries
from dashboard.data import rows
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
    metric = st.selectbox(
        "Metric",
        list(METRICS),
        format_func=lambda metric: METRICS[metric][0],
        key="metric",
        bind="query-params",
    )
    name, count, base = METRICS[metric]
    counted = [row for row in versions if row[metric] is not None]
    if not counted:
        st.info("No version has this metric yet.")
        return
    st.altair_chart(
        charts.intervals(
            [
                {
                    "name": version_name(row),
                    "value": row[metric],
                    "lower": row[f"{metric}_lower_90"],
                    "upper": row[f"{metric}_upper_90"],
                    "basis": f"{row[count]:,} of {row[base]:,.0f}",
                }
                for row in counted
            ],
            name,
            f"{name} by version",
            log=False,
        )
    )
    st.dataframe(
        [
            {
                "service": plain(row["service"]),
                "version": plain(row["version"]),
                "before": plain(row["previous_version"]),
                "compared": WORDS.get(row[f"{metric}_comparison"], ""),
                count.replace("_", " "): row[count],
                base.replace("_", " "): row[base],
                name: row[metric],
                "lower 90 %": row[f"{metric}_lower_90"],
                "upper 90 %": row[f"{metric}_upper_90"],
            }
            for row in counted
        ],
        hide_index=True,
        column_config={
            column: st.column_config.NumberColumn(format="%.4f")
            for column in (name, "lower 90 %", "upper 90 %")
        }
        | {base.replace("_", " "): st.column_config.NumberColumn(format="%.0f")},
        alt=f"{name} by version, as a table",
    )


def verdicts() -> None:
    """Verdicts, which hold however often they are read."""
    found = rows(page_queries.RELEASE_VERDICTS)
    if not found:
        return
    st.markdown("#### Verdicts, against the version before")
    st.dataframe(
        [
            {
                "service": plain(row["service"]),
                "version": plain(row["version"]),
                "period": row["period_number"],
                "before": plain(row["previous_version"]),
                "measure": MEASURES.get(row["measure"], plain(row["measure"])),
                "verdict": verdict(row),
                "ratio": row["rate_ratio"],
                "lower 96 %": row["rate_ratio_lower_96"],
                "upper 96 %": row["rate_ratio_upper_96"],
                "compared with": BASES.get(row["comparison_basis"], ""),
                "counted": row["event_count"],
                "over": row["exposure"],
                "counted before": row["previous_event_count"],
                "over before": row["previous_exposure"],
            }
            for row in found
        ],
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format=form)
            for form, names in {
                "%.2f": ("ratio", "lower 96 %", "upper 96 %"),
                "%.0f": ("over", "over before"),
            }.items()
            for name in names
        },
        alt="Verdicts on versions",
    )
    st.caption(
        "A verdict may be read every hour; the ratio and its interval are for one look. Alike: "
        "surely less than twice as many."
    )


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
