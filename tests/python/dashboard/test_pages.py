"""What each page says, without a browser: Streamlit's own driver runs it on hand-filled marts."""

import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import duckdb
import pytest
import streamlit as st
import yaml
from streamlit.testing.v1 import AppTest

from dashboard import page_queries, story
from dashboard.data import rows
from dashboard.views import delivery as delivery_view
from dashboard.views import today
from fleet.duckdb_file import open_database
from fleet.lookup import queries as lookups
from fleet.lookup.ids import find
from fleet.lookup.stores import READ_ONLY
from tests.python.conftest import ROOT
from tests.python.dashboard.conftest import (
    BEFORE,
    DAY,
    Open,
    column,
    contracts,
    html,
    links,
    tables,
)
from tests.python.session.conftest import at
from tests.python.session.conftest import delivery as row_of
from tests.python.session.test_session import HOSTILE

BLNS = ROOT.parent / "shared" / "data" / "json" / "blns.json"


def said(page: AppTest) -> str:
    """All text of a page, tables left out."""
    assert not page.exception, page.exception
    kinds = ("html", "markdown", "caption", "info", "error", "success", "warning", "text")
    found: list[Any] = [one for kind in kinds for one in page.get(kind)]
    texts = [str(one.body if one.type == "html" else one.value) for one in found]
    # What every page has, whatever the log says.
    texts = [text for text in texts if not text.startswith(("<style>", "<script>"))]
    buttons = [one.label.replace("\\", "") for one in page.button]
    return unescape("\n".join(texts + buttons))


def naughty_strings() -> Iterator[str]:
    if BLNS.exists():
        yield from json.loads(BLNS.read_text())


def test_a_failed_delivery_shows_outcome_cause_and_legs(open_page: Open) -> None:
    text = said(open_page(id="D-10"))
    assert '<span class="outcome failed">✗ failed</span>' in text
    assert "The lid of robot R-1 failed." in text
    assert "ended with <b>delivery.dropoff_failed (lid_fault) at 2026-11-02 20:11:30</b>" in text
    assert "first error <b>LID-401</b> at 20:10:10.500" in text
    assert "not in the log: <b>pickup_arrived</b>" in text
    assert "Order → Dispatch <b>5.0 s</b>" in text
    assert "as usual · median 5.0 s, 95 % within 5.0 s" in text
    assert "Dispatch → Pickup <b>failed after 11 min 25 s</b>" in text
    assert "Pickup → Dropoff <b>–</b>" in text


def test_the_page_says_how_old_the_newest_event_is_and_what_may_be_missing(open_page: Open) -> None:
    assert re.search(
        r"Events until [^,]+, \d+ h \d\d min old, loaded at", said(open_page(id="D-10"))
    )
    assert "◔" not in said(open_page(id="D-10"))
    assert "◔ The delivery was still open when" in said(open_page(id="D-30"))


def test_events_are_listed_with_marks_and_a_silence_between(open_page: Open) -> None:
    (listed,) = tables(open_page(id="D-10"))
    assert column(listed, "event") == [
        "order.created", "dispatch.assigned", "robot.heartbeat × 2", "", "robot.heartbeat",
        "✗ robot.error", "▲ pilot.control_changed", "✗ delivery.dropoff_failed",
    ]  # fmt: skip
    assert listed[3]["what it means"] == "· 8 min 00 s without an event"
    assert listed[5]["matched by"] == "robot_window (ambiguous)"
    assert listed[5]["href"] == "?id=D-10&event=e6"
    page = html(open_page(id="D-10"))
    assert '<tr data-href="?id=D-10&amp;event=e6" class="error">' in page
    assert '<tr data-href="?id=D-10&amp;event=e7" class="takeover">' in page


