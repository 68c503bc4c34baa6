"""Lines reach the landing folder with every trouble, and each one is known to the truth."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.registry import Registry
from fleet.simulator.simulation import landing_folder
from fleet.simulator.troubles import DAMAGES
from tests.python.simulator.conftest import Simulate, Simulated

FLAGS = ("is_lost", "is_malformed", "is_damaged", "is_duplicated", "is_late", "is_silenced")


def hashes(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes(simulate: Simulate) -> None:
    first = hashes(simulate(robots=2, seed=11).out)
    assert first == hashes(simulate(robots=2, seed=11).out)
    assert first != hashes(simulate(robots=2, seed=12).out)


def test_troubles_change_the_lines_and_not_the_world(clean: Simulated, troubled: Simulated) -> None:
    sql = """
        select true_at, event_name, robot_id
        from events
        where service <> 'robot-gateway'
        order by all
    """
    assert clean.truth(sql) == troubled.truth(sql)
    assert clean.truth("from deliveries") == troubled.truth("from deliveries")


def test_clean_means_clean(clean: Simulated) -> None:
    counts = clean.result.line_counts
    assert {name for name, count in counts.items() if count} == {
        "emitted_lines",
        "written_lines",
        "accepted_lines",
    }
    assert counts["written_lines"] == counts["accepted_lines"] == counts["emitted_lines"]
    events = clean.events()
    assert len({event["event_id"] for event in events}) == len(events) == counts["emitted_lines"]
    for event in events:
        delay = datetime.fromisoformat(event["received_at"]) - datetime.fromisoformat(
            event["occurred_at"]
        )
        assert timedelta(0) < delay < timedelta(minutes=1)
    flags = " or ".join(FLAGS)
    assert clean.truth(f"from events where clock_offset_seconds <> 0 or {flags}") == []


def read_lines(run: Simulated, registry: Registry) -> tuple[Counter[str], Counter[str]]:
    """Lines by what a reader finds, and events by how often they are found whole."""
    required = {
        event.name: [name for name, need in event.ids.items() if need == "required"]
        for event in registry.events
    }
    fields = {event.name: event.fields for event in registry.events}
    found: Counter[str] = Counter()
    whole: Counter[str] = Counter()

    def judge(line: bytes) -> str:
        try:
            record: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return "malformed"
        if not isinstance(record, dict):
            return "not_an_object"
        name, data = record["evt"]["name"], record.get("data", {})
        if "event_id" not in record:
            return "missing_event_id"
        if name not in required:
            return "unknown_event"
        try:
            datetime.fromisoformat(record["occurred_at"])
        except ValueError:
            return "bad_timestamp"
        needed = [key for key, field in fields[name].items() if field.requirement == "required"]
        if not (
            all(key in record for key in required[name]) and all(key in data for key in needed)
        ):
            return "missing_required"
        if "no such value" in data.values():
            return "bad_type"
        whole[record["event_id"]] += 1
        return "whole"

    for line in run.lines():
        found[judge(line)] += 1
    return found, whole


def whole_records(run: Simulated) -> Iterator[dict[str, Any]]:
    """The lines that were not cut or mangled, damaged ones included."""
    for line in run.lines():
        if line.startswith(b"{") and line.endswith(b'Z"}'):
            yield msgspec.json.decode(line)


def test_every_line_of_the_files_is_counted(troubled: Simulated, registry: Registry) -> None:
    found, whole = read_lines(troubled, registry)
    counts = troubled.result.line_counts
    assert sum(found.values()) == counts["written_lines"]
    assert found.pop("whole") == counts["accepted_lines"] + counts["duplicate_lines"]
    assert len(whole) == counts["accepted_lines"]
    kinds = ("malformed", "not_an_object", *DAMAGES)
    assert found == {kind: counts[f"{kind}_lines"] for kind in kinds}
    assert troubled.truth("from lines") == [tuple(counts.values())]
    assert min(counts.values()) > 0


def test_truth_knows_the_fate_of_every_event(troubled: Simulated, registry: Registry) -> None:
    _, whole = read_lines(troubled, registry)
    fates = troubled.truth(
        """
        select event_id, not (is_lost or is_silenced or is_malformed or is_damaged), is_duplicated
        from events
        """
    )
    assert {event_id for event_id, arrives, _ in fates if arrives} == set(whole)
    assert {event_id for event_id, _, twice in fates if twice} == {
        event_id for event_id, copies in whole.items() if copies > 1
    }
    for flag in FLAGS:
        assert troubled.truth(f"select count(*) > 0 from events where {flag}") == [(True,)]


def test_clock_skew_shows_in_occurred_at_alone(troubled: Simulated) -> None:
    skewed = {
        event_id: (true_at, seconds)
        for event_id, true_at, seconds in troubled.truth(
            "select event_id, true_at, clock_offset_seconds from events "
            "where clock_offset_seconds <> 0 and not (is_malformed or is_damaged)"
        )
    }
    checked = 0
    for record in whole_records(troubled):
        if record.get("event_id") in skewed:
            true_at, seconds = skewed[record["event_id"]]
            occurred_at = datetime.fromisoformat(record["occurred_at"])
            assert (occurred_at - true_at).total_seconds() == pytest.approx(seconds, abs=1e-6)
            assert datetime.fromisoformat(record["received_at"]) > true_at
            checked += 1
    assert checked > 100


def test_lines_lie_in_the_hour_they_were_received(troubled: Simulated) -> None:
    duplicates_apart = late = 0
    places: dict[str, str] = {}
    for path in landing_folder(troubled.out).rglob("*.ndjson.gz"):
        day, hour = path.parts[-3].removeprefix("date="), path.parts[-2].removeprefix("hour=")
        for line in Simulated.read(path):
            if not line.endswith(b'Z"}'):
                continue
            record = msgspec.json.decode(line)
            assert record["received_at"].startswith(f"{day}T{hour}:")
            if "event_id" in record:
                duplicates_apart += places.setdefault(record["event_id"], path.name) != path.name
            late += record.get("occurred_at", "9")[:13] < f"{day}T{hour}"
    assert duplicates_apart > 0
    assert late > 0


def test_a_robot_may_send_a_day_later(simulate: Simulate) -> None:
    two_days = simulate(robots=2, seed=5, days=2)
    folders = sorted(path.name for path in landing_folder(two_days.out).iterdir())
    assert folders[:2] == ["date=2026-11-02", "date=2026-11-03"]
    sent = two_days.truth("select event_id, true_at from events where is_late and not is_damaged")
    true_at = dict(sent)
    delays = [
        datetime.fromisoformat(record["received_at"]) - true_at[record["event_id"]]
        for record in whole_records(two_days)
        if record.get("event_id") in true_at
    ]
    assert max(delays) > timedelta(days=1)


def test_silent_robots_are_missed_by_the_gateway(troubled: Simulated) -> None:
    silent = troubled.truth("select distinct robot_id from events where is_silenced")
    lost = troubled.truth(
        "select distinct robot_id from events where event_name = 'robot.connection_lost'"
    )
    assert set(silent) <= set(lost)
