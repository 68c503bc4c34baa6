"""The ledgers against what the simulator knows, and against what each night published."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from fleet_events.events import Events
from fleet_events.logger import EventLogger

from fleet.cli import main
from fleet.simulator import troubles
from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import Warehouse

START = date(2026, 11, 2)
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
DERIVED = "select count(*) from fleet_marts.event_timeline where has_derived_event_id"
# Hour of receipt (UTC) at which the first night falls, in the midst of the evening's deliveries.
NIGHT_HOUR = 3


@dataclass
class Published:
    """What a reader saw after one night.

    ended     deliveries of which an ending had been loaded
    outcomes  outcome of each whose own ending tells it
    """

    ended: set[str]
    outcomes: dict[str, str]
    loaded_at: datetime


@dataclass
class Fleet:
    """A fleet with every trouble, loaded in two nights."""

    warehouse: Warehouse
    truth: Path
    nights: list[Published] = field(default_factory=list)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.rows(sql)

    def true_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query on the truth; a table is named as in `from events`."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for path in self.truth.glob("*.parquet"):
                connection.execute(f"create view {path.stem} as from read_parquet('{path}')")
            return connection.execute(sql).fetchall()

    def publish(self) -> None:
        """Load what is in the landing folder and build every table."""
        self.warehouse.load()
        self.warehouse("run" if self.nights else "build", *(() if self.nights else NO_TESTS))
        told = self.rows(
            "select delivery_id, outcome from fleet_marts.delivery_sessions"
            " where outcome_basis = 'reported'"
        )
        endings = self.rows(
            "select distinct delivery_id from fleet_staging.stg_event_log__delivery_events"
            " where event_name in ('delivery.dropoff_completed', 'delivery.pickup_failed',"
            " 'delivery.cancelled', 'delivery.return_completed')"
            " or (event_name = 'delivery.dropoff_failed' and disposition <> 'retry')"
            " union select delivery_id from fleet_staging.stg_event_log__dispatch_events"
            " where event_name = 'dispatch.failed'"
        )
        self.nights.append(
            Published(
                {delivery_id for (delivery_id,) in endings},
                dict(told),
                self.rows("select max(loaded_at) from fleet_marts.load_reconciliation")[0][0],
            )
        )


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Fleet:
    folder = tmp_path_factory.mktemp("ledgers")
    simulated = folder / "simulated"
    words = f"simulate --robots 20 --days 1 --seed 4 --start {START} --overwrite --out {simulated}"
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 0, done.output
    fleet = Fleet(open_warehouse(folder / "warehouse"), simulated / "truth")
    files = sorted((simulated / "landing").rglob("*.ndjson.gz"))

    night = f"{START:%Y%m%d}T{NIGHT_HOUR:02}"
    for is_later in (False, True):
        for file in files:
            if (file.name > night) == is_later:
                target = fleet.warehouse.landing / file.relative_to(simulated / "landing")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        fleet.publish()
    return fleet


# ---------------------------------------------------------------- lines


def test_every_fate_of_a_line_is_counted_as_the_simulator_did(fleet: Fleet) -> None:
    fates = (
        *("accepted", "duplicate", "malformed", "not_an_object", "missing_event_id"),
        *("unknown_event", "bad_timestamp", "missing_required", "bad_type"),
    )
    counted = fleet.rows(
        f"select {', '.join(f'sum({fate}_count)' for fate in fates)}, sum(line_count)"
        " from fleet_marts.event_reconciliation"
    )
    known = fleet.true_rows(
        f"select {', '.join(f'{fate}_lines' for fate in fates)}, written_lines from lines"
    )
    assert min(known[0]) > 0
    # A line that only lacks its event_id is an event all the same.
    ((derived,),) = fleet.rows(DERIVED)
    accepted, missing = fates.index("accepted"), fates.index("missing_event_id")
    expected = list(known[0])
    expected[accepted] += derived
    expected[missing] -= derived
    assert counted == [tuple(expected)]
    assert derived == known[0][missing]


def test_accepted_lines_are_counted_by_stream(fleet: Fleet) -> None:
    counted = fleet.rows(
        "select stream, sum(event_count) from ("
        "select stream, accepted_count as event_count from fleet_marts.event_reconciliation"
        " union all"
        " select stream, -1 from fleet_marts.event_timeline where has_derived_event_id"
        ") group by all having sum(event_count) > 0 order by 1"
    )
    assert counted == fleet.true_rows(
        "select split_part(event_name, '.', 1), count(*) from events"
        " where not (is_lost or is_silenced or is_malformed or is_damaged) group by 1 order by 1"
    )


def test_each_load_is_complete(fleet: Fleet) -> None:
    loads = fleet.rows(
        "select loaded_at, is_complete, file_count > 0 from fleet_marts.load_reconciliation"
        " order by 1"
    )
    assert loads == [(night.loaded_at, True, True) for night in fleet.nights]


def test_the_tests_of_the_ledgers_hold_after_several_nights(fleet: Fleet) -> None:
    fleet.warehouse("test", "--select", "path:tests/data_tests", "path:models/marts/quality")


def copy_of(fleet: Fleet, folder: Path) -> Warehouse:
    copy = Warehouse(folder, fleet.warehouse.dbt)
    shutil.copy(fleet.warehouse.database, copy.database)
    return copy


def test_a_line_that_the_tables_lack_is_told(fleet: Fleet, tmp_path: Path) -> None:
    copy = copy_of(fleet, tmp_path)
    with duckdb.connect(copy.database) as connection:
        connection.execute(
            "delete from event_log.event_lines where rowid ="
            " (select max(rowid) from event_log.event_lines)"
        )
    with pytest.raises(DbtError, match="assert_every_line_is_accounted_for"):
        copy("test", "--select", "assert_every_line_is_accounted_for")
    with duckdb.connect(copy.database) as connection:
        connection.execute("update event_log.loaded_files set line_count = line_count + 1")
    copy("run", "--select", "load_reconciliation")
    with pytest.raises(DbtError, match="assert_files_and_lines_agree"):
        copy("test", "--select", "assert_files_and_lines_agree")


@pytest.mark.parametrize(
    "change",
    [
        # The sums over a load hold after each of them.
        "update event_log.event_lines set payload = replace(payload::varchar, 'order.created',"
        " 'order.completed')",
        "update fleet_marts.event_reconciliation set accepted_count = accepted_count"
        " + case stream when 'order' then 1 else -1 end where stream in ('order', 'robot')",
    ],
)
def test_a_line_in_another_stream_is_told(fleet: Fleet, tmp_path: Path, change: str) -> None:
    copy = copy_of(fleet, tmp_path)
    with duckdb.connect(copy.database) as connection:
        connection.execute(change)
    with pytest.raises(DbtError, match="assert_every_line_is_accounted_for"):
        copy("test", "--select", "assert_every_line_is_accounted_for")


# An hour amid a robot's others, all after an hour, and all of the robot.
@pytest.mark.parametrize("lost", ["hour_at = {}", "hour_at >= {}", "true"])
def test_an_hour_without_state_is_told(fleet: Fleet, tmp_path: Path, lost: str) -> None:
    copy = copy_of(fleet, tmp_path)
    hour = "(select quantile_disc(hour_at, 0.5) from fleet_marts.supply_hours)"
    with duckdb.connect(copy.database) as connection:
        connection.execute(
            f"delete from fleet_marts.supply_hours where {lost.format(hour)} and robot_id ="
            " (select min(robot_id) from fleet_marts.supply_hours)"
        )
    with pytest.raises(DbtError, match="assert_states_fill_every_hour"):
        copy("test", "--select", "assert_states_fill_every_hour")


# ---------------------------------------------------------------- sessions


def test_late_events_are_what_sessions_gained_after_they_were_published_as_ended(
    fleet: Fleet,
) -> None:
    expected = set()
    for before, after in pairwise(fleet.nights):
        gained = fleet.rows(
            "select delivery_id, event_id from fleet_marts.delivery_session_events"
            f" where loaded_at = '{after.loaded_at}'"
        )
        expected |= {pair for pair in gained if pair[0] in before.ended}
    late = fleet.rows("select delivery_id, event_id from fleet_marts.late_events")
    assert len(late) == len(set(late))
    assert set(late) == expected
    assert len(expected) > 5


def test_a_line_that_comes_days_late_changes_what_its_session_says(dbt: Warehouse) -> None:
    lines: list[bytes] = []
    clock = {"now": datetime(2026, 11, 2, 10, tzinfo=UTC)}
    logs = {
        host: EventLogger(
            service="dispatch",
            env="prod",
            host=host,
            write=lines.append,
            clock=lambda: clock["now"],
        )
        for host in ("d-1", "d-2")
    }
    ids = {"delivery_id": "D-1", "robot_id": "R-1"}

    def tell(minute: int, event: Events, data: dict[str, object], host: str = "d-2") -> str:
        clock["now"] = datetime(2026, 11, 2, 10, minute, tzinfo=UTC)
        return logs[host].event(event, data)

    def land(name: str) -> None:
        dbt.land(name, [line.rstrip(b"\n") for line in lines])
        dbt.load()
        lines.clear()

    order = {"order_id": "O-1"}
    requested: dict[str, object] = {"delivery_id": "D-1", **order, "merchant_id": "M-1"}
    tell(1, Events.DISPATCH_REQUESTED, requested, "d-1")
    tell(
        9,
        Events.DELIVERY_DROPOFF_FAILED,
        {**ids, "reason": "other", "disposition": "discard"},
        "d-1",
    )
    land("a.ndjson.gz")
    error = {"error_code": "X-1", "component": "lid", "severity": "minor", "is_failure": False}
    window = tell(2, Events.DISPATCH_ASSIGNED, {**ids, **order, "merchant_id": "M-1"})
    first_error = tell(4, Events.ROBOT_ERROR, {**ids, **error})
    outcome = tell(5, Events.DELIVERY_DROPOFF_COMPLETED, {**ids, **order})
    second_error = tell(6, Events.ROBOT_ERROR, {**ids, **error})
    land("b.ndjson.gz")
    dbt("build", "--select", "+late_events", *NO_TESTS)

    assert dbt.rows(
        "select event_id, has_changed_outcome, has_changed_first_error, is_assignment"
        " from fleet_marts.late_events order by event_at"
    ) == [
        (window, False, False, True),
        (first_error, False, True, False),
        (outcome, True, False, False),
        (second_error, False, False, False),
    ]
    assert dbt.rows(
        "select what_changed, outcome, is_outcome_changed, is_after_end"
        " from fleet_marts.session_revisions order by revision_number"
    ) == [
        ("dispatch, delivery, ending, 1 error", "failed", False, False),
        ("dispatch, delivery, robot, ending, 2 errors", "completed", True, True),
    ]


def test_each_revision_says_what_was_published_then(fleet: Fleet) -> None:
    revisions = fleet.rows(
        "select delivery_id, revision_number, loaded_at, outcome, what_changed"
        " from fleet_marts.session_revisions"
    )
    outcomes = {night.loaded_at: night.outcomes for night in fleet.nights}
    compared = 0
    for delivery_id, number, loaded_at, outcome, what_changed in revisions:
        if delivery_id in outcomes[loaded_at]:
            compared += 1
            assert outcomes[loaded_at][delivery_id] == outcome, (delivery_id, number)
        assert what_changed
    assert compared > 0.8 * len(revisions)
    assert Counter(row[0] for row in revisions) == dict(
        fleet.rows("select delivery_id, session_revision from fleet_marts.delivery_sessions")
    )
    assert any(number > 1 for _, number, *_ in revisions)


# ---------------------------------------------------------------- emitters


def test_gaps_are_the_lines_that_the_simulator_lost(fleet: Fleet) -> None:
    missing = dict.fromkeys(
        fleet.true_rows(
            "select emitter_id, seq from events where is_lost or is_silenced or is_malformed"
        )
    )
    last_arrived = dict(
        fleet.true_rows(
            "select emitter_id, max(seq) from events"
            " where not (is_lost or is_silenced or is_malformed) group by 1"
        )
    )
    gaps = fleet.rows(
        "select emitter_id, first_missing_seq, last_missing_seq, missing_count, place, robot_id,"
        " service from fleet_marts.emitter_gaps"
    )
    before_the_last, tails = set(), set()
    for emitter_id, first, last, count, place, robot_id, service in gaps:
        numbers = {(emitter_id, seq) for seq in range(first, last + 1)}
        assert len(numbers) == count
        assert emitter_id.split("/")[:2] == [service, robot_id or emitter_id.split("/")[1]]
        assert (service == "robot-agent") == (robot_id is not None)
        if place == "tail":
            tails |= numbers
        else:
            before_the_last |= numbers
    assert before_the_last == {
        (emitter_id, seq) for emitter_id, seq in missing if seq < last_arrived.get(emitter_id, 0)
    }
    assert tails <= missing.keys() - before_the_last
    assert len(before_the_last) > 50


def test_gaps_name_each_line_that_a_crash_of_the_collector_lost(
    dbt: Warehouse, seeded_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(seeded_database, dbt.database)
    monkeypatch.setattr(troubles, "CRASHES_PER_DAY", 2_000)
    for other in ("LOST", "MALFORMED"):
        monkeypatch.setattr(troubles, other, 0)
    home = dbt.landing.parent
    words = f"simulate --robots 6 --days 1 --seed 4 --start {START} --overwrite --out {home}"
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 0, done.output
    dbt.load()
    dbt("build", "--select", "+emitter_gaps", *NO_TESTS)

    gaps = {
        (emitter_id, seq)
        for emitter_id, first, last in dbt.rows(
            "select emitter_id, first_missing_seq, last_missing_seq from fleet_marts.emitter_gaps"
        )
        for seq in range(first, last + 1)
    }
    truth = Fleet(dbt, home / "truth")
    # Behind the last line of an emitter nothing tells of a loss, until its next start does.
    lost, silenced = (
        set(
            truth.true_rows(
                f"""
                select emitter_id, seq from events
                where {fate} and seq < (
                    select max(arrived.seq) from events as arrived
                    where arrived.emitter_id = events.emitter_id
                    and not (arrived.is_lost or arrived.is_silenced)
                )
                """
            )
        )
        for fate in ("is_lost", "is_silenced")
    )
    assert len(lost) > 50
    assert lost <= gaps
    every = set(truth.true_rows("select emitter_id, seq from events where is_lost or is_silenced"))
    assert lost | silenced <= gaps <= every


def test_a_lost_tail_is_told_by_the_next_boot(dbt: Warehouse) -> None:
    lines: dict[str, list[bytes]] = {"one": [], "two": []}

    def boot(name: str) -> EventLogger:
        return EventLogger(
            service="robot-agent", env="prod", host="R-1", boot=name, write=lines[name].append
        )

    first, second = boot("one"), boot("two")
    for _ in range(6):
        first.event(Events.ROBOT_HEARTBEAT, {"robot_id": "R-1", "state": "available"})
    told = second.event(
        Events.TELEMETRY_EMITTER_RESTARTED,
        {"robot_id": "R-1", "last_emitter_id": first.emitter_id, "last_seq": 6},
    )
    one = [line.rstrip(b"\n") for line in lines["one"]]
    # The second is quarantined, the third arrives twice, the last three are lost.
    damaged = one[1].replace(b'"available"', b"7")
    assert damaged != one[1]
    dbt.land("a.ndjson.gz", [one[0], damaged, one[2], one[2]])
    dbt.load()
    select = ("--select", "+emitter_gaps", "+event_reconciliation", *NO_TESTS)
    dbt("build", *select)
    assert dbt.rows("select * from fleet_marts.emitter_gaps") == []
    assert dbt.rows(
        "select accepted_count, duplicate_count, bad_type_count"
        " from fleet_marts.event_reconciliation"
    ) == [(2, 1, 1)]

    dbt.land("b.ndjson.gz", [line.rstrip(b"\n") for line in lines["two"]])
    dbt.load()
    dbt("build", *select)
    assert dbt.rows(
        "select emitter_id, robot_id, place, first_missing_seq, last_missing_seq, event_after_id"
        " from fleet_marts.emitter_gaps"
    ) == [(first.emitter_id, "R-1", "tail", 4, 6, told)]

    # Under way, not lost: the gap closes.
    dbt.land("c.ndjson.gz", one[3:])
    dbt.load()
    dbt("build", *select)
    assert dbt.rows("select * from fleet_marts.emitter_gaps") == []


# ---------------------------------------------------------------- clocks


def test_clock_skew_is_found_to_the_delay_of_the_quickest_event(fleet: Fleet) -> None:
    # Of a clock that is set within the day, the farthest ahead: no line shows less delay.
    true_offsets = dict(
        fleet.true_rows(
            "select robot_id, max(clock_offset_seconds) from events"
            " where service = 'robot-agent' and robot_id is not null group by 1"
        )
    )
    always_ahead = {
        robot_id
        for (robot_id,) in fleet.true_rows(
            "select robot_id from events where service = 'robot-agent' and robot_id is not null"
            " group by 1 having min(clock_offset_seconds) > 0"
        )
    }
    never_off = {
        robot_id
        for (robot_id,) in fleet.true_rows(
            "select robot_id from events where service = 'robot-agent' and robot_id is not null"
            " group by 1 having max(abs(clock_offset_seconds)) = 0"
        )
    }
    assert never_off
    days = fleet.rows(
        "select robot_id, clock_ahead_estimate_seconds::double, occurred_to_received_avg_seconds,"
        " event_count, corrected_event_count from fleet_marts.clock_skew_daily"
        # After midnight only the last lines of the simulation arrive.
        f" where received_date = '{START}'"
    )
    assert {row[0] for row in days} == true_offsets.keys()
    skewed = {robot_id for robot_id, offset in true_offsets.items() if offset}
    assert len({true_offsets[robot_id] > 0 for robot_id in skewed}) == 2
    for robot_id, estimate, mean, event_count, corrected_count in days:
        offset = true_offsets[robot_id]
        # A drifting clock moves by some seconds within the day.
        tolerance = 8 if robot_id in skewed else 1
        assert offset - tolerance < estimate < offset + (tolerance if robot_id in skewed else 0)
        assert -estimate < mean
        if robot_id in always_ahead:
            assert corrected_count > 0.9 * event_count
        elif robot_id in never_off:
            assert corrected_count == 0


def test_events_of_a_robot_are_counted_on_their_days(fleet: Fleet) -> None:
    assert fleet.rows(
        "select robot_id, sum(event_count) from ("
        "select robot_id, event_count from fleet_marts.clock_skew_daily"
        " union all"
        " select robot_id, -1 from fleet_marts.event_timeline"
        " where has_derived_event_id and service = 'robot-agent' and robot_id is not null"
        ") group by 1 order by 1"
    ) == fleet.true_rows(
        "select robot_id, count(*) from events where service = 'robot-agent'"
        " and robot_id is not null"
        " and not (is_lost or is_silenced or is_malformed or is_damaged) group by 1 order by 1"
    )