def test_filters_keep_what_they_say_and_stand_in_the_address(open_page: Open) -> None:
    page = open_page(id="D-10")
    page.toggle(key="marked").set_value(True).run()
    (listed,) = tables(page)
    assert {event[0] for event in column(listed, "event")} == {"✗", "▲"}
    assert page.query_params["marked"] == "1"
    page.toggle(key="certain").set_value(True).run()
    assert column(tables(page)[0], "event") == ["✗ delivery.dropoff_failed"]
    page.toggle(key="marked").set_value(False).run()
    page.text_input(key="contains").set_value("ASSIGNED").run()
    assert column(tables(page)[0], "event") == ["dispatch.assigned"]
    # Who is given the address sees the same; another delivery shows all of its events.
    shared = open_page(**page.query_params)
    assert column(tables(shared)[0], "event") == ["dispatch.assigned"]
    assert "./?id=D-11" in links(shared)


@pytest.mark.parametrize(
    ("view", "key", "shown", "held", "gone_to"),
    [
        ("", "search", {"id": "O-10"}, "D-10", {"id": "D-10", "event": "e6"}),
        ("", "tz", {"tz": "Asia/Tokyo"}, "Europe/Berlin", {}),
        ("", "streams", {"id": "D-10", "streams": "robot"}, ["order"], {"id": "D-10"}),
        ("", "contains", {"id": "D-10"}, "lid", {"id": "D-10", "contains": "LID"}),
        ("fleet", "days", {}, (BEFORE, BEFORE), {"days": f"{DAY}..{DAY}"}),
        ("fleet", "market", {"market": "la"}, "", {"market": "sf"}),
    ],
)
def test_a_control_is_changed_by_its_reader_alone(
    open_page: Open,
    view: str,
    key: str,
    shown: dict[str, str],
    held: Any,
    gone_to: dict[str, str],
) -> None:
    """A browser that has just gone to another address may send what its control held before."""
    page = open_page(view, **shown)
    page.query_params = dict(gone_to)
    control: Any = page.get_by_key(key)
    control.set_value(held).run()
    assert page.query_params == gone_to
    page = open_page(view, **shown)
    control = page.get_by_key(key)
    control.set_value(held).run()
    assert page.query_params != shown


def test_an_event_opens_to_all_its_fields(open_page: Open) -> None:
    page = open_page(id="D-10", event="e6")
    text = said(page)
    registered, extra = text.index("Payload, registered"), text.index("Not in the registry")
    assert registered < text.index("<dt>error_code</dt><dd>LID-401</dd>") < extra
    assert registered < text.index("<dt>detail</dt>") < extra
    assert text.index("<dt>arm_degrees</dt><dd>41.5</dd>") > extra
    assert "<b>jammed</b>" not in html(page)
    assert "Copy as JSON" in text
    assert any("logs?query=%40event_id%3A%22e6%22" in href for href in links(page))
    # Closed again by the same row.
    row = next(row for row in tables(page)[0] if row.get("event") == "✗ robot.error")
    assert row["href"] == "?id=D-10"


def test_an_event_without_a_payload_says_what_its_line_said(open_page: Open) -> None:
    text = said(open_page(id="D-10", event="e3"))
    assert "<dt>event_id</dt><dd>e3</dd>" in text
    assert "Not in the registry" not in text


def test_the_zone_changes_times_and_is_named(open_page: Open) -> None:
    page = open_page(id="D-10", tz="America/Los_Angeles")
    text = said(page)
    assert "at 2026-11-02 12:11:30" in text
    assert "America/Los_Angeles (UTC-08:00)" in text
    assert column(tables(page)[0], "time")[0] == "12:00:00.000"
    assert "Times: UTC." in said(open_page(id="D-10"))


def test_a_story_that_crosses_midnight_names_its_days(open_page: Open) -> None:
    during = {"from": "2026-11-02 22:00", "hours": "3"}
    page = open_page(id="R-1", tz="Africa/Johannesburg", **during)
    listed = tables(page)[-1]
    assert [row["wide"] for row in listed if "wide" in row] == ["2026-11-02", "2026-11-03"]
    assert "Nov 3 00:00" in said(page)
    within = tables(open_page(id="D-10", tz="Africa/Johannesburg"))[0]
    assert [row for row in within if "wide" in row] == []


def test_before_and_after_lead_to_the_robots_other_deliveries(open_page: Open) -> None:
    page = open_page(id="D-10", marked="1", tz="Asia/Tokyo")
    # The zone goes along, what was filtered does not.
    assert "./?tz=Asia%2FTokyo&id=D-11" in links(page)
    assert "./?tz=Asia%2FTokyo&id=D-9" in links(page)
    assert "after: none" in said(open_page(id="D-11"))


