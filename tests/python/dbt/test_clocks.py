"""What clocks that are wrong do to the time and order of events, one emitter for each trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import Warehouse

DAY = datetime(2026, 11, 2, tzinfo=UTC)
NOW = datetime.now(UTC).replace(microsecond=0)
MONO_AT_TEN = 5_000_000
READ = "select event_id, event_at, time_source, clock_offset_seconds, event_at_uncertainty_ms"


def text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def no_offset(_second: float) -> float:
    return 0


def quick(_second: float) -> float:
    return 0.3


@dataclass(frozen=True)
class Boot:
    """A robot's events, one each `every` seconds after ten, and how far they may be off afterwards.

    ahead      seconds by which its clock is ahead at a second after ten
    delay      seconds from an event to its receipt
    within     seconds that event_at may differ from the truth
    """

    ahead: Callable[[float], float] = no_offset
    delay: Callable[[float], float] = quick
    count: int = 40
    every: float = 30
    has_mono: bool = False
    has_sent: bool = False
    within: float = 0.5
    sources: frozenset[str] = frozenset({"clock_offset"})
    changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    began: datetime = DAY + timedelta(hours=10)

    def truth(self) -> list[datetime]:
        return [self.began + timedelta(seconds=n * self.every) for n in range(self.count)]

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        for number, at in enumerate(self.truth()):
            second = number * self.every
            ahead = timedelta(seconds=self.ahead(second))
            received_at = at + timedelta(seconds=self.delay(second))
            line: dict[str, Any] = {
                "event_id": f"{name}-{number}",
                "evt": {"name": "robot.lid_changed", "version": 1, "valid": True},
                "occurred_at": text(at + ahead),
                "received_at": text(received_at),
                "service": "robot-agent",
                "emitter_id": f"robot-agent/{name}/b1",
                "seq": number + 1,
                "robot_id": f"R-{name.removeprefix('R-')}",
                "data": {"to": "open", "actor": "merchant"},
            }
            if self.has_mono:
                line["mono_ms"] = MONO_AT_TEN + round(second * 1000)
            if self.has_sent:
                line["sent_at"] = text(received_at - timedelta(seconds=0.2) + ahead)
            yield line | self.changes.get(number, {})


def at_once(until: float) -> Callable[[float], float]:
    """A robot out of contact until then, which sends its backlog at once."""
    return lambda second: max(until - second, 0) + 0.3


def stalled(second: float) -> float:
    """Sent in batches, of 10 to 30 seconds by turns."""
    ends = (10, 30, 50, 60)
    return next(end for end in ends if second % 60 < end) - second % 60 + 0.2


WILD = NOW + timedelta(days=47)
BOOTS = {
    "right": Boot(sources=frozenset({"occurred_at"})),
    # One line waited longer than its clock is ahead, so that it alone looks possible as it is.
    "ahead_with_one_buffered": Boot(
        ahead=lambda _: 120, delay=lambda second: 125 if second == 300 else 0.3
    ),
    "ahead_one_event": Boot(ahead=lambda _: 120, count=1),
    "behind": Boot(ahead=lambda _: -60),
    "behind_with_mono": Boot(ahead=lambda _: -60, has_mono=True, sources=frozenset({"mono_ms"})),
    # Below two seconds nothing moves.
    "barely_ahead": Boot(ahead=lambda _: 1.5, within=1.6, sources=frozenset({"occurred_at"})),
    "offline": Boot(delay=at_once(3600), sources=frozenset({"occurred_at"})),
    "offline_with_mono": Boot(
        delay=at_once(3600), has_mono=True, sources=frozenset({"occurred_at"})
    ),
    "offline_and_ahead": Boot(ahead=lambda _: 90, delay=at_once(600)),
    # Only what sending tells shows that the clock is behind: no line arrived in time.
    "offline_and_behind_with_sent": Boot(ahead=lambda _: -300, delay=at_once(3600), has_sent=True),
    "stalled": Boot(delay=stalled, count=200, every=7, sources=frozenset({"occurred_at"})),
    "stalled_and_ahead": Boot(ahead=lambda _: 50, delay=stalled, count=200, every=7, within=2),
    "stalled_and_behind": Boot(ahead=lambda _: -50, delay=stalled, count=200, every=7, within=2),
    # Set right by NTP after ten minutes.
    "set_back": Boot(
        ahead=lambda second: 100 if second < 600 else 0,
        sources=frozenset({"clock_offset", "occurred_at"}),
    ),
    "set_forward": Boot(
        ahead=lambda second: 0 if second < 600 else 100,
        sources=frozenset({"clock_offset", "occurred_at"}),
    ),
    "stepping_with_mono": Boot(
        ahead=lambda second: (0, 100, -40, 0)[int(second // 300)],
        has_mono=True,
        sources=frozenset({"mono_ms"}),
    ),
    "drifting_with_mono": Boot(
        ahead=lambda second: second / 100,
        has_mono=True,
        sources=frozenset({"mono_ms"}),
    ),
    "unset": Boot(ahead=lambda _: -56 * 366 * 86400),
    # The offset of the others would put the last line 15 years after its arrival.
    "unset_with_sent_and_one_of_another_year": Boot(
        ahead=lambda _: -56 * 366 * 86400,
        has_sent=True,
        changes={39: {"occurred_at": "1985-10-26T01:21:00.000Z"}},
        sources=frozenset({"clock_offset", "received_at"}),
    ),
    # A single wrong time moves no other event.
    "one_far_ahead": Boot(
        changes={7: {"occurred_at": "2041-01-01T00:00:00.000Z"}},
        sources=frozenset({"occurred_at", "clock_offset"}),
    ),
    "one_far_behind": Boot(
        changes={7: {"occurred_at": "2021-01-01T00:00:00.000Z"}},
        within=30.5,
        sources=frozenset({"occurred_at", "seq"}),
    ),
    "one_received_at_1970": Boot(
        changes={7: {"received_at": "1970-01-01T00:00:00.000Z"}},
        sources=frozenset({"occurred_at"}),
    ),
    "one_received_an_hour_ago": Boot(
        changes={7: {"received_at": "2026-11-02T09:00:00.000Z"}},
        within=30.5,
        sources=frozenset({"occurred_at", "seq"}),
    ),
    # As it starts again it counts again from 1.
    "counted_twice": Boot(
        changes={n: {"seq": n - 19} for n in range(20, 40)}, sources=frozenset({"occurred_at"})
    ),
    "without_seq": Boot(
        changes={n: {"seq": None} for n in range(40)}, sources=frozenset({"occurred_at"})
    ),
}
# Both times are wrong, so that nothing tells the true one.
BOTH_WRONG = Boot(began=WILD)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("clocks"))
    boots = {**BOOTS, "both_wrong": BOTH_WRONG}
    warehouse.land("a.ndjson", [line for name, boot in boots.items() for line in boot.lines(name)])
    warehouse("seed")
    warehouse.load()
    warehouse("run", "--select", "+base_event_log__events")
    return warehouse


def events(built: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Events of each boot in the order of seq: id, event_at, time_source, offset, uncertainty."""
    rows = built.rows(f"{READ} from fleet_staging.base_event_log__events")
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row[0].rpartition("-")[2])):
        found[row[0].rpartition("-")[0]].append(row)
    return found


