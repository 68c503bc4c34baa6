"""What really happened, kept by the simulation itself and written as parquet.

Each part of the simulation reports what it physically does: a robot takes a delivery or lets go of
it, breaks down or works again, a state begins. The recorder writes that down and notes, with each
event that is logged, what its robot had in hands at that instant. It knows no rule, variable or
threshold of the models, so it can judge them: a rule that is wrong there is not wrong here as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from fleet.simulator.world import HOUR, MINUTE, World

# What a robot does so shortly after a delivery, before it takes another one, may be counted to the
# delivery or not.
AFTERWARDS = 15 * MINUTE

INSTANT = pa.timestamp("ms", tz="UTC")
# Of one file, by name and in order.
Columns = dict[str, pa.Array]

Outcome = Literal["open", "completed", "failed", "cancelled"]
Relation = Literal["about", "beside", "afterwards"]
"""How an event and a delivery go together.

It is about it; or beside it: about something else while the robot has the delivery too, or of the
very millisecond in which the robot lost it; or the robot was done with the delivery shortly before.
"""


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
    """What became of one emitted line on its way; times in milliseconds."""

    lost: bool = False
    malformed: bool = False
    damaged: bool = False
    duplicated: bool = False
    late: bool = False
    silenced: bool = False
    clock_offset: int = 0


@dataclass(frozen=True)
class Work:
    """A robot's work on a delivery, from when it took it until it let go of it."""

    delivery_id: str
    robot_id: str
    began_at: int
    ended_at: int


@dataclass(frozen=True)
class Outage:
    """A time in which a robot was out of order; the events are those that tell of it."""

    robot_id: str
    cause: str
    state_before: str
    began_at: int
    ended_at: int
    event_ids: tuple[str, ...]


@dataclass
class _Delivery:
    merchant_id: str
    order_ids: list[str]
    robot_ids: list[str] = field(default_factory=list)
    outcome: Outcome = "open"
    cause: str = "none"
    robot_id: str | None = None
    ended_at: int | None = None
    tries: int = 1
    typed: bool = False


@dataclass(frozen=True)
class _Logged:
    """An event, with the deliveries that its robot had, or was just done with, at that instant."""

    at: int
    facts: LineFacts
    fate: LineFate
    held: tuple[str, ...]
    done: tuple[str, ...]


@dataclass
class _OpenOutage:
    cause: str
    state_before: str
    began_at: int
    event_ids: list[str] = field(default_factory=list)