def test_every_id_in_the_head_is_a_link(open_page: Open) -> None:
    found = links(open_page(id="D-10"))
    assert {"./?id=O-10", "./?id=R-1", "./deliveries?merchant=M-1"} <= set(found)


def test_an_order_and_a_robot_are_found_by_the_same_box(open_page: Open) -> None:
    order = open_page(id="O-10")
    assert "Order <b>O-10</b>, 8 events" in said(order)
    assert column(tables(order)[0], "delivery") == ["D-10"]
    robot = open_page(id="R-1", **{"from": "2026-11-02 20:05", "hours": "1"})
    assert "Robot <b>R-1</b>, last heard of at 2026-11-02 22:30:00" in said(robot)
    assert column(tables(robot)[-1], "event") == [
        "robot.heartbeat", "✗ robot.error", "✗ delivery.dropoff_failed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("https://page.example/?id=D-10&tz=UTC", 'data-delivery="D-10"'),
        ("why did d-10 fail?", 'data-delivery="D-10"'),
        ("D-10, D-11;O-10", "3 ids"),
        ("M-1", "Merchant M-1, newest deliveries"),
        ("P-1", "Pilot P-1, newest deliveries"),
    ],
)
def test_ids_are_found_in_what_people_paste(open_page: Open, wanted: str, shown: str) -> None:
    assert shown in said(open_page(id=wanted))


def test_deliveries_are_found_without_an_id(open_page: Open) -> None:
    page = open_page("deliveries", days=str(DAY))
    assert column(tables(page)[0], "delivery") == [
        "D-30", "D-24", "D-23", "D-22", "D-21", "D-20", "D-12", "D-10",
    ]  # fmt: skip
    page.selectbox(key="outcome").set_value("failed").run()
    (found,) = tables(page)
    assert [(row["delivery"], row["outcome"], row["href"]) for row in found] == [
        ("D-10", "✗ failed", f"./?days={DAY}&id=D-10")
    ]
    for choice in ({"merchant": "M-1"}, {"pilot": "P-1"}, {"code": "LID-401"}):
        (found,) = tables(open_page("deliveries", days=str(DAY), **choice))
        assert column(found, "delivery") == ["D-10"]
    assert "No delivery of these days is like that." in said(open_page("deliveries", robot="R-77"))


