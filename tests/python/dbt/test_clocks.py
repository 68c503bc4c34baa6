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
    "without_emitter": Boot(
        count=1, changes={0: {"emitter_id": None}}, sources=frozenset({"occurred_at"})
    ),
    "unset_and_counted_twice": Boot(
        ahead=lambda _: -56 * 366 * 86400,
        count=2,
        changes={1: {"seq": 1}},
        sources=frozenset({"received_at"}),
    ),
}
# Both times are wrong, so that nothing tells the true one.
BOTH_WRONG = Boot(began=WILD)


# ---------------------------------------------------------------- a clock, at the limits


@dataclass(frozen=True)
class Said:
    """A line of an emitter at a second after ten by its own clock.

    delay   seconds from there to its receipt; sent: from sending by that clock
    mono    seconds by a clock that is never set
    """

    second: float
    delay: float = 0.3
    sent: float | None = None
    mono: float | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def line(self, emitter: str, number: int) -> dict[str, Any]:
        at = DAY + timedelta(hours=10, seconds=self.second)
        received_at = at + timedelta(seconds=self.delay)
        line = next(Boot(count=1).lines("R-1")) | {
            "event_id": f"clock/{emitter}-{number}",
            "emitter_id": f"clock/{emitter}",
            "seq": number,
            "occurred_at": text(at),
            "received_at": text(received_at),
        }
        if self.sent is not None:
            line["sent_at"] = text(received_at - timedelta(seconds=self.sent))
        if self.mono is not None:
            line["mono_ms"] = round(self.mono * 1000)
        return line | self.changes


def of_delays(*said: tuple[float, float]) -> list[Said]:
    return [Said(second, delay) for second, delay in said]


def with_mono(*said: tuple[float, float]) -> list[Said]:
    return [Said(second, delay, mono=5000 + second) for second, delay in said]


def sent_later(*said: tuple[float, float]) -> list[Said]:
    """A backlog that arrives at once, an hour after ten."""
    return [Said(second, 3600 - second, sent=sent) for second, sent in said]


def at_day(number: int, *delays: float) -> list[Said]:
    return [Said(86400 * number + 60 * place, delay) for place, delay in enumerate(delays)]


def old(occurred_at: str, **changes: Any) -> list[Said]:
    return [Said(0, changes={"occurred_at": occurred_at} | changes)]


def seconds_since(occurred_at: str) -> float:
    since = DAY + timedelta(hours=10, seconds=0.3) - datetime.fromisoformat(occurred_at)
    return since / timedelta(seconds=1)


EPOCH = (DAY + timedelta(hours=10) - timedelta(seconds=5000)).timestamp()
FAR = -3600
RIGHT = of_delays((200, 0.3), (300, 0.3), (400, 0.3))
LIDS = {"to": "open", "actor": "merchant"}
# Three lines within two minutes, none of them two seconds later than the quickest, are enough.
ENOUGH = ((0, 2), (60, 0), (120, 2))
TOO_LITTLE: dict[str, tuple[tuple[float, float], ...]] = {
    "short": ((0, 0), (60, 0), (119.999, 0)),
    "few": ((0, 0), (60, 9), (120, 0)),
    "slow_at_last": ((0, 0), (40, 0), (80, 0), (120, 9)),
    "slow_at_first": ((0, 9), (40, 0), (80, 0), (120, 0)),
}


def later(said: tuple[tuple[float, float], ...], by: float) -> list[tuple[float, float]]:
    return [(second, delay + by) for second, delay in said]


@dataclass(frozen=True)
class Clock:
    """What is known of a clock from some lines: the offset, or the boot by mono_ms, in seconds."""

    basis: str = "received_at"
    offset: float | None = None
    boot: float | None = None
    is_sound: bool = True
    is_right: bool = False
    is_corrected: bool = True


