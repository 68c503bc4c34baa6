"""What each page says, without a browser: Streamlit's own driver runs it on hand-filled marts."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from dashboard import page_queries, story
from dashboard.data import rows
from dashboard.views import delivery as delivery_view
from fleet.duckdb_file import open_database
from fleet.lookup import queries as lookups
from fleet.lookup.ids import find
from fleet.lookup.stores import READ_ONLY
from tests.python.conftest import ROOT
from tests.python.dashboard.conftest import Open, contracts
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
    (table,) = open_page(id="D-10").dataframe
    listed = table.value
    assert list(listed["event"].dropna()) == [
        "order.created", "dispatch.assigned", "robot.heartbeat × 2", "robot.heartbeat",
        "robot.error", "pilot.control_changed", "delivery.dropoff_failed",
    ]  # fmt: skip
    assert list(listed[""].fillna("")) == ["", "", "", "", "", "✗", "▲", "✗"]
    assert listed["what it means"][3] == "· 8 min 00 s without an event"
    assert listed["matched by"][5] == "robot_window (ambiguous)"


def test_filters_keep_what_they_say(open_page: Open) -> None:
    page = open_page(id="D-10")
    page.toggle(key="only_marked").set_value(True).run()
    assert set(page.dataframe[0].value[""]) == {"✗", "▲"}
    page.toggle(key="certain").set_value(True).run()
    assert list(page.dataframe[0].value["event"]) == ["delivery.dropoff_failed"]
    page.toggle(key="only_marked").set_value(False)
    page.text_input(key="contains").set_value("ASSIGNED").run()
    assert list(page.dataframe[0].value["event"]) == ["dispatch.assigned"]


def test_the_zone_changes_times_and_is_named(open_page: Open) -> None:
    page = open_page(id="D-10", tz="America/Los_Angeles")
    text = said(page)
    assert "at 2026-11-02 12:11:30" in text
    assert "America/Los_Angeles (UTC-08:00)" in text
    assert page.dataframe[0].value["time"][0] == "12:00:00.000"
    assert "Times: UTC." in said(open_page(id="D-10"))


def test_before_and_after_lead_to_the_robots_other_deliveries(open_page: Open) -> None:
    page = open_page(id="D-10")
    page.button(key="next_delivery_id").click().run()
    assert 'data-delivery="D-11"' in said(page)
    assert page.text_input(key="id").value == "D-11"
    assert page.button(key="next_delivery_id").disabled


def test_an_order_and_a_robot_are_found_by_the_same_box(open_page: Open) -> None:
    order = open_page(id="O-10")
    assert "Order <b>O-10</b>, 8 events" in said(order)
    assert list(order.dataframe[0].value["delivery"]) == ["D-10"]
    robot = open_page(id="R-1", **{"from": "2026-11-02 20:05", "hours": "1"})
    assert "Robot <b>R-1</b>, last heard of at 2026-11-02 22:30:00" in said(robot)
    assert list(robot.dataframe[-1].value["event"]) == [
        "robot.heartbeat", "robot.error", "delivery.dropoff_failed",
    ]  # fmt: skip


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
    assert [one.label.replace("\\", "") for one in page.button][: len(choices)] == choices
    if choices:
        page.button[0].click().run()
        assert page.text_input(key="id").value == choices[0]
        assert f"<b>{choices[0]}</b>" in said(page)


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
    page = open_page()
    # While one connection is open, DuckDB does not read the file for each of the others.
    with open_database(marts_file, READ_ONLY, read_only=True):
        for wanted in strings:
            if wanted.strip():
                kind, known_id = find(rows, wanted.strip())
                assert (kind, known_id) == ("", wanted.strip())
    # Each of a few kinds is also shown: markup, quotes, right-to-left, control characters.
    for wanted in [one for one in strings if one.strip()][::60]:
        page.text_input(key="id").set_value(wanted).run()
        assert "There is no delivery, order or robot" in said(page)


def test_text_of_a_log_is_never_markup(open_page: Open) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    row = row_of("D-1", outcome="failed", outcome_at=at(9), first_error_at=at(9))
    row |= dict.fromkeys(
        ("outcome_reason", "outcome_event_name", "first_error_code", "market", "missing_steps",
         "probable_cause_sentence", "ended_by"), hostile
    )  # fmt: skip
    row |= dict.fromkeys(
        ("order_id", "merchant_id", "seconds_from_error_to_arrival", "order_created_at",
         "dispatched_at", "pickup_completed_at", "dropoff_completed_at",
         "order_to_dispatch_seconds", "dispatch_to_pickup_seconds", "pickup_to_dropoff_seconds")
    )  # fmt: skip
    html = story.head(row, story.legs(row, {}, at(9)), ZoneInfo("UTC"))
    assert "<img" not in html
    assert html.count("&lt;img") == 8  # the market is named twice


def test_without_an_id_the_newest_failures_are_listed(open_page: Open) -> None:
    page = open_page()
    assert "Failed and cancelled, newest first" in said(page)
    assert list(page.dataframe[0].value["delivery"]) == ["D-12", "D-10"]


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
    page = open_page("fleet")
    assert [metric.value for metric in page.metric] == [
        "24 h",
        "20 h",
        "12.0 h",
        "50%",
        "33%",
        "4 h",
    ]
    assert page.selectbox(key="reason").value == "hw_lid"
    assert page.selectbox(key="robot").value == "R-1"
    (minutes,) = page.dataframe
    assert list(minutes.value["lasted"]) == ["50.0 s"]
    assert list(minutes.value["replay"]) == ["./?id=R-1&from=2026-11-02T20%3A10%3A00%2B00%3A00"]
    page.selectbox(key="market").set_value("sf").run()
    assert page.metric[0].value == "12 h"
    assert "No unplanned downtime on these days." in said(page)


def test_funnel_shows_leg_times(open_page: Open) -> None:
    page = open_page("funnel")
    assert [metric.value for metric in page.metric] == ["80.0%", "75.0%", "-30.0 s", "10"]
    assert "Still under way: 2. Brought by the fallback: 9." in said(page)
    assert list(page.dataframe[0].value["order"]) == ["O-40"]
    legs = page.dataframe[1].value.set_index("leg")
    assert legs.loc["Order → Dispatch", "orders"] == 5
    assert legs.loc["Order → Dropoff", "median"] == "30 min 00 s"
    assert legs.loc["Pickup → Dropoff", "median"] == "–"


def test_reliability_shows_intervals_and_failures(open_page: Open) -> None:
    page = open_page("reliability")
    versions, robots, failures = (table.value for table in page.dataframe)
    assert list(versions["software version"]) == ["0.0.1", "4.2.1", "4.3.0"]
    assert list(robots["lower 90 %"]) == [11.0]
    assert list(failures["first error"]) == ["LID-401"]
    said(page)


def test_release_health_names_what_got_worse(open_page: Open) -> None:
    page = open_page("releases")
    assert "▲ robot-agent 4.3.0: robot errors per operating hour" in said(page)
    verdicts, compared = (table.value for table in page.dataframe)
    assert list(verdicts["verdict"]) == [
        "▲ worse",
        "210 more deliveries needed",
        "too few to tell",
    ]
    assert list(compared["compared"]) == ["first version", "▲ worse"]
    page.selectbox(key="metric").set_value("failed_pickup_ratio").run()
    assert "No version has this metric yet." in said(page)


def test_quality_shows_lines_in_full_and_adds_up(open_page: Open) -> None:
    page = open_page("quality")
    assert [metric.value for metric in page.metric] == ["16", "9", "1", "2", "4"]
    assert "Lines = accepted + duplicates + quarantined" in said(page)
    tables = [table.value for table in page.dataframe]
    lines = next(table for table in tables if "line" in table.columns)
    assert set(lines["line"]) == {"{broken", '{"event_id": "<script>alert(1)</script>"}'}
    page.selectbox(key="quarantine_reason").set_value("malformed").run()
    lines = next(table.value for table in page.dataframe if "line" in table.value.columns)
    assert list(lines["line"]) == ["{broken"]


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
