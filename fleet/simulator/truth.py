"""What really happened, kept by the simulation itself and written as parquet.

The recorder gets facts from the parts that cause them (a robot was assigned, a state began, an
error was cleared) and works out memberships, state hours and failures from those. It never reads
the log lines for anything but the ids they carry, so it can judge models that read only the lines.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fleet.simulator.world import HOUR, MINUTE, World

SESSION_TAIL = 5 * MINUTE
LONGEST_WINDOW = 24 * HOUR
QUIET_AFTER_ERROR = 10 * MINUTE
FOREVER = 1 << 62

INSTANT = pa.timestamp("ms", tz="UTC")
# Of one file, by name and in order.
Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class LineFacts:
    """The ids of one emitted line; an id the line does not carry is None."""

    event_id: str
    event_name: str
    service: str
    emitter_id: str
    seq: int
    order_id: str | None = None
    delivery_id: str | None = None
    robot_id: str | None = None
    merchant_id: str | None = None
    pilot_id: str | None = None


@dataclass(frozen=True)
class LineFate:
    """What became of one emitted line on its way."""

    lost: bool = False
    malformed: bool = False
    damaged: bool = False
    duplicated: bool = False
    late: bool = False
    silenced: bool = False
    clock_offset: int = 0


@dataclass(frozen=True)
class Window:
    """One robot's assignment to one delivery, [assigned_at, released_at)."""

    delivery_id: str
    robot_id: str
    assigned_at: int
    released_at: int


@dataclass
class _DeliveryStory:
    order_id: str
    merchant_id: str
    requested_at: int
    assignments: list[tuple[int, str]] = field(default_factory=list)
    unassignments: list[tuple[int, str]] = field(default_factory=list)
    picked_up_at: int | None = None
    ended_at: int | None = None
    returned_at: int | None = None
    outcome: str = "open"
    cause: str = "none"

    @property
    def session_end(self) -> int | None:
        return self.returned_at if self.returned_at is not None else self.ended_at

    def windows(self, delivery_id: str) -> Iterator[Window]:
        end = self.session_end
        for number, (assigned_at, robot_id) in enumerate(self.assignments):
            ends = [assigned_at + LONGEST_WINDOW]
            if number + 1 < len(self.assignments):
                ends.append(self.assignments[number + 1][0])
            if end is not None:
                ends.append(end + SESSION_TAIL)
            ends.extend(
                at for at, robot in self.unassignments if robot == robot_id and at > assigned_at
            )
            yield Window(delivery_id, robot_id, assigned_at, min(ends))


@dataclass
class _Error:
    event_id: str
    robot_id: str
    component: str
    code: str
    at: int
    cleared_at: int | None = None


@dataclass(frozen=True)
class Failure:
    """One failure episode of a robot's component."""

    robot_id: str
    component: str
    started_at: int
    ended_at: int
    first_error_code: str


