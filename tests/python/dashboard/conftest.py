"""Every mart in a DuckDB file, filled by hand, and the page on it in Streamlit's test driver."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
import streamlit as st
import yaml
from streamlit.testing.v1 import AppTest

from tests.python.session.conftest import ROOT, at, database, delivery, insert

__all__ = ["database"]

DAY, BEFORE = date(2026, 11, 2), date(2026, 11, 1)
Open = Callable[..., AppTest]


def interval(state: str, start: float, end: float, **columns: Any) -> dict[str, Any]:
    """Row of robot_state_intervals of R-1."""
    row: dict[str, Any] = {
        "robot_id": "R-1",
        "state": state,
        "state_class": "supply",
        "reason": "none",
    }
    row |= {"basis": "reported", "state_event_id": f"s{start}", "market": "la"}
    row |= {"duration_seconds": end - start, "started_at": at(start), "ended_at": at(end)}
    return row | {"ended_date": at(end).date()} | columns


def mtbf(**columns: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"month_start": DAY.replace(day=1), "operating_hours": 100.0}
    row |= {"failure_count": 4, "mtbf_hours": 25.0, "mttr_hours": 0.5, "availability_ratio": 0.98}
    row |= {"uncharged_failure_count": 1, "mtbf_availability_ratio": 0.97}
    return row | {"mtbf_lower_90_hours": 11.0, "mtbf_upper_90_hours": 73.0} | columns


def verdict(measure: str, said: str, needed: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"version": "4.3.0", "period_number": 1, "previous_version": "4.2.1"}
    row |= {"measure": measure, "verdict": said, "exposure_needed": needed, "event_count": 9}
    row |= {
        "service": "robot-agent",
        "exposure": 100.0,
        "previous_event_count": 4,
        "previous_exposure": 90.0,
    }
    return row | {"rate_ratio": 2.1, "rate_ratio_lower_96": 1.2, "comparison_basis": "same_days"}


def health(version: str, errors: int, comparison: str) -> dict[str, Any]:
    rate = errors / 100
    row: dict[str, Any] = {"service": "robot-agent", "version": version, "operating_hours": 100.0}
    row |= {"event_count": 1000, "robot_error_count": errors, "takeover_count": 0}
    row |= {"errors_per_operating_hour": rate, "errors_per_operating_hour_lower_90": rate / 2}
    row |= {"errors_per_operating_hour_upper_90": rate * 2, "first_event_at": at(errors)}
    row["last_event_at"] = at(errors + 100)
    return row | {"errors_per_operating_hour_comparison": comparison}


ROWS: dict[str, list[dict[str, Any]]] = {
    "delivery_sessions": [
        # Five legs of 5 s in the market, so that half of them take no longer.
        delivery(f"D-{number}", started_at=at(number), order_to_dispatch_seconds=5,
                 order_to_dropoff_seconds=1800, order_id=f"O-{number}", local_date=DAY)
        for number in range(20, 25)
    ] + [
        delivery("D-30", started_at=at(30), outcome="open", local_date=DAY),
        delivery("D-9", merchant_id="M-1", started_at=at(-3600), local_date=BEFORE),
    ],
    "delivery_session_events": [
        {"delivery_id": f"D-{number}", "event_id": f"e{number}", "stream": "dispatch",
         "robot_id": "R-1", "event_name": "dispatch.assigned", "summary": "Assigned",
         "match_method": "delivery_id", "sequence_number": 1, "seconds_since_start": 0,
         "is_ambiguous": False, "is_error": False, "event_at": at(seconds)}
        for number, seconds in ((9, -3600), (11, 0), (12, 9))
    ],
    "event_timeline": [
        {"event_id": f"e{number}", "event_name": "order.created", "stream": "order",
         "order_id": f"O-{number}", "summary": "Order placed", "is_error": False,
         "is_takeover": False, "event_at": at(0)}
        for number in (40, 41)
    ],
    "event_payloads": [
        {"event_id": "e6", "event_name": "robot.error", "event_version": 1, "robot_id": "R-1",
         "trace_id": "t<1>", "event_date": DAY, "event_at": at(610.5),
         "data": '{"error_code": "LID-401", "detail": "<b>jammed</b>", "arm_degrees": 41.5}'},
    ],
    "robot_state_intervals": [
        interval("assigned", -60, 600),
        interval("fault", 600, 650, state_class="unplanned_down", reason="hw_lid"),
        interval("unknown", 650, 5000, state_class="unknown", reason="silence", basis="silence"),
    ],
    "robot_hours_daily": [
        {"robot_id": "R-1", "market": "la", "state": "fault", "state_class": "unplanned_down",
         "reason": "hw_lid", "duration_seconds": 1800, "usable_seconds": 0, "local_date": DAY},
        *(
            {"robot_id": "R-1", "market": "la", "state": "available", "state_class": "supply",
             "reason": "none", "duration_seconds": seconds, "usable_seconds": seconds,
             "local_date": day}
            for day, seconds in ((DAY, 3600), (BEFORE, 7200))
        ),
    ],
    "supply_hours_daily": [
        {"local_date": day, "market": market, "market_name": market.upper(),
         "time_zone": "America/Los_Angeles", "robot_count": 1, "active_robot_count": 1,
         "usable_hours": 12.0, "usable_hours_low": 11.0, "usable_hours_high": 14.0,
         "usable_in_service_hours": 10.0,
         "ready_hours": 8.0, "busy_hours": 4.0, "not_dispatchable_hours": 0.0,
         "support_hours": 1.0, "unplanned_down_hours": 0.5, "planned_down_hours": 8.5,
         "unknown_hours": 2.0, "out_of_service_hours": 0.0, "out_of_fleet_hours": 0.0,
         "unobserved_hours": 0.0,
         "total_hours": 24.0}
        for day, market in ((DAY, "la"), (DAY, "sf"), (BEFORE, "la"), (BEFORE, "sf"))
    ],
    "downtime_reasons_daily": [
        {"local_date": DAY, "market": "la", "state_class": "unplanned_down",
         "reason": "hw_lid", "reason_class": "hardware", "robot_count": 1,
         "downtime_hours": 0.5, "share_of_downtime_ratio": 1.0}
    ],
    "delivery_funnel_daily": [
        {"local_date": DAY, "market": "la", "order_count": 110, "ineligible_count": 10,
         "eligible_count": 100, "dispatched_count": 90, "picked_up_count": 81,
         "dropped_off_count": 80, "promised_count": 80, "on_time_count": 60, "under_way_count": 2,
         "late_sum_seconds": -2400, "fallback_count": 9, "order_to_dropoff_ratio": 0.8}
    ],
    "funnel_losses_daily": [
        {"local_date": DAY, "market": "la", "lost_step": step, "lost_reason": reason,
         "order_count": count}
        for step, reason, count in [
            ("dispatched", "no_robot", 10), ("eligible", "range", 10),
            ("pickup_completed", "<b>", 9),
        ]
    ],
    "funnel_orders": [
        {"order_key": f"O-{number}", "order_id": f"O-{number}", "delivery_id": f"D-{number}",
         "market": "la", "local_date": DAY, "is_dropped_off": True, "fulfilled_by": "robot",
         "delivery_count": 1, "order_to_dispatch_seconds": 5, "order_to_dropoff_seconds": 1800}
        for number in range(20, 25)
    ] + [
        {"order_key": order, "order_id": order, "market": "la", "local_date": DAY,
         "lost_step": step, "lost_reason": reason, "fulfilled_by": "fallback",
         "delivery_count": 0, "is_dropped_off": False, "entered_at": at(0)}
        for order, step, reason in (
            ("O-40", "dispatched", "no_robot"), ("O-41", "eligible", "range"),
        )
    ],
    "fleet_mtbf": [
        mtbf(hardware_version="hw-2", software_version="4.2.1"),
        mtbf(hardware_version="hw-2", software_version="4.3.0", failure_count=0, mtbf_hours=None,
             mtbf_upper_90_hours=None, mttr_hours=None),
        mtbf(hardware_version="hw-2", software_version="0.0.1", operating_hours=0.0,
             failure_count=0, mtbf_hours=None, mtbf_lower_90_hours=0.0, mtbf_upper_90_hours=None),
    ],
    "leg_times_daily": [
        {"local_date": DAY, "market": "la", "leg": "order_to_dropoff", "order_count": 5,
         "p50_seconds": 1800.0, "p90_seconds": 1800.0},
    ],
    "hardware_mtbf": [mtbf(hardware_version="hw-2")],
    "robot_mtbf": [mtbf(robot_id="R-1")],
    "robot_failures": [
        {"failure_id": "e6", "robot_id": "R-1", "component": "lid", "first_error_code": "LID-401",
         "software_version": "4.2.1",
         "error_count": 1, "down_seconds": 90, "began_in_state": "in_transit", "is_charged": True,
         "is_open": False, "end_basis": "cleared", "started_at": at(610.5), "ended_at": at(700)},
        {"failure_id": "e70", "robot_id": "R-1", "component": "drive",
         "first_error_code": "DRV-104", "software_version": "4.3.0", "error_count": 1,
         "down_seconds": 90, "began_in_state": "in_transit", "is_charged": True, "is_open": True,
         "market": "la", "started_at": at(8000)},
    ],
    "release_verdicts": [
        verdict("failures_per_operating_hour", "worse", None),
        verdict("robot_failed_delivery_ratio", "undecided", 210.4),
        verdict("takeovers_per_operating_hour", "undecided", None),
    ],
    "release_health": [
        health("4.2.1", 10, "no_previous_version"),
        health("4.3.0", 90, "worse"),
    ],
    "event_reconciliation": [
        {"stream": "robot", "line_count": 12, "accepted_count": 9, "duplicate_count": 1,
         "quarantined_count": 2, "other_environment_count": 0, "malformed_count": 2,
         "loaded_at": at(9000)},
        {"stream": "robot", "other_environment": "staging", "line_count": 4, "accepted_count": 0,
         "duplicate_count": 0, "quarantined_count": 0, "other_environment_count": 4,
         "malformed_count": 0, "loaded_at": at(9000)},
    ],
    "late_events": [
        {"delivery_id": "D-10", "event_id": "e8", "event_name": "delivery.dropoff_failed",
         "lateness_bucket": "under_6_hours", "event_to_load_seconds": 8300,
         "has_changed_outcome": True, "has_changed_first_error": False, "event_at": at(700),
         "loaded_at": at(9000)}
    ],
    "quarantined_lines": [
        {"quarantined_line_id": str(number), "reason": reason, "line": line,
         "source_file": "a.ndjson", "received_at": at(0), "loaded_at": at(9000)}
        for number, (reason, line) in enumerate(
            [("malformed", "{broken"), ("bad_type", '{"event_id": "<script>alert(1)</script>"}')]
        )
    ],
    "emitter_gaps": [
        {"emitter_id": "robot-agent/R-1/b1", "robot_id": "R-1", "service": "robot-agent",
         "place": "middle", "first_missing_seq": 4, "last_missing_seq": 6, "missing_count": 3,
         "event_before_at": at(60), "event_after_at": at(600)}
    ],
    "clock_skew_daily": [
        {"robot_id": "R-1", "event_count": 9, "corrected_event_count": 1,
         "occurred_to_received_min_seconds": -90, "occurred_to_received_avg_seconds": 1.0,
         "occurred_to_received_max_seconds": 3, "clock_ahead_estimate_seconds": 90,
         "received_date": DAY}
    ],
}  # fmt: skip


def contracts() -> dict[str, str]:
    """The columns of every mart with their types, as a create statement takes them."""
    files = sorted((ROOT / "models/marts").glob("*/_*__models.yml"))
    models = [model for file in files for model in yaml.safe_load(file.read_text())["models"]]
    return {
        model["name"]: ", ".join(f"{row['name']} {row['data_type']}" for row in model["columns"])
        for model in models
    }


class _Tables(HTMLParser):
    """Tables of a page's HTML: each a list of rows, each a dictionary of the columns' texts.

    A row's address is its "href"; one that spans all columns has "wide" alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[dict[str, str]]] = []
        self.heads: list[str] = []
        self.cells: list[str] = []
        self.href = ""
        self.text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self.heads = []
        elif tag == "tr":
            self.cells, self.href = [], dict(attrs).get("data-href") or ""
        elif tag in ("td", "th"):
            self.text = ""

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            (self.heads if tag == "th" else self.cells).append(self.text or "")
            self.text = None
        elif tag == "tr" and len(self.cells) == len(self.heads):
            row = dict(zip(self.heads, self.cells, strict=True))
            self.tables[-1].append(row | {"href": self.href})
        elif tag == "tr" and self.cells:
            self.tables[-1].append({"wide": self.cells[0]})


