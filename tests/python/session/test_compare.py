"""Two sessions on one clock: what one skips, repeats or has elsewhere, and whether it is real."""

from typing import Any

import pytest

from fleet.lookup.compare import compare, since_milestone
from tests.python.session.conftest import at, delivery


def event(name: str, seconds: float = 0, **columns: Any) -> dict[str, Any]:
    row = {"event_name": name, "event_at": at(seconds), "service": name.split(".")[0]}
    return row | {"time_source": "occurred_at", "event_at_uncertainty_ms": None} | columns


def said(first: str, second: str, gaps: list[dict[str, Any]] | None = None) -> list[str]:
    """What differs, of sessions whose events are named by letters of the stream x."""
    left, right = ([event(f"x.{letter}") for letter in one] for one in (first, second))
    return [pair.said for pair in compare(left, right, gaps or [])]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("abc", "abc", ["", "", ""]),
        ("ac", "abc", ["", "skipped", ""]),
        ("abc", "ac", ["", "only here", ""]),
        ("abbc", "abc", ["", "repeated", "", ""]),
        ("acb", "abc", ["", "out of order", "", "out of order"]),
    ],
)
def test_each_difference_has_its_name(first: str, second: str, expected: list[str]) -> None:
    assert sorted(said(first, second)) == sorted(expected)


def test_a_skipped_event_may_be_a_lost_line_of_its_service() -> None:
    usual = [event("delivery.pickup_arrived"), event("robot.lid_changed")]
    gaps = [{"service": "robot", "missing_count": 3}]
    assert [pair.because for pair in compare([], usual, gaps)] == [
        "real: no line of this service is missing",
        "perhaps a lost line: robot lost 3 then",
    ]


@pytest.mark.parametrize(
    ("columns", "because"),
    [
        ({}, "real: its clock is believed"),
        ({"time_source": "clock_offset"}, "perhaps a clock: its time is from clock_offset"),
        ({"event_at_uncertainty_ms": 1500}, "perhaps a clock: its time may be off by 1,500 ms"),
    ],
)
def test_an_event_out_of_order_may_be_a_clock(columns: dict[str, Any], because: str) -> None:
    moved = [event("x.b", **columns), event("x.a"), event("x.c")]
    usual = [event("x.a"), event("x.c"), event("x.b")]
    assert [pair.because for pair in compare(moved, usual, []) if pair.first and pair.said] == [
        because
    ]


def test_heartbeats_are_left_out() -> None:
    assert compare([event("robot.heartbeat")], [], []) == []


def test_times_are_since_the_last_milestone() -> None:
    row = delivery("D-1", order_created_at=at(0), dispatched_at=at(60)) | dict.fromkeys(
        ("pickup_completed_at", "dropoff_completed_at")
    )
    assert since_milestone(row, at(59)) == "Order + 59.0 s"
    assert since_milestone(row, at(125)) == "Dispatch + 1 min 05 s"
    assert since_milestone(row, at(-1)) == "Start + -1.0 s"