class Truth:
    """The recorder. All times it is given are milliseconds since the start of the simulation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: list[_Logged] = []
        self._deliveries: dict[str, _Delivery] = {}
        self._by_order: dict[str, list[str]] = defaultdict(list)
        # By merchant: deliveries whose goods are still to be fetched.
        self._unfetched: dict[str, list[str]] = defaultdict(list)
        # By robot: what it has, since when, and what it let go of and when.
        self._held: dict[str, dict[str, int]] = defaultdict(dict)
        self._done: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._work: list[Work] = []
        self._robot_of_pilot: dict[str, str] = {}
        self._states: dict[str, list[tuple[int, str, str, bool]]] = defaultdict(list)
        self._outages: list[Outage] = []
        self._open_outages: dict[str, _OpenOutage] = {}

    # ------------------------------------------------------------ what the parts report

    def emitted(self, facts: LineFacts, fate: LineFate) -> None:
        """One event was logged now."""
        held, done = self._at_hand(facts)
        self._events.append(_Logged(self._world.now, facts, fate, held, done))

    def requested(self, delivery_id: str, order_id: str, merchant_id: str) -> None:
        """A delivery was made for the order now."""
        self._deliveries[delivery_id] = _Delivery(merchant_id, [order_id])
        self._by_order[order_id].append(delivery_id)
        self._unfetched[merchant_id].append(delivery_id)

    def pooled(self, delivery_id: str, order_id: str) -> None:
        """The delivery carries the order as well from now on."""
        self._deliveries[delivery_id].order_ids.append(order_id)
        self._by_order[order_id].append(delivery_id)

    def took(self, robot_id: str, delivery_id: str) -> None:
        """The robot has the delivery from now on, now or next."""
        self._held[robot_id][delivery_id] = self._world.now
        self._done.pop(robot_id, None)
        delivery = self._deliveries[delivery_id]
        if robot_id not in delivery.robot_ids:
            delivery.robot_ids.append(robot_id)

    def let_go(self, robot_id: str, delivery_id: str, is_done: bool) -> None:
        """The robot no longer has the delivery; `is_done` where nobody took it off the robot."""
        began_at = self._held[robot_id].pop(delivery_id)
        self._work.append(Work(delivery_id, robot_id, began_at, self._world.now))
        if is_done:
            self._done[robot_id].append((self._world.now, delivery_id))

    def picked_up(self, delivery_id: str) -> None:
        """The goods are in the robot now."""
        self._fetched(delivery_id)

    def ended(
        self, delivery_id: str, outcome: Outcome, cause: str, robot_id: str | None = None
    ) -> None:
        """The delivery ended now, with the robot; what happens to it later may undo that."""
        delivery = self._deliveries[delivery_id]
        delivery.outcome, delivery.cause, delivery.robot_id = outcome, cause, robot_id
        delivery.ended_at = self._world.now
        self._fetched(delivery_id)

    def tried_again(self, delivery_id: str) -> None:
        """The delivery is under way once more."""
        delivery = self._deliveries[delivery_id]
        delivery.outcome, delivery.cause, delivery.robot_id = "open", "none", None
        delivery.ended_at = None
        delivery.tries += 1
        self._unfetched[delivery.merchant_id].append(delivery_id)

    def typed(self, delivery_id: str) -> None:
        """A person typed a reason for the delivery's end that is not the real one."""
        self._deliveries[delivery_id].typed = True

    def session_started(self, pilot_id: str, robot_id: str) -> None:
        """The pilot, who has no other session open, connected to the robot now."""
        self._robot_of_pilot[pilot_id] = robot_id

    def session_ended(self, pilot_id: str) -> None:
        """The pilot left the robot now."""
        del self._robot_of_pilot[pilot_id]

    def state_began(self, robot_id: str, state: str, reason: str, dispatchable: bool) -> None:
        """The robot is in `state` from now on; `reason` is none where there is none."""
        self._states[robot_id].append((self._world.now, state, reason, dispatchable))

    def broke(self, robot_id: str, cause: str) -> None:
        """The robot is out of order from now on."""
        states = self._states[robot_id]
        self._open_outages[robot_id] = _OpenOutage(
            cause, states[-1][1] if states else "none", self._world.now
        )

    def told(self, robot_id: str, event_id: str) -> None:
        """The event tells that the robot is out of order."""
        if robot_id in self._open_outages:
            self._open_outages[robot_id].event_ids.append(event_id)

    def works_again(self, robot_id: str) -> None:
        """The robot is in order from now on."""
        outage = self._open_outages.pop(robot_id)
        self._outages.append(self._outage(robot_id, outage))

    # ------------------------------------------------------------ what follows from it

    def _at_hand(self, facts: LineFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What the event's robot has and has just done, or what its merchant waits with."""
        robot_id = facts.robot_id
        if robot_id is None and facts.pilot_id is not None:
            robot_id = self._robot_of_pilot.get(facts.pilot_id)
        if robot_id is not None:
            return tuple(self._held[robot_id]), self._just_done(robot_id)
        if facts.pilot_id is None and facts.merchant_id is not None:
            return tuple(self._unfetched[facts.merchant_id]), ()
        return (), ()

    def _just_done(self, robot_id: str) -> tuple[str, ...]:
        done = self._done.get(robot_id)
        if not done:
            return ()
        since = self._world.now - AFTERWARDS
        return tuple(delivery_id for at, delivery_id in done if at >= since)

    def _fetched(self, delivery_id: str) -> None:
        unfetched = self._unfetched[self._deliveries[delivery_id].merchant_id]
        if delivery_id in unfetched:
            unfetched.remove(delivery_id)

    def _outage(self, robot_id: str, outage: _OpenOutage, ended_at: int | None = None) -> Outage:
        return Outage(
            robot_id,
            outage.cause,
            outage.state_before,
            outage.began_at,
            self._world.now if ended_at is None else ended_at,
            tuple(outage.event_ids),
        )

    def work(self) -> list[Work]:
        """What robots worked on, what they still have included, by delivery and time."""
        still = [
            Work(delivery_id, robot_id, began_at, self._world.settings.end)
            for robot_id, held in self._held.items()
            for delivery_id, began_at in held.items()
        ]
        order = {delivery_id: number for number, delivery_id in enumerate(self._deliveries)}
        return sorted(self._work + still, key=lambda work: (order[work.delivery_id], work.began_at))

    def memberships(self) -> Iterator[tuple[str, str, Relation]]:
        """(event_id, delivery_id, relation) of every event and delivery that go together."""
        lost = {(work.delivery_id, work.ended_at) for work in self._work}
        for event in self._events:
            event_id = event.facts.event_id
            is_named = event.facts.delivery_id is not None or event.facts.order_id is not None
            about = self._about(event)
            for delivery_id in about:
                is_lost = not is_named and (delivery_id, event.at) in lost
                yield event_id, delivery_id, "beside" if is_lost else "about"
            for delivery_id in event.held:
                if delivery_id not in about and event.facts.robot_id is not None:
                    yield event_id, delivery_id, "beside"
            for delivery_id in event.done:
                if delivery_id not in about:
                    yield event_id, delivery_id, "afterwards"

    def _about(self, event: _Logged) -> list[str]:
        """The deliveries an event is about: what it says, else what was at hand."""
        if event.facts.delivery_id is not None:
            return [event.facts.delivery_id]
        if event.facts.order_id is not None:
            return self._by_order.get(event.facts.order_id, [])
        return list(event.held)

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

    def outages(self) -> list[Outage]:
        """Every time a robot was out of order, those that have not ended included."""
        still = [
            self._outage(robot_id, outage, self._world.settings.end)
            for robot_id, outage in self._open_outages.items()
        ]
        return self._outages + still

    # ------------------------------------------------------------ files

    def write(self, folder: Path, lines: dict[str, int]) -> None:
        """Write every truth table to `folder`; `lines` are the counts of the transport."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "events": self._event_columns(),
            "memberships": self._membership_columns(),
            "work": self._work_columns(),
            "state_hours": self._state_hour_columns(),
            "outages": self._outage_columns(),
            "deliveries": self._delivery_columns(),
            "lines": {name: pa.array([count], pa.int64()) for name, count in lines.items()},
        }
        for name, columns in tables.items():
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")

    def _instants(self, values: Iterable[int | None]) -> pa.Array:
        start = int(self._world.start_at.timestamp()) * 1_000
        return pa.array([None if value is None else start + value for value in values], INSTANT)

    def _event_columns(self) -> Columns:
        facts = [event.facts for event in self._events]
        fates = [event.fate for event in self._events]
        return {
            "event_id": _texts(fact.event_id for fact in facts),
            "event_name": _texts(fact.event_name for fact in facts),
            "service": _texts(fact.service for fact in facts),
            "emitter_id": _texts(fact.emitter_id for fact in facts),
            "seq": pa.array([fact.seq for fact in facts], pa.int64()),
            "order_id": _texts(fact.order_id for fact in facts),
            "delivery_id": _texts(fact.delivery_id for fact in facts),
            "robot_id": _texts(fact.robot_id for fact in facts),
            "pilot_id": _texts(fact.pilot_id for fact in facts),
            "true_at": self._instants(event.at for event in self._events),
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
            "relation": _texts(member[2] for member in members),
        }

    def _work_columns(self) -> Columns:
        work = self.work()
        return {
            "delivery_id": _texts(part.delivery_id for part in work),
            "robot_id": _texts(part.robot_id for part in work),
            "began_at": self._instants(part.began_at for part in work),
            "ended_at": self._instants(part.ended_at for part in work),
        }

    def _state_hour_columns(self) -> Columns:
        hours = list(self.state_hours())
        return {
            "robot_id": _texts(row[0] for row in hours),
            "hour_at": self._instants(row[1] for row in hours),
            "state": _texts(row[2] for row in hours),
            "reason": _texts(row[3] for row in hours),
            "duration_ms": pa.array([row[4] for row in hours], pa.int64()),
            "dispatchable_ms": pa.array([row[5] for row in hours], pa.int64()),
        }

    def _outage_columns(self) -> Columns:
        outages = self.outages()
        return {
            "robot_id": _texts(outage.robot_id for outage in outages),
            "cause": _texts(outage.cause for outage in outages),
            "state_before": _texts(outage.state_before for outage in outages),
            "began_at": self._instants(outage.began_at for outage in outages),
            "ended_at": self._instants(outage.ended_at for outage in outages),
            "event_ids": pa.array(
                [list(outage.event_ids) for outage in outages], pa.list_(pa.string())
            ),
        }

    def _delivery_columns(self) -> Columns:
        deliveries = self._deliveries.values()
        return {
            "delivery_id": _texts(self._deliveries),
            "order_ids": pa.array(
                [delivery.order_ids for delivery in deliveries], pa.list_(pa.string())
            ),
            "outcome": _texts(delivery.outcome for delivery in deliveries),
            "cause": _texts(delivery.cause for delivery in deliveries),
            # Its end, not that of a return; null while it is open.
            "ended_at": self._instants(delivery.ended_at for delivery in deliveries),
            # The robot it ended with, and all that ever had it.
            "robot_id": _texts(delivery.robot_id for delivery in deliveries),
            "robot_ids": pa.array(
                [delivery.robot_ids for delivery in deliveries], pa.list_(pa.string())
            ),
            "tries": pa.array([delivery.tries for delivery in deliveries], pa.int64()),
            "has_typed_reason": pa.array([delivery.typed for delivery in deliveries], pa.bool_()),
        }

    @property
    def outcomes(self) -> dict[str, int]:
        """Number of deliveries by outcome."""
        counts: dict[str, int] = defaultdict(int)
        for delivery in self._deliveries.values():
            counts[delivery.outcome] += 1
        return dict(counts)


def _texts(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())