@pytest.mark.parametrize("moment", ["yesterday", "0001-01-01", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_is_none_is_refused_in_words(open_page: Open, moment: str) -> None:
    assert "Write the time as 2026-11-02 20:30." in said(open_page(id="R-1", **{"from": moment}))


@pytest.mark.parametrize(
    ("wanted", "answer", "choices"),
    [
        ("D-2", "No id is exactly", ["D-20", "D-21", "D-22", "D-23", "D-24"]),
        ("D-1O", "There is no delivery, order or robot", ["D-10"]),
        ("R-11", "There is no delivery, order or robot", ["R-1"]),
        ("X-4711", "No id is like it.", []),
    ],
)
def test_an_unknown_id_leads_on(
    open_page: Open, wanted: str, answer: str, choices: list[str]
) -> None:
    page = open_page(id=wanted)
    text = said(page)
    assert answer in text
    assert "Events until 2026-11-02 22:30:00" in text
    found = [href for href in links(page) if href[:7] == f"./?id={wanted[0]}"]
    assert list(dict.fromkeys(found))[: len(choices)] == [f"./?id={one}" for one in choices]


def test_a_prefix_lists_its_ids_with_their_outcome(open_page: Open) -> None:
    (listed,) = tables(open_page(id="D-2"))
    assert set(column(listed, "outcome")) == {"✓ completed"}


def test_a_lower_case_id_is_the_same_id(open_page: Open) -> None:
    assert 'data-delivery="D-10"' in said(open_page(id="d-10"))


@pytest.mark.parametrize("wanted", [*HOSTILE, "x" * 10_000, "![](http://example.com/a.png)"])
def test_a_hostile_id_is_only_an_unknown_id(open_page: Open, wanted: str) -> None:
    text = said(open_page(id=wanted))
    assert "There is no delivery, order or robot" in text
    assert "<script" not in text
    assert 'data-delivery="D-10"' in said(open_page(id="D-10"))


def test_no_naughty_string_is_an_id(open_page: Open, marts_file: Path) -> None:
    strings = list(naughty_strings())
    if not strings:
        pytest.skip("The list of naughty strings is not beside the project.")
    # While one connection is open, DuckDB does not read the file for each of the others.
    with open_database(marts_file, READ_ONLY, read_only=True):
        for wanted in strings:
            if wanted.strip():
                kind, known_id = find(rows, wanted.strip())
                assert (kind, known_id) == ("", wanted.strip())
    # Each of a few kinds is also shown: markup, quotes, right-to-left, control characters.
    for wanted in [one for one in strings if one.strip()][::60]:
        assert "There is no delivery, order or robot" in said(open_page(id=wanted))


def test_text_of_a_log_is_never_markup(open_page: Open) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    row = row_of("D-1", outcome="failed", outcome_at=at(9), first_error_at=at(9))
    row |= dict.fromkeys(
        ("outcome_reason", "outcome_event_name", "first_error_code", "market", "missing_steps",
         "probable_cause_sentence", "probable_cause", "probable_cause_basis", "ended_by"), hostile
    )  # fmt: skip
    row |= dict.fromkeys(
        ("order_id", "merchant_id", "seconds_from_error_to_arrival", "order_created_at",
         "dispatched_at", "pickup_completed_at", "dropoff_completed_at",
         "order_to_dispatch_seconds", "dispatch_to_pickup_seconds", "pickup_to_dropoff_seconds")
    )  # fmt: skip
    head = story.head(row, story.legs(row, {}, at(9)), ZoneInfo("UTC"))
    assert "<img" not in head
    assert head.count("&lt;img") == 11  # the market and the cause are named twice


def test_without_an_id_the_newest_failures_are_listed(open_page: Open) -> None:
    page = open_page()
    assert "Failed and cancelled, newest first" in said(page)
    assert column(tables(page)[-1], "delivery") == ["D-12", "D-10"]


def test_the_home_says_how_the_last_day_went(open_page: Open) -> None:
    page = open_page()
    text = said(page)
    assert "Monday, 2026-11-02, the last whole day" in text
    assert "Compared with the day before." in text
    assert "usual 24 h" in text
    # 2 of 7 that ended, the open one left out; the day before none failed.
    assert "Failed or cancelled, 2 of 7" in text
    assert '<div class="worse"><small>Failed' in text
    assert "all accounted for, 2 quarantined" in text
    assert column(tables(page)[0], "first error") == ["DRV-104"]
    found = links(page)
    assert "./deliveries?days=2026-11-02..2026-11-02&outcome=failed" in found
    assert "./deliveries?days=2026-11-02..2026-11-02&cause=lid_fault" in found
    assert "./fleet?days=2026-11-02..2026-11-02&reason=hw_lid" in found
    assert "./change?to=2026-11-02" in found


def test_the_home_says_whether_the_checks_of_the_night_passed(
    open_page: Open, marts_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "Data tests" not in said(open_page())
    own = shutil.copy(marts_file, tmp_path)
    monkeypatch.setenv("FLEET_DATABASE", str(own))
    st.cache_resource.clear()
    columns = (
        "invocation_id varchar, checked_at timestamp, passed_count integer, warned_count integer,"
        " failed_count integer, skipped_count integer, names varchar"
    )
    for row, wanted in (
        ("'1', '2026-11-03 03:00:00', 812, 0, 0, 0, ''", ("812 passed", "none failed")),
        ("'2', '2026-11-04 03:00:00', 809, 1, 2, 0, 'unique_<b>, lines'", ("2 failed", "1 warned")),
    ):
        with duckdb.connect(own) as connection:
            connection.execute("create schema if not exists fleet_runs")
            connection.execute(f"create table if not exists fleet_runs.checked_runs ({columns})")
            connection.execute(f"insert into fleet_runs.checked_runs values ({row})")
        st.cache_data.clear()
        page = open_page(tz="Europe/Berlin")
        for one in ("04:00:00", *wanted):
            assert one in said(page)
        assert ("Tests that failed or warned" in said(page)) == ("failed" in wanted[0])
    assert "<li>unique_&lt;b&gt;</li><li>lines</li>" in html(page)


def test_only_what_is_above_its_usual_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(today, "show_markup", shown.append)
    usual = today.Usual((BEFORE,), "the day before")
    amounts = {("less", DAY): 1.0, ("less", BEFORE): 2.0, ("same", DAY): 1.0, ("same", BEFORE): 1.0}
    today.beyond("Causes", amounts, DAY, usual, "{:.0f}", str)
    assert "None: nothing is above its usual." in shown.pop()
    amounts |= {("more", DAY): 3.0, ("more", BEFORE): 2.5, ("new", DAY): 2.0, ("gone", BEFORE): 9.0}
    today.beyond("Causes", amounts, DAY, usual, "{:.0f}", str)
    assert re.findall(r'class="name">(\w+)<', shown.pop()) == ["new", "more"]


def test_an_empty_database_is_no_good_news(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "empty.duckdb"
    with duckdb.connect(own) as connection:
        connection.execute("create schema fleet_marts")
        for name, columns in contracts().items():
            connection.execute(f"create table fleet_marts.{name} ({columns})")
    monkeypatch.setenv("FLEET_DATABASE", str(own))
    text = said(open_page())
    assert "Nothing is loaded yet, so this says nothing about deliveries" in text
    assert "No delivery failed" not in text


@pytest.mark.parametrize(
    ("by", "steps"),
    [
        ("reason", ["hw_lid", "robots in the log"]),
        ("robot_id", ["R-1"]),
        ("market", ["la"]),
    ],
)
def test_a_change_of_supply_hours_is_steps_that_lead_on(
    open_page: Open, by: str, steps: list[str]
) -> None:
    page = open_page("change", by=by, from_day=str(BEFORE), to=str(DAY))
    text = said(page)
    assert "24.0 h on 2026-11-01, 24.0 h on 2026-11-02: +0.0 h" in text
    places = [text.index(f'<span class="name">{step}</span>') for step in steps]
    assert places == sorted(places)
    assert text.count("-1.0 h") == 1 or by == "reason"


def test_a_delivery_stands_beside_the_last_normal_one(open_page: Open) -> None:
    page = open_page("compare", a="D-10")
    assert "D-9</a>" in said(page)
    (aligned,) = tables(page)
    differs = {row["event"]: row["what differs"] for row in aligned}
    assert differs.pop("dispatch.assigned") == ""
    assert set(differs.values()) == {"only here; real: it has a line of its own"}
    assert column(aligned, "first")[:2] == ["Order + 0.0 s", "Dispatch + 0.0 s"]
    assert "./?id=D-10&event=e6" in links(page)


def test_datadog_gets_query_and_window(monkeypatch: pytest.MonkeyPatch) -> None:
    row = row_of("D-10", order_id="O-10", last_event_at=at(700))
    monkeypatch.delenv("DD_SITE", raising=False)
    url = delivery_view.datadog_url(row)
    assert url.startswith("https://app.datadoghq.com/logs?query=%40delivery_id%3A%22D-10%22+OR+")
    start, end = round((at(-60)).timestamp() * 1000), round(at(760).timestamp() * 1000)
    assert f"from_ts={start}&to_ts={end}&live=false" in url
    monkeypatch.setenv("DD_SITE", "us5.datadoghq.com")
    assert delivery_view.datadog_url(row).startswith("https://us5.datadoghq.com/logs?")


def test_an_id_stays_within_its_quotes_in_datadogs_query(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = 'D-1" OR service:* OR "\\'
    row = row_of(hostile, order_id="O-1\\", robot_id=None)
    query = delivery_view.datadog_query(row)
    assert query == ('@delivery_id:"D-1\\" OR service:* OR \\"\\\\" OR @order_id:"O-1\\\\"')
    # As Datadog reads it: what stands outside of quotes is ours alone.
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "ID", query)
    assert outside == "@delivery_id:ID OR @order_id:ID"
    monkeypatch.delenv("DD_SITE", raising=False)
    asked = parse_qs(urlsplit(delivery_view.datadog_url(row | {"last_event_at": at(0)})).query)
    assert asked["query"] == [query]


def test_fleet_shows_supply_and_leads_from_reason_to_minutes(open_page: Open) -> None:
    page = open_page("fleet", days=str(DAY))
    assert [metric.value for metric in page.metric] == [
        "24 h", "20 h", "12.0 h", "50%", "33%", "4 h",
    ]  # fmt: skip
    (minutes,) = tables(page)
    assert column(minutes, "lasted") == ["50.0 s"]
    assert column(minutes, "href") == [
        f"./?days={DAY}&id=R-1&from=2026-11-02T20%3A10%3A00%2B00%3A00"
    ]
    assert f"?days={DAY}&reason=hw_lid&robot=R-1#minutes" in links(page)
    page.selectbox(key="market").set_value("sf").run()
    assert page.metric[0].value == "12 h"
    assert "No unplanned downtime on these days." in said(page)


def test_funnel_shows_leg_times_and_leads_to_the_orders_lost(open_page: Open) -> None:
    page = open_page("funnel")
    assert [metric.value for metric in page.metric] == ["80.0%", "75.0%", "-30.0 s", "10"]
    assert "Still under way: 2. Brought by the fallback: 9." in said(page)
    lost, legs = tables(page)
    assert column(lost, "order") == ["O-40"]
    by_leg = {row["leg"]: row for row in legs}
    assert by_leg["Order → Dispatch"]["orders"] == "5"
    assert by_leg["Order → Dropoff"]["median"] == "30 min 00 s"
    assert by_leg["Pickup → Dropoff"]["median"] == "–"
    assert "?step=pickup_completed#losses" in links(page)
    step = open_page("funnel", step="pickup_completed")
    assert "Not picked up: <b>" in said(step)
    assert "Not dispatched" not in said(step)


def test_reliability_shows_intervals_and_failures(open_page: Open) -> None:
    page = open_page("reliability")
    versions, robots, failures = tables(page)
    assert column(versions, "software version") == ["0.0.1", "4.2.1", "4.3.0"]
    assert column(robots, "lower 90 %") == ["11.0"]
    assert column(robots, "href") == ["?month=2026-11-01&robot=R-1#failures"]
    assert "hw-2 · Nov 2026" in said(page)
    assert column(failures, "first error") == ["DRV-104", "LID-401"]
    assert column(failures, "href")[1] == "./?id=R-1&from=2026-11-02T20%3A10%3A10%2B00%3A00"
    for software, code in (("4.3.0", "DRV-104"), ("4.2.1", "LID-401")):
        of_software = tables(open_page("reliability", software=software))[2]
        assert column(of_software, "first error") == [code]


def test_release_health_names_what_got_worse(open_page: Open) -> None:
    page = open_page("releases")
    assert "▲ robot-agent 4.3.0: robot errors per operating hour" in said(page)
    verdicts, compared = tables(page)
    assert column(verdicts, "verdict") == [
        "▲ worse",
        "210 more deliveries needed",
        "too few to tell",
    ]
    assert column(compared, "compared") == ["first version", "▲ worse"]
    assert column(compared, "href")[1] == "./reliability?software=4.3.0#failures"
    page.selectbox(key="metric").set_value("failed_pickup_ratio").run()
    assert "No version has this metric yet." in said(page)


def test_quality_shows_lines_in_full_and_adds_up(open_page: Open) -> None:
    page = open_page("quality")
    assert [metric.value for metric in page.metric] == ["16", "9", "1", "2", "4"]
    assert "Every line is accounted for, but 12.5% are quarantined." in said(page)
    assert "Lines = accepted + duplicates + quarantined" in said(page)
    (lines,) = tables(open_page("quality", tab="quarantine"))
    assert set(column(lines, "line")) == {"{broken", '{"event_id": "<script>alert(1)</script>"}'}
    (lines,) = tables(open_page("quality", tab="quarantine", reason="malformed"))
    assert column(lines, "line") == ["{broken"]
    (late,) = tables(open_page("quality", tab="late"))
    assert column(late, "href") == ["./?id=D-10&event=e8"]
    assert column(tables(open_page("quality", tab="gaps"))[1], "robot") == ["R-1"]
    assert column(tables(open_page("quality", tab="clocks"))[0], "clock ahead") == ["1 min 30 s"]


def test_the_exposure_names_the_marts_that_the_pages_read() -> None:
    texts = [
        text
        for module in (lookups, page_queries)
        for name, value in vars(module).items()
        if name.isupper()
        for text in (value.values() if isinstance(value, dict) else [value])
    ]
    words = set(re.findall(r"\w+", " ".join(map(str, texts))))
    exposures = yaml.safe_load((ROOT / "models/marts/_exposures.yml").read_text())["exposures"]
    (page,) = [exposure for exposure in exposures if exposure["name"] == "dashboard"]
    assert page["depends_on"] == [f"ref('{name}')" for name in sorted(words & set(contracts()))]


def test_a_missing_database_says_how_to_get_one(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLEET_DATABASE", str(tmp_path / "none.duckdb"))
    page = open_page()
    assert not page.exception
    assert "run `make demo`" in page.error[0].value


def test_an_unknown_target_is_said_in_words(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET", "nowhere")
    assert "does not have a target named 'nowhere'" in open_page().error[0].value


def test_an_error_without_a_place_lies_between_those_told() -> None:
    told = [
        {"event_at": at(seconds), "robot_id": "R-1", "lat": 34.0 + seconds, "lon": -118.0}
        for seconds in (0, 10)
    ]
    assert delivery_view.place_between(told, at(4)) == {"lat": 38.0, "lon": -118.0}
    assert delivery_view.place_between(told, at(0)) == {"lat": 34.0, "lon": -118.0}
    for outside in (-1, 11):
        assert delivery_view.place_between(told, at(outside)) is None


def test_the_map_says_when_no_place_is_told(open_page: Open) -> None:
    assert "tell no two places" in said(open_page(id="D-10", map="1"))


VIEWS = {"": "today", "deliveries": "deliveries", "fleet": "fleet", "change": "change"}
VIEWS |= {"compare": "compare", "funnel": "funnel", "reliability": "reliability"}
VIEWS |= {"releases": "releases", "quality": "quality"}


def leads(page: AppTest) -> list[str]:
    """Where each list of bars, each table and each chart of a page leads, by one of its parts."""
    shown = html(page)
    bars = re.findall(r'<ul class="bars".*?<a class="bar[^"]*" href="([^"]*)"', shown, re.S)
    found = [re.findall(r'<tr data-href="([^"]*)"', one) for one in shown.split("<table>")[1:]]
    specs: list[Any] = list(page.get("vega_lite_chart"))
    charts = [re.findall(r'"href": ?"([^"]*)"', one.proto.spec) for one in specs]
    # Of a table the oldest row: that delivery has a story.
    return [unescape(href) for href in (*(rows[-1] for rows in found if rows), *bars)] + [
        json.loads(f'"{hrefs[0]}"') for hrefs in charts if hrefs
    ]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        *((path, {}) for path in VIEWS if path not in ("compare", "quality")),
        ("compare", {"a": "D-10"}),
        ("quality", {"tab": "late"}),
        ("quality", {"tab": "gaps"}),
    ],
)
def test_every_figure_leads_to_its_events_in_three_clicks(
    open_page: Open, path: str, asked: dict[str, str]
) -> None:
    start = leads(open_page(VIEWS[path], **asked))
    assert start or path == "compare"
    for href in start:
        assert reaches_events(open_page, path, href, clicks=3), href


def reaches_events(open_page: Open, path: str, href: str, clicks: int) -> bool:
    """Whether so many clicks lead from a link of a page to events."""
    to = urlsplit(href)
    path = to.path.removeprefix("./") if to.path else path
    page = open_page(VIEWS[path], **{name: one for name, (one,) in parse_qs(to.query).items()})
    if "data-timeline" in html(page):
        return True
    return clicks > 1 and any(
        reaches_events(open_page, path, one, clicks - 1) for one in leads(page)[:3]
    )