UNKNOWN = Clock(is_sound=False, is_corrected=False)
SHOWN_RIGHT = Clock(offset=0.3, is_right=True, is_corrected=False)
RIGHT_WITH_LIMIT = Clock(is_sound=False, is_right=True, is_corrected=False)
CLOCKS: dict[str, tuple[list[Said], list[Clock]]] = {
    "received": (of_delays(*later(ENOUGH, -120)), [Clock(offset=-120)]),
    "mono": (with_mono(*later(ENOUGH, -120)), [Clock("mono_ms", boot=EPOCH - 120)]),
    "sent": (sent_later(*later(ENOUGH, 300)), [Clock("sent_at", offset=300)]),
    **{
        f"{kind}_{why}": (lines(*later(said, by)), [clock])
        for why, said in TOO_LITTLE.items()
        for kind, lines, by, clock in (
            ("received", of_delays, -120, Clock(offset=-120, is_sound=False)),
            ("mono", with_mono, -120, Clock("mono_ms", boot=EPOCH - 120, is_sound=False)),
            ("sent", sent_later, 300, Clock("sent_at", is_sound=False, is_corrected=False)),
        )
    },
    # Where as many show the clock to be right, some that show it ahead came by a wrong one.
    "right": (
        of_delays((0, FAR), (100, 2), (160, 0.3), (220, 2)),
        [SHOWN_RIGHT],
    ),
    **{
        f"right_{why}": (
            of_delays((0, FAR), *((100 + second, delay + 0.3) for second, delay in said)),
            [Clock(offset=FAR, is_sound=False)],
        )
        for why, said in TOO_LITTLE.items()
    },
    "ahead": (of_delays((0, FAR), (60, FAR), (120, FAR)) + RIGHT, [Clock(offset=FAR)]),
    "ahead_short": (of_delays((0, FAR), (60, FAR), (119.999, FAR)) + RIGHT, [SHOWN_RIGHT]),
    "ahead_few": (of_delays((0, FAR), (60, 0.3), (120, FAR)) + RIGHT, [SHOWN_RIGHT]),
    "ahead_limit": (of_delays((0, FAR), (60, -2), (120, FAR)) + RIGHT, [RIGHT_WITH_LIMIT]),
    "ahead_limit_at_last": (
        of_delays((0, FAR), (40, FAR), (80, FAR), (120, -2)) + RIGHT,
        [RIGHT_WITH_LIMIT],
    ),
    "ahead_limit_at_first": (
        of_delays((0, -2), (40, FAR), (80, FAR), (120, FAR)) + RIGHT,
        [RIGHT_WITH_LIMIT],
    ),
    # Two seconds are no error.
    "two_ahead": (
        of_delays((0, -2), (60, -2), (120, -2)),
        [Clock(offset=-2, is_right=True, is_corrected=False)],
    ),
    "more_ahead": (of_delays((0, -2.1), (60, -2.1), (120, -2.1)), [Clock(offset=-2.1)]),
    "two_ahead_of_mono": (
        with_mono((0, -2), (60, -2), (120, -2)),
        [Clock("mono_ms", boot=EPOCH - 2, is_right=True, is_corrected=False)],
    ),
    "two_behind_mono": (
        with_mono((0, 2), (60, 2), (120, 2)),
        [Clock("mono_ms", boot=EPOCH + 2, is_right=True, is_corrected=False)],
    ),
    "more_behind_mono": (
        with_mono((0, 2.1), (60, 2.1), (120, 2.1)),
        [Clock("mono_ms", boot=EPOCH + 2.1)],
    ),
    # One line proves nothing, but no event happens after its receipt.
    "one_two_ahead": (of_delays((0, -2)), [UNKNOWN]),
    "one_more_ahead": (of_delays((0, -2.1)), [Clock(offset=-2.1, is_sound=False)]),
    "one_late": (of_delays((0, 5)), [UNKNOWN]),
    "one_two_ahead_of_mono": (
        with_mono((0, -2)),
        [Clock("mono_ms", is_sound=False, is_corrected=False)],
    ),
    "one_more_ahead_of_mono": (
        with_mono((0, -2.1)),
        [Clock("mono_ms", boot=EPOCH - 2.1, is_sound=False)],
    ),
    "one_late_with_mono": (
        with_mono((0, 5)),
        [Clock("mono_ms", is_sound=False, is_corrected=False)],
    ),
    "one_not_received": (
        [Said(0, mono=5000, changes={"received_at": None})],
        [Clock("loaded_at", is_sound=False, is_corrected=False)],
    ),
    "one_sent": (
        [Said(0, 5, sent=5, mono=5000)],
        [Clock("sent_at", is_sound=False, is_corrected=False)],
    ),
    "mono_of_some": (
        [Said(0, -120, mono=5000), Said(60, -120), Said(120, -120, mono=5120)],
        [Clock(offset=-120)],
    ),
    # A clock that was never set is behind, however few lines say so.
    "first_credible": (old("2020-01-01T00:00:00Z"), [UNKNOWN]),
    "not_credible": (
        old("2019-12-31T23:59:59.900Z"),
        [Clock(offset=seconds_since("2019-12-31T23:59:59.900Z"), is_sound=False)],
    ),
    "not_credible_by_its_line": (
        old("2021-01-01T00:00:00Z", earliest_credible_at="2021-01-02T00:00:00Z"),
        [Clock(offset=seconds_since("2021-01-01T00:00:00Z"), is_sound=False)],
    ),
    # A day that proves nothing has the clock of the last one that did, else of the next one.
    "days": (
        [
            *at_day(0, -120, -120, -120),
            *at_day(1, -110, -110, -110),
            *at_day(2, -100),
            *at_day(3, -90, -90, -90),
            *at_day(4, -80, -80, -80),
        ],
        [Clock(offset=offset) for offset in (-120, -110, -110, -90, -80)],
    ),
    "first_day": (
        [*at_day(0, -100), *at_day(1, -110, -110, -110), *at_day(2, -120, -120, -120)],
        [Clock(offset=offset) for offset in (-110, -110, -120)],
    ),
    "same_day": (
        [*at_day(0, -120, -120, -120), *at_day(1, -120)],
        [Clock(offset=-120), Clock(offset=-120)],
    ),
    "bounded_day": (
        [*at_day(0, -120, -120, -120), *at_day(1, -130)],
        [Clock(offset=-120), Clock(offset=-130, is_sound=False)],
    ),
    "day_with_mono": (
        [*at_day(0, -120, -120, -120), Said(86400, -100, mono=91400)],
        [Clock(offset=-120), Clock("mono_ms", boot=EPOCH - 100, is_sound=False)],
    ),
    # What is no event of ours, or a copy, says nothing.
    "others": (
        [
            Said(0, -2.1, changes={"event_id": "clock/copied-1"}),
            Said(60, -9, changes={"data": LIDS | {"to": 7}}),
            Said(60, -9, changes={"env": "staging"}),
            Said(60, -9, changes={"event_id": "clock/copied-1"}),
        ],
        [Clock(offset=-2.1, is_sound=False)],
    ),
    "numbered_twice": ([Said(0, -120), Said(60, -120, changes={"seq": 1})], []),
    "not_numbered": ([Said(0, -120, changes={"seq": None})], []),
}
# Seq of the first line after each time that a clock was set anew.
SET_ANEW: dict[str, tuple[list[Said], list[int]]] = {
    "mono_back_by_two": ([Said(0, mono=9), Said(60, mono=7)], []),
    "mono_back": ([Said(0, mono=9), Said(60, mono=6.999)], [2]),
    "back_by_two": (of_delays((2, 0.3), (0, 0.3)), []),
    "back": (of_delays((2.001, 0.3), (0, 0.3)), [2]),
    "back_but_not_mono": ([Said(60, mono=9), Said(0, 69.3, mono=18)], []),
    "back_with_mono_anew": ([Said(60), Said(0, 69.3, mono=18)], [2]),
    "after_a_week": (of_delays((0, 0.3), (60, 604800.3)), []),
    "after_more_than_a_week": (of_delays((0, 0.3), (60, 604800.301)), [2]),
    "after_a_week_of_mono": ([Said(0, mono=9), Said(60, 604800.3, mono=69)], []),
    "after_more_of_mono": ([Said(0, mono=9), Said(60, 604800.301, mono=69)], [2]),
    "forward": (of_delays((0, 0.3), (10.001, 0.3), (60, -2.001)), [3]),
    "forward_by_two": (of_delays((0, 0.3), (20, 0.3), (60, -2)), []),
    "forward_after_lines_at_once": (of_delays((0, 0.3), (10, 0.3), (60, -2.001)), []),
    "forward_from_two": (of_delays((0, -2), (20, -2), (60, -2.001)), [3]),
    "forward_from_more": (of_delays((0, -2.001), (20, -2.001), (60, -2.001)), []),
    "forward_after_two": (of_delays((0, 2.3), (20, 0.3), (60, -2.001)), [3]),
    "forward_after_more": (of_delays((0, 2.301), (20, 0.3), (60, -2.001)), []),
}