def tables(page: AppTest) -> list[list[dict[str, str]]]:
    """The tables that a page shows, see _Tables."""
    parser = _Tables()
    parser.feed(html(page))
    return parser.tables


def html(page: AppTest) -> str:
    """The page's own HTML, without its style and script."""
    found: list[Any] = list(page.get("html"))
    return "\n".join(one.body for one in found if not one.body.startswith(("<style>", "<script>")))


def column(table: list[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in table if name in row]


def links(page: AppTest) -> list[str]:
    """Where the links, rows and bars of a page lead, as the browser reads them."""
    return [unescape(href) for href in re.findall(r'href="([^"]*)"', html(page))]


@pytest.fixture(scope="session")
def marts_file(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deliveries that `fleet session` is tested on, and a row or two of every other mart."""
    path = tmp_path_factory.mktemp("dashboard") / "warehouse.duckdb"
    shutil.copy(database, path)
    with duckdb.connect(path) as connection:
        for name, columns in contracts().items():
            connection.execute(f"create table if not exists fleet_marts.{name} ({columns})")
        for name, rows in ROWS.items():
            for row in rows:
                insert(connection, name, row)
    return path


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Give the process its main module back, which a page takes: processes begun later load it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def open_page(marts_file: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the dashboard as a visitor would, without a browser."""
    monkeypatch.setenv("FLEET_DATABASE", str(marts_file))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(profiles(marts_file.parent)))
    monkeypatch.delenv("DBT_TARGET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()

    def opened(view: str = "", **address: str) -> AppTest:
        if view:
            page = AppTest.from_string(f"from dashboard.views import {view}\n{view}.show()")
        else:
            page = AppTest.from_file(str(ROOT / "dashboard" / "app.py"))
        page.query_params.update(address)
        return page.run(timeout=60)

    return opened


def profiles(folder: Path) -> Path:
    """A folder with the profile as a fresh clone has it."""
    shutil.copy(ROOT / "profiles.yml.example", folder / "profiles.yml")
    return folder