def test_events_are_where_they_happened(built: Warehouse) -> None:
    found = events(built)
    assert {name: len(found[name]) for name in BOOTS} == {n: b.count for n, b in BOOTS.items()}
    far = [
        (row, at)
        for name, boot in BOOTS.items()
        for row, at in zip(found[name], boot.truth(), strict=True)
        if abs((row[1].replace(tzinfo=UTC) - at).total_seconds()) > boot.within
    ]
    assert not far
    sources = {name: {source for _, _, source, _, _ in found[name]} for name in BOOTS}
    assert sources == {name: boot.sources for name, boot in BOOTS.items()}


def test_the_order_of_an_emitter_is_that_of_seq(built: Warehouse) -> None:
    for rows in events(built).values():
        times = [row[1] for row in rows]
        assert times == sorted(times)


def test_the_truth_lies_within_the_uncertainty(built: Warehouse) -> None:
    found = events(built)
    outside = [
        row
        for name, boot in BOOTS.items()
        for row, at in zip(found[name], boot.truth(), strict=True)
        if row[4] is not None
        and abs((row[1].replace(tzinfo=UTC) - at).total_seconds()) * 1000 > row[4]
    ]
    assert not outside


def test_an_offset_is_what_the_clock_was_off(built: Warehouse) -> None:
    found = events(built)
    assert {float(row[3]) for row in found["ahead_with_one_buffered"]} == {-119.7}
    assert {row[3] for row in found["right"]} == {0}


def test_no_event_lies_after_its_load(built: Warehouse) -> None:
    """Both clocks 47 days ahead would make the log end, and every robot's state, in 47 days."""
    rows = events(built)["both_wrong"]
    assert max(row[1] for row in rows).replace(tzinfo=UTC) < NOW + timedelta(hours=1)
    # They keep the distance that they had.
    steps = {(after[1] - before[1]).total_seconds() for before, after in pairwise(rows)}
    assert steps == {30}
    assert {row[4] for row in rows} == {None}