def lines_at_limits() -> Iterator[dict[str, Any]]:
    for name, (said, _) in (*CLOCKS.items(), *SET_ANEW.items()):
        yield from (one.line(name, number) for number, one in enumerate(said, 1))


def test_a_clock_is_known_from_lines_that_agree_for_minutes(built: Warehouse) -> None:
    rows = built.rows(
        """
        select
            split_part(emitter_id, '/', 2), basis, offset_ms / 1000, mono_epoch_ms / 1000,
            is_sound, is_right, is_corrected
        from fleet_staging.base_event_log__clocks
        where starts_with(emitter_id, 'clock/')
        order by first_seq, arrived_date
        """
    )
    found: dict[str, list[Clock]] = defaultdict(list)
    for name, *known in rows:
        found[name].append(Clock(*known))
    assert {name: found[name] for name in CLOCKS} == {
        name: clocks for name, (_, clocks) in CLOCKS.items()
    }


def test_a_clock_that_is_set_anew_is_another_one(built: Warehouse) -> None:
    """Back, or forward after lines that came one by one at the right time."""
    rows = built.rows(
        """
        select split_part(emitter_id, '/', 2), min(first_seq)
        from fleet_staging.base_event_log__clocks
        where starts_with(emitter_id, 'clock/')
        group by emitter_id, run_number
        order by 1, 2
        """
    )
    found = {name: [seq for one, seq in rows if one == name] for name in SET_ANEW}
    assert found == {name: [1, *anew] for name, (_, anew) in SET_ANEW.items()}


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("clocks"))
    boots = {**BOOTS, "both_wrong": BOTH_WRONG}
    lines = [line for name, boot in boots.items() for line in boot.lines(name)]
    warehouse.land("a.ndjson", [*lines, *lines_at_limits()])
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
    found = events(built)
    for rows in (found[name] for name in BOOTS):
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
    assert {row[3] for row in found["unset_and_counted_twice"]} == {None}


