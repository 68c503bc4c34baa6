"""Rows of a story: what a mark, a run of heartbeats and a silence are."""

from typing import Any

import yaml

from fleet.lookup.story_rows import GAP_SECONDS, EventRow, Gap, story_rows
from tests.python.session.conftest import ROOT, at


def event(seconds: float, name: str, **columns: Any) -> dict[str, Any]:
    row = {"event_name": name, "event_at": at(seconds), "is_error": False, "is_takeover": False}
    return row | columns


def heartbeat(seconds: float) -> dict[str, Any]:
    return event(seconds, "robot.heartbeat")


def names(rows: list[EventRow | Gap]) -> list[str]:
    return ["gap" if isinstance(row, Gap) else row.name for row in rows]


def test_a_pilot_taking_over_is_marked_and_handing_back_is_not() -> None:
    rows = story_rows(
        [
            event(0, "pilot.control_changed", is_takeover=True),
            event(1, "pilot.control_changed"),
            event(2, "robot.error", is_error=True),
        ]
    )
    assert [row.mark for row in rows if isinstance(row, EventRow)] == ["▲", "", "✗"]


def test_a_run_of_heartbeats_ends_at_another_event_and_at_a_silence() -> None:
    seconds = [0, 10, 20, 20 + GAP_SECONDS]
    rows = story_rows([*map(heartbeat, seconds), event(330, "robot.error"), heartbeat(340)])
    assert names(rows) == [
        *("robot.heartbeat × 3", "gap", "robot.heartbeat", "robot.error", "robot.heartbeat")
    ]
    run, gap = rows[:2]
    assert isinstance(run, EventRow)
    assert (run.at, run.last_at) == (at(0), at(20))
    assert gap == Gap(at(20), at(20 + GAP_SECONDS))


def test_a_silence_shorter_than_a_gap_is_none() -> None:
    rows = story_rows([heartbeat(0), heartbeat(GAP_SECONDS - 0.001)])
    assert names(rows) == ["robot.heartbeat × 2"]


def test_every_heartbeat_is_a_row_where_asked() -> None:
    assert names(story_rows([heartbeat(0), heartbeat(1)], every=True)) == ["robot.heartbeat"] * 2


def test_rows_of_some_of_the_events_have_no_gaps() -> None:
    rows = story_rows([heartbeat(0), heartbeat(GAP_SECONDS)], with_gaps=False)
    assert names(rows) == ["robot.heartbeat"] * 2


def test_a_gap_is_as_long_as_the_silence_after_which_the_models_know_no_state() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert project["vars"]["silence_timeout_minutes"] * 60 == GAP_SECONDS