def test_the_time_of_a_simulated_day_is_right(troubled: tuple[Warehouse, Path]) -> None:
    """Robots whose clocks are minutes off or drift, that buffer, and lines that come late."""
    warehouse, truth = troubled
    ((corrected, in_order, within, is_off),) = warehouse.rows(
        f"""
        with timed as (
            select
                events.*,
                true_events.clock_offset_seconds as true_offset,
                abs(epoch_ms(events.event_at) - epoch_ms(true_events.true_at)) as off_ms,
                lag(events.event_at) over (
                    partition by events.emitter_id order by events.seq
                ) as previous_at
            from fleet_staging.base_event_log__events as events
            inner join '{truth}/events.parquet' as true_events using (emitter_id, seq)
        )

        select
            count(*) filter (where abs(true_offset) > 2 and off_ms < 500)
            / count(*) filter (where abs(true_offset) > 2),
            bool_and(previous_at is null or previous_at <= event_at),
            count(*) filter (where off_ms <= event_at_uncertainty_ms) / count(*),
            count(*) filter (where true_offset = 0 and off_ms > 500)
        from timed
        """
    )
    assert corrected > 0.99
    assert in_order
    assert within > 0.99
    assert is_off == 0


def line_without_id(**changes: Any) -> dict[str, Any]:
    line = next(Boot(count=1).lines("R-1"))
    del line["event_id"]
    return {key: value for key, value in (line | changes).items() if value is not None}


STATUSES = """
select event_id, has_derived_event_id, line_status
from fleet_staging.base_event_log__lines
order by loaded_at, received_at
"""


def test_a_line_without_event_id_is_accepted_once(dbt: Warehouse) -> None:
    again = {"received_at": "2026-11-02T11:00:00.000Z"}
    nobody = {"emitter_id": None, "seq": None}
    dbt("seed")
    dbt.land("a.ndjson", [line_without_id(), line_without_id(**again)])
    dbt.load()
    dbt("run")
    dbt.land("b.ndjson", [line_without_id(**nobody), line_without_id(**nobody, **again)])
    dbt.load()
    dbt("run")

    first, copy, content, copy_of_content = dbt.rows(STATUSES)
    assert first[1:] == content[1:] == (True, "accepted")
    assert copy == (first[0], True, "duplicate")
    assert copy_of_content == (content[0], True, "duplicate")
    assert first[0] != content[0]
    assert dbt.rows(
        "select event_id, has_derived_event_id from fleet_marts.event_timeline order by 1"
    ) == sorted([(first[0], True), (content[0], True)])


@pytest.mark.parametrize("has_id_first", [True, False])
def test_a_line_without_event_id_meets_its_copy_that_has_one(
    dbt: Warehouse, has_id_first: bool
) -> None:
    lines = [line_without_id(event_id="e1"), line_without_id()]
    dbt("seed")
    for number, line in enumerate(lines if has_id_first else reversed(lines)):
        dbt.land(f"{number}.ndjson", [line])
        dbt.load()
        dbt("run")
    first, second = dbt.rows(STATUSES)
    assert (first[1], first[2]) == (not has_id_first, "accepted")
    assert (second[1], second[2]) == (has_id_first, "duplicate")
    assert dbt.rows("select event_id from fleet_marts.event_timeline") == [(first[0],)]


def test_a_far_date_of_both_clocks_fills_no_hours(dbt: Warehouse) -> None:
    """What follows from a state lasts until the log's end, which no wrong clock may move."""
    state = {"evt": {"name": "robot.state_changed", "version": 1, "valid": True}}
    lines = [
        line | state | {"data": {"to_state": "available"}}
        for line in (*Boot(count=3).lines("R-1"), *Boot(began=WILD, count=3).lines("R-2"))
    ]
    at_1970 = {"received_at": "1970-01-01T00:00:00.000Z"}
    dbt("seed")
    dbt.land("a.ndjson", [*lines, lines[1] | {"event_id": "e1970", "seq": 9} | at_1970])
    dbt.load()
    dbt("build")
    ((hours, last_at),) = dbt.rows(
        "select count(distinct hour_at), max(hour_at) from fleet_marts.supply_hours"
    )
    assert last_at <= datetime.now(UTC)
    assert hours <= (datetime.now(UTC) - DAY) / timedelta(hours=1) + 1