class Truth:
    """The recorder. All times it is given are milliseconds since the start of the simulation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: list[tuple[int, LineFacts, LineFate]] = []
        self._deliveries: dict[str, _DeliveryStory] = {}
        self._pilot_sessions: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        self._open_sessions: dict[str, tuple[str, int]] = {}
        self._states: dict[str, list[tuple[int, str, str, bool]]] = {}
        self._errors: dict[str, _Error] = {}
        self._clearances: dict[tuple[str, str], list[int]] = defaultdict(list)

    # ------------------------------------------------------------ what the parts report

    def emitted(self, facts: LineFacts, fate: LineFate) -> None:
        """One event was logged now."""
        self._events.append((self._world.now, facts, fate))

    def requested(self, delivery_id: str, order_id: str, merchant_id: str) -> None:
        """A delivery was made now."""
        self._deliveries[delivery_id] = _DeliveryStory(order_id, merchant_id, self._world.now)

    def assigned(self, delivery_id: str, robot_id: str) -> None:
        """The robot took the delivery now; an earlier robot's window ends with it."""
        self._deliveries[delivery_id].assignments.append((self._world.now, robot_id))

    def unassigned(self, delivery_id: str, robot_id: str) -> None:
        """The robot was taken off the delivery now."""
        self._deliveries[delivery_id].unassignments.append((self._world.now, robot_id))

    def picked_up(self, delivery_id: str) -> None:
        """The goods are in the robot now."""
        self._deliveries[delivery_id].picked_up_at = self._world.now

    def ended(self, delivery_id: str, outcome: str, cause: str = "none") -> None:
        """The delivery ended now; only its first end counts."""
        story = self._deliveries[delivery_id]
        if story.ended_at is None:
            story.ended_at = self._world.now
            story.outcome = outcome
            story.cause = cause

    def returned(self, delivery_id: str) -> None:
        """The goods are back at the merchant now."""
        self._deliveries[delivery_id].returned_at = self._world.now

    def session_started(self, pilot_id: str, robot_id: str) -> None:
        """The pilot, who has no other session open, connected to the robot now."""
        self._open_sessions[pilot_id] = (robot_id, self._world.now)

    def session_ended(self, pilot_id: str) -> None:
        """The pilot left the robot now."""
        robot_id, started_at = self._open_sessions.pop(pilot_id)
        self._pilot_sessions[pilot_id].append((robot_id, started_at, self._world.now))

    def state_began(self, robot_id: str, state: str, reason: str, dispatchable: bool) -> None:
        """The robot is in `state` from now on; `reason` is none where there is none."""
        began = (self._world.now, state, reason, dispatchable)
        self._states.setdefault(robot_id, []).append(began)

    def failed(self, event_id: str, robot_id: str, component: str, code: str) -> None:
        """The robot logged an error that is a failure now."""
        self._errors[event_id] = _Error(event_id, robot_id, component, code, self._world.now)

    def cleared(self, event_id: str, robot_id: str, code: str) -> None:
        """The robot logged that the failure `event_id` is over now."""
        self._clearances[robot_id, code].append(self._world.now)
        self._errors[event_id].cleared_at = self._world.now

    # ------------------------------------------------------------ what follows from it

    def windows(self) -> list[Window]:
        """Every assignment window, by delivery and time."""
        return [
            window
            for delivery_id, story in self._deliveries.items()
            for window in story.windows(delivery_id)
        ]

    def memberships(self) -> Iterator[tuple[str, str, str]]:
        """(event_id, delivery_id, match_method) of every event that belongs to a delivery."""
        carried = _RobotWindows(self.windows())
        by_order: dict[str, list[str]] = defaultdict(list)
        by_merchant: dict[str, list[tuple[str, _DeliveryStory]]] = defaultdict(list)
        for delivery_id, story in self._deliveries.items():
            by_order[story.order_id].append(delivery_id)
            by_merchant[story.merchant_id].append((delivery_id, story))
        sessions = {pilot: list(spells) for pilot, spells in self._pilot_sessions.items()}
        for pilot_id, (robot_id, started_at) in self._open_sessions.items():
            sessions.setdefault(pilot_id, []).append((robot_id, started_at, FOREVER))

        for at, facts, _ in self._events:
            event_id = facts.event_id
            if facts.delivery_id is not None:
                yield event_id, facts.delivery_id, "delivery_id"
            elif facts.order_id is not None:
                for delivery_id in by_order.get(facts.order_id, ()):
                    yield event_id, delivery_id, "order_id"
            elif facts.robot_id is not None:
                for delivery_id in carried.at(facts.robot_id, at):
                    yield event_id, delivery_id, "robot_window"
            elif facts.pilot_id is not None:
                for robot_id, started_at, ended_at in sessions.get(facts.pilot_id, ()):
                    if started_at <= at < ended_at:
                        for delivery_id in carried.at(robot_id, at):
                            yield event_id, delivery_id, "pilot_session"
            elif facts.merchant_id is not None:
                for delivery_id, story in by_merchant.get(facts.merchant_id, ()):
                    end = story.picked_up_at or story.session_end or FOREVER
                    if story.requested_at <= at < end:
                        yield event_id, delivery_id, "merchant_window"

    def state_hours(self) -> Iterator[tuple[str, int, str, str, int, int]]:
        """(robot_id, hour start, state, reason, milliseconds, of which dispatchable).

        From the first state to the end.
        """
        for robot_id, changes in self._states.items():
            spent: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
            ends = [change[0] for change in changes[1:]] + [self._world.settings.end]
            for (began, state, reason, dispatchable), end in zip(changes, ends, strict=True):
                while began < end:
                    hour = began - began % HOUR
                    until = min(end, hour + HOUR)
                    spent[hour, state, reason][0] += until - began
                    spent[hour, state, reason][1] += (until - began) * dispatchable
                    began = until
            for (hour, state, reason), (milliseconds, dispatchable_ms) in spent.items():
                yield robot_id, hour, state, reason, milliseconds, dispatchable_ms

    def failures(self) -> list[Failure]:
        """Every failure episode: errors of one robot and component that overlap are one."""
        by_component: dict[tuple[str, str], list[_Error]] = defaultdict(list)
        for error in self._errors.values():
            by_component[error.robot_id, error.component].append(error)
        episodes: list[Failure] = []
        for (robot_id, component), errors in by_component.items():
            first, ended_at = errors[0], self._over_at(errors[0])
            for error in errors[1:]:
                if error.at >= ended_at:
                    episodes.append(Failure(robot_id, component, first.at, ended_at, first.code))
                    first, ended_at = error, self._over_at(error)
                else:
                    ended_at = max(ended_at, self._over_at(error))
            episodes.append(Failure(robot_id, component, first.at, ended_at, first.code))
        return episodes

    def _over_at(self, error: _Error) -> int:
        if error.cleared_at is not None:
            return error.cleared_at
        later = self._clearances[error.robot_id, error.code]
        following = bisect_right(later, error.at)
        quiet = error.at + QUIET_AFTER_ERROR
        return min(quiet, later[following]) if following < len(later) else quiet

    # ------------------------------------------------------------ files

    def write(self, folder: Path, lines: dict[str, int]) -> None:
        """Write every truth table to `folder`; `lines` are the counts of the transport."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "events": self._event_columns(),
            "memberships": self._membership_columns(),
            "assignments": self._assignment_columns(),
            "state_hours": self._state_hour_columns(),
            "failures": self._failure_columns(),
            "deliveries": self._delivery_columns(),
            "lines": {name: pa.array([count], pa.int64()) for name, count in lines.items()},
        }
        for name, columns in tables.items():
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")

    def _instants(self, values: list[int]) -> pa.Array:
        start = int(self._world.start_at.timestamp()) * 1_000
        return pa.array([start + value for value in values], INSTANT)

    def _event_columns(self) -> Columns:
        facts = [facts for _, facts, _ in self._events]
        fates = [fate for _, _, fate in self._events]
        return {
            "event_id": _texts(fact.event_id for fact in facts),
            "event_name": _texts(fact.event_name for fact in facts),
            "service": _texts(fact.service for fact in facts),
            "emitter_id": _texts(fact.emitter_id for fact in facts),
            "seq": pa.array([fact.seq for fact in facts], pa.int64()),
            "robot_id": _texts(fact.robot_id for fact in facts),
            "true_at": self._instants([at for at, _, _ in self._events]),
            "is_lost": pa.array([fate.lost for fate in fates], pa.bool_()),
            "is_malformed": pa.array([fate.malformed for fate in fates], pa.bool_()),
            "is_damaged": pa.array([fate.damaged for fate in fates], pa.bool_()),
            "is_duplicated": pa.array([fate.duplicated for fate in fates], pa.bool_()),
            "is_late": pa.array([fate.late for fate in fates], pa.bool_()),
            "is_silenced": pa.array([fate.silenced for fate in fates], pa.bool_()),
            "clock_offset_seconds": pa.array(
                [fate.clock_offset / 1_000 for fate in fates], pa.float64()
            ),
        }

    def _membership_columns(self) -> Columns:
        members = list(self.memberships())
        return {
            "event_id": _texts(member[0] for member in members),
            "delivery_id": _texts(member[1] for member in members),
            "match_method": _texts(member[2] for member in members),
        }

    def _assignment_columns(self) -> Columns:
        windows = self.windows()
        return {
            "delivery_id": _texts(window.delivery_id for window in windows),
            "robot_id": _texts(window.robot_id for window in windows),
            "assigned_at": self._instants([window.assigned_at for window in windows]),
            "released_at": self._instants([window.released_at for window in windows]),
        }

    def _state_hour_columns(self) -> Columns:
        hours = list(self.state_hours())
        return {
            "robot_id": _texts(row[0] for row in hours),
            "hour_at": self._instants([row[1] for row in hours]),
            "state": _texts(row[2] for row in hours),
            "reason": _texts(row[3] for row in hours),
            "duration_ms": pa.array([row[4] for row in hours], pa.int64()),
            "dispatchable_ms": pa.array([row[5] for row in hours], pa.int64()),
        }

    def _failure_columns(self) -> Columns:
        failures = self.failures()
        return {
            "robot_id": _texts(failure.robot_id for failure in failures),
            "component": _texts(failure.component for failure in failures),
            "started_at": self._instants([failure.started_at for failure in failures]),
            "ended_at": self._instants([failure.ended_at for failure in failures]),
            "first_error_code": _texts(failure.first_error_code for failure in failures),
        }

    def _delivery_columns(self) -> Columns:
        stories = self._deliveries.values()
        return {
            "delivery_id": _texts(self._deliveries),
            "order_id": _texts(story.order_id for story in stories),
            "outcome": _texts(story.outcome for story in stories),
            "cause": _texts(story.cause for story in stories),
            "robot_ids": pa.array(
                [list(dict.fromkeys(robot for _, robot in story.assignments)) for story in stories],
                pa.list_(pa.string()),
            ),
        }

    @property
    def outcomes(self) -> dict[str, int]:
        """Number of deliveries by outcome."""
        counts: dict[str, int] = defaultdict(int)
        for story in self._deliveries.values():
            counts[story.outcome] += 1
        return dict(counts)


def _texts(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


class _RobotWindows:
    """Finds the deliveries a robot carries at a time."""

    def __init__(self, windows: list[Window]) -> None:
        self._windows: dict[str, list[Window]] = defaultdict(list)
        for window in sorted(windows, key=lambda window: window.assigned_at):
            self._windows[window.robot_id].append(window)
        self._starts = {
            robot_id: [window.assigned_at for window in own]
            for robot_id, own in self._windows.items()
        }

    def at(self, robot_id: str, at: int) -> Iterator[str]:
        own = self._windows.get(robot_id, [])
        # No window is longer than a day, so older ones need no look.
        first = bisect_right(self._starts.get(robot_id, []), at - LONGEST_WINDOW)
        for window in own[first:]:
            if window.assigned_at > at:
                return
            if at < window.released_at:
                yield window.delivery_id
