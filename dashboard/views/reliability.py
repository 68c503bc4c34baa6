"""MTBF with its 90 % interval: by version and by robot, and the failures behind it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import streamlit as st

from dashboard import address, page_queries, story, zones
from dashboard.data import rows
from dashboard.markup import Line, Range, id_link, link, note, ranges, table, text
from dashboard.markup import show as show_markup
from fleet.lookup.stores import Row
from fleet.lookup.wording import counted, plain, span

# An interval of less operating time says nothing, and would stretch the chart.
LEAST_HOURS = 1
SHOWN_ROBOTS = 40
SHOWN_FAILURES = 200
MTBF = "MTBF in hours"


def show() -> None:
    months = [row["month_start"] for row in rows(page_queries.MONTHS)]
    if not months:
        st.info("Nothing is loaded yet.")
        return
    month = address.select("Month, UTC", months, "month", format_func="{:%B %Y}".format, width=260)
    zone = zones.chosen()
    show_markup("<h2>By hardware and software version</h2>")
    fleet = rows(page_queries.FLEET_MTBF, (month,))
    show_markup(
        ranges(
            [
                interval(
                    row, f"{plain(row['hardware_version'])} · {plain(row['software_version'])}"
                )
                for row in fleet
                if row["operating_hours"] >= LEAST_HOURS
            ],
            MTBF,
            is_log=True,
        )
    )
    note(
        "MTBF = operating hours T / failures r that began while the robot operated, with its "
        "two-sided 90 % interval; failures on a charger or in the workshop are beside r. That of "
        "a version is of all robots like these, by the spread between them: none with fewer than "
        "three robots. An arrow: no failure, so only a lower bound. Intervals that overlap show "
        "no difference; "
        "compare versions within one hardware version. Versions that drove less than an hour are "
        "in the table alone."
    )
    mtbf_table(fleet, ("hardware_version", "software_version"), "MTBF by version, as a table")
    show_months()
    show_markup("<h2>By robot</h2>")
    robots = rows(page_queries.ROBOT_MTBF, (month, SHOWN_ROBOTS))
    show_markup(ranges([interval(row, plain(row["robot_id"])) for row in robots], MTBF, True))
    note(f"The {SHOWN_ROBOTS} robots with most failures, most first.")
    mtbf_table(robots, ("robot_id",), "MTBF by robot, as a table")
    robot = address.get("robot")
    version = address.get("software")
    start = datetime.combine(month, time(), UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    failures = rows(
        page_queries.FAILURES, (start, end, robot, robot, version, version, SHOWN_FAILURES)
    )
    of = " of ".join(["Failures", *filter(None, (plain(robot), plain(version)))])
    every = link("Failures of every robot", address.here(robot="", software=""))
    show_markup(
        f'<h2 id="failures">{text(of)}</h2>'
        + (f"<p>{every}</p>" if robot or version else "")
        + table(
            [
                *("started", "robot", "component", "first error", "errors", "consequences"),
                *("down for", "ended", "state before", "in MTBF", "hardware", "software"),
            ],
            [
                Line(
                    [
                        zones.in_zone(row["started_at"], zone),
                        id_link(row["robot_id"]),
                        row["component"],
                        row["first_error_code"],
                        row["error_count"],
                        row["consequences"],
                        span(row["down_seconds"]),
                        row["end_basis"] or "lasts on",
                        row["began_in_state"],
                        "yes" if row["is_charged"] else "no",
                        row["hardware_version"],
                        row["software_version"],
                    ],
                    story.replay_url(row["robot_id"], row["started_at"]),
                )
                for row in failures
            ],
            "Failure episodes, newest first; each opens the robot's hour",
            numbers=("errors",),
            minor=(
                *("errors", "consequences", "ended", "state before", "in MTBF"),
                *("hardware", "software"),
            ),
        )
    )
    note(f"A row opens the robot's hour. Times: {zones.named(zone, start)}.")


def show_months() -> None:
    """The trend: each hardware version over the months."""
    months = rows(page_queries.HARDWARE_MTBF)
    listed = [
        interval(row, f"{plain(row['hardware_version'])} · {row['month_start']:%b %Y}")
        for row in months
        if row["operating_hours"] >= LEAST_HOURS
    ]
    show_markup(f"<h2>By hardware version and month</h2>{ranges(listed, MTBF, is_log=True)}")


def interval(row: Row, name: str) -> Range:
    failures = counted(row["failure_count"], "failure")
    said = "" if row["mtbf_hours"] is None else f"{row['mtbf_hours']:,.1f} h; "
    return Range(
        name,
        row["mtbf_hours"],
        row["mtbf_lower_90_hours"],
        row["mtbf_upper_90_hours"],
        f"{said}{failures} in {row['operating_hours']:,.0f} h",
        failures_of(row),
    )


def mtbf_table(found: list[Row], ids: tuple[str, ...], label: str) -> None:
    heads = [
        *(name.replace("_", " ") for name in ids),
        *("failures", "not operating", "operating hours", "MTBF h", "lower 90 %", "upper 90 %"),
        *("MTTR h", "MTBF / (MTBF + MTTR)", "availability"),
    ]

    def cells(row: Row) -> list[object]:
        return [
            *(id_link(row[name]) if name == "robot_id" else plain(row[name]) for name in ids),
            row["failure_count"],
            row["uncharged_failure_count"],
            number(row["operating_hours"]),
            number(row["mtbf_hours"]),
            number(row["mtbf_lower_90_hours"]),
            number(row["mtbf_upper_90_hours"]),
            number(row["mttr_hours"], 2),
            share(row["mtbf_availability_ratio"]),
            share(row["availability_ratio"]),
        ]

    show_markup(
        table(
            heads,
            [Line(cells(row), failures_of(row)) for row in found],
            f"{label}; each row leads to its failures",
            numbers=heads[len(ids) :],
            minor=("not operating", "MTTR h", "MTBF / (MTBF + MTTR)", "lower 90 %", "upper 90 %"),
        )
    )


def failures_of(row: Row) -> str:
    """Address of the failures behind a row of a month."""
    robot, software = row.get("robot_id", ""), row.get("software_version", "")
    chosen = {"month": str(row["month_start"]), "robot": robot, "software": software}
    return address.here(**chosen) + "#failures"


def number(value: float | None, places: int = 1) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
