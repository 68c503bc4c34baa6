"""Lines reach the landing folder with every trouble, and each one is known to the truth."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.registry import Registry
from fleet.simulator import troubles
from fleet.simulator.simulation import landing_folder
from fleet.simulator.troubles import DAMAGES, Troubles
from fleet.simulator.world import World
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


def test_a_file_is_as_old_as_its_batch(clean: Simulated) -> None:
    """So that the loader does not wait for it, as for a file that may still be written."""
    for path in landing_folder(clean.out).rglob("*.ndjson.gz"):
        first = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%S%z")
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        assert timedelta(0) < written - first <= timedelta(minutes=15)


def test_troubles_change_the_lines_and_not_the_world(
    simulate: Simulate, troubled: Simulated
) -> None:
    clean = simulate(robots=8, seed=3, clean=True, times_varied=1)
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


def test_a_crash_of_the_collector_loses_half_a_second(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch, troubled: Simulated
) -> None:
    """And nothing else moves: every other line is as it was, to the byte."""
    assert Troubles(World(troubled.settings), ["R-1"]).crashes == []
    monkeypatch.setattr(troubles, "CRASHES_PER_DAY", 2_000)
    crashed = simulate(robots=8, seed=3)
    crashes = Troubles(World(crashed.settings), ["R-1"]).crashes
    assert len(crashes) > 1_000

    before, after = Counter(troubled.lines()), Counter(crashed.lines())
    assert after < before
    gone = list((before - after).elements())
    # A line that was cut or mangled on its way has no time of receipt to check.
    timed = [line for line in gone if line.startswith(b"{") and line.endswith(b'Z"}')]
    assert len(timed) > 0.9 * len(gone) > 100
    for line in timed:
        received_at = datetime.fromisoformat(msgspec.json.decode(line)["received_at"])
        at = (received_at - crashed.settings.start_at) / timedelta(milliseconds=1)
        assert any(0 <= crash - at < 500 for crash in crashes)

    lost = {event_id for (event_id,) in crashed.truth("select event_id from events where is_lost")}
    lost_before = troubled.truth("select event_id from events where is_lost")
    assert {event_id for (event_id,) in lost_before} <= lost
    left = {record.get("event_id") for record in whole_records(crashed)}
    assert lost.isdisjoint(left)
    assert crashed.result.line_counts["lost_lines"] == len(lost)
    assert crashed.result.line_counts["written_lines"] == after.total()


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


def test_clocks_drift_and_are_set_within_a_boot(troubled: Simulated) -> None:
    offsets = troubled.truth(
        """
        select robot_id, emitter_id, list(clock_offset_seconds order by true_at)
        from events where service = 'robot-agent' group by all
        """
    )
    stepped = drifting = 0
    for _, _, seconds in offsets:
        steps = [abs(after - before) for before, after in pairwise(seconds)]
        stepped += any(step > 1 for step in steps)
        drifting += len({round(second, 2) for second in seconds}) > 10
    assert stepped > 0
    assert drifting > 0


def test_a_robot_that_was_offline_sends_its_backlog_at_once(troubled: Simulated) -> None:
    true_at = dict(troubled.truth("select event_id, true_at from events where is_late"))
    robot = dict(troubled.truth("select event_id, robot_id from events where is_late"))
    arrivals: dict[str, list[tuple[datetime, datetime]]] = {}
    for record in whole_records(troubled):
        event_id = record.get("event_id")
        if event_id in true_at and robot[event_id]:
            received_at = datetime.fromisoformat(record["received_at"])
            arrivals.setdefault(robot[event_id], []).append((true_at[event_id], received_at))
    longest = max(arrivals.values(), key=lambda own: max(own)[0] - min(own)[0])
    happened, received = zip(*longest, strict=True)
    assert max(happened) - min(happened) > timedelta(hours=15)
    # All but what came in a retried batch or was late for another reason.
    first = sorted(received)[len(received) // 10]
    at_once = [at for at in received if timedelta(0) <= at - first < timedelta(minutes=1)]
    assert len(at_once) > 0.8 * len(received)


def test_lines_of_a_robot_are_stuck_together(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stalled batch goes out at once: the older a line in it, the longer it waited."""
    monkeypatch.setattr(troubles, "STALLED_BATCH", 0.05)
    for other in ("DELAYED", "RETRIED_BATCH", "DUPLICATED"):
        monkeypatch.setattr(troubles, other, 0)
    stalled = simulate(robots=3, seed=8)
    true_at = dict(stalled.truth("select event_id, true_at from events where not is_late"))
    sent: dict[str, list[tuple[datetime, datetime]]] = {}
    for record in whole_records(stalled):
        at = true_at.get(record.get("event_id"))
        if at and record.get("service") == "robot-agent":
            received_at = datetime.fromisoformat(record["received_at"])
            sent.setdefault(record["robot_id"], []).append((at, received_at))
    together = 0
    for own in sent.values():
        for (at, received_at), (next_at, next_received_at) in pairwise(sorted(own)):
            if timedelta(seconds=5) < received_at - at < timedelta(seconds=35):
                apart = abs(next_received_at - received_at)
                together += next_at - at > 2 * apart
    assert together > 10


def test_some_emitters_say_when_they_send(troubled: Simulated) -> None:
    """By their own clock, at each attempt, before the line is received."""
    sent: dict[str, list[str]] = {}
    says = Counter[tuple[str, bool]]()
    offset = dict(troubled.truth("select event_id, clock_offset_seconds from events"))
    for record in whole_records(troubled):
        if record.get("event_id") not in offset or "emitter_id" not in record:
            continue
        sender = record["emitter_id"].rsplit("/", 1)[0]
        says[sender, "sent_at" in record] += 1
        if "sent_at" not in record:
            continue
        sent.setdefault(record["event_id"], []).append(record["sent_at"])
        sent_at, received_at = map(
            datetime.fromisoformat, (record["sent_at"], record["received_at"])
        )
        on_the_way = (received_at - sent_at).total_seconds() + offset[record["event_id"]]
        # The clock may have drifted or been set since the event.
        assert on_the_way > 0 or abs(offset[record["event_id"]]) > 0
        keys = list(record)
        assert keys.index("sent_at") == keys.index("occurred_at") + 1
    assert {sender for sender, does in says if does}.isdisjoint(
        {sender for sender, does in says if not does}
    )
    assert len({does for _, does in says}) == 2
    assert max(len(set(times)) for times in sent.values()) > 1


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