def test_how_far_a_time_is_off_is_known_of_numbered_lines(built: Warehouse) -> None:
    found = events(built)
    assert {row[4] for name in ("right", "counted_twice") for row in found[name]} == {2000}
    unknown = ("without_seq", "without_emitter", "unset_and_counted_twice")
    assert {row[4] for name in unknown for row in found[name]} == {None}


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


LINES_ALONE = ("--select", "+stg_event_log__events")
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
    dbt("run", *LINES_ALONE)
    dbt.land("b.ndjson", [line_without_id(**nobody), line_without_id(**nobody, **again)])
    dbt.load()
    dbt("run", *LINES_ALONE)

    first, copy, content, copy_of_content = dbt.rows(STATUSES)
    assert first[1:] == content[1:] == (True, "accepted")
    assert copy == (first[0], True, "duplicate")
    assert copy_of_content == (content[0], True, "duplicate")
    assert first[0] != content[0]
    assert dbt.rows(
        "select event_id, has_derived_event_id from fleet_staging.stg_event_log__events order by 1"
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
        dbt("run", *LINES_ALONE)
    first, second = dbt.rows(STATUSES)
    assert (first[1], first[2]) == (not has_id_first, "accepted")
    assert (second[1], second[2]) == (has_id_first, "duplicate")
    assert dbt.rows("select event_id from fleet_staging.stg_event_log__events") == [(first[0],)]


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
    dbt("run")
    ((hours, last_at),) = dbt.rows(
        "select count(distinct hour_at), max(hour_at) from fleet_marts.supply_hours"
    )
    assert last_at <= datetime.now(UTC)
    assert hours <= (datetime.now(UTC) - DAY) / timedelta(hours=1) + 1
