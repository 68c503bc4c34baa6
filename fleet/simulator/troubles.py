"""What goes wrong between a robot and the landing folder, decided from the seed alone.

The shares are those of the usual troubles; `Settings.troubles` says how many times as much.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import msgspec

from fleet.registry import Event, Registry
from fleet.registry_constants import QuarantineReason
from fleet.simulator.world import DAY, HOUR, MINUTE, SECOND, World

# Shares of all lines. About one line in sixty meets some trouble of its own.
LOST = 0.002
MALFORMED = 0.001
DAMAGED = 0.0015
DUPLICATED = 0.008
DELAYED = 0.004
STALLED_BATCH = 0.001
NOT_AN_OBJECT = 0.0005
RETRIED_BATCH = 0.0001

SHARES_OF_LINES = (
    *("LOST", "MALFORMED", "DAMAGED", "DUPLICATED", "DELAYED", "STALLED_BATCH"),
    *("NOT_AN_OBJECT", "RETRIED_BATCH"),
)

# Shares of the fleet; at least one robot meets each of them.
SKEWED_ROBOTS = 0.08
SILENT_ROBOTS = 0.08
BUFFERING_ROBOTS = 0.10
STEPPED_ROBOTS = 0.05
OFFLINE_ROBOTS = 0.02

# Crashes of Vector, which answers a line up to half a second before it is safe on disk: nobody
# sends it again (vectordotdev/vector #22489).
CRASHES_PER_DAY = 0.1
UNSYNCED = 500

# Share of all emitters that say when they send a line, not only when they logged it.
STAMPS_SENDING = 0.5

FOREIGN_LINES = (b'"robot-agent started"', b"[1,2,3]", b"42", b"null", b"true")
BROKEN_TIMES = ("not a time", "2026-02-31T10:00:00.000Z", "")

DAMAGES = (
    QuarantineReason.MISSING_EVENT_ID,
    QuarantineReason.UNKNOWN_EVENT,
    QuarantineReason.BAD_TIMESTAMP,
    QuarantineReason.MISSING_REQUIRED,
    QuarantineReason.BAD_TYPE,
)


@dataclass(frozen=True)
class Spell:
    """A time in which nothing of the robot reaches us: for good, or until it is sent later."""

    began: int
    ended: int
    arrives_at: int | None

    @property
    def silent(self) -> bool:
        """Whether the robot's lines of the spell are lost for good."""
        return self.arrives_at is None


class Clock:
    """How far a clock is ahead: `offsets` from their instants on, and a drift all the time."""

    def __init__(self, offsets: list[tuple[int, int]], drift: float) -> None:
        self._since = [since for since, _ in offsets]
        self._offsets = [offset for _, offset in offsets]
        self._drift = drift

    def ahead(self, now: int) -> int:
        """Milliseconds by which it is ahead now (behind: negative)."""
        number = bisect_right(self._since, now) - 1
        return (self._offsets[number] if number >= 0 else 0) + round(self._drift * now)


class Troubles:
    """The troubles of one simulation. With `settings.clean` there are none."""

    def __init__(self, world: World, robot_ids: list[str]) -> None:
        self._clocks: dict[str, Clock] = {}
        self._spells: dict[str, list[Spell]] = {}
        # When the collector crashed, by time.
        self.crashes: list[int] = []
        self._level = world.settings.troubles
        if self._level > 0:
            self._plan(world, robot_ids)
            self._plan_rare(world, robot_ids)
            self._plan_crashes(world)

    def share(self, usual: float) -> float:
        """The share that meets a trouble which usually `usual` meet."""
        return min(usual * self._level, 1.0)

    def _plan(self, world: World, robot_ids: list[str]) -> None:
        chance = world.chance("troubles")
        shuffled = chance.sample(robot_ids, len(robot_ids))

        def some(share: float, first: int) -> list[str]:
            # Starting at another place of the list keeps the troubles of a small fleet apart.
            count = max(1, round(self.share(share) * len(shuffled)))
            turned = shuffled[first % len(shuffled) :] + shuffled[: first % len(shuffled)]
            return turned[:count]

        skewed = some(SKEWED_ROBOTS, 0)
        silent = some(SILENT_ROBOTS, len(skewed))
        buffering = some(BUFFERING_ROBOTS, len(skewed) + len(silent))
        for number, robot_id in enumerate(skewed):
            seconds = chance.uniform(20, 180) * (1 if number % 2 else -1)
            drift = chance.uniform(-80, 80) / 1e6
            self._clocks[robot_id] = Clock([(0, round(seconds * SECOND))], drift)
        for day in range(world.settings.days):
            for robot_id in silent:
                self._add_spell(chance, robot_id, day, chance.uniform(20, 90), None, world)
            for number, robot_id in enumerate(buffering):
                # The odd one out is found by its owner only the next day.
                wait = DAY if number == 0 and day + 1 < world.settings.days else 0
                self._add_spell(chance, robot_id, day, chance.uniform(10, 150), wait, world)

    def _plan_rare(self, world: World, robot_ids: list[str]) -> None:
        """Clocks that are set while the robot runs, and robots that are offline for a day."""
        chance = world.chance("troubles", "rare")

        def some(share: float, met: Container[str]) -> list[str]:
            spared = [robot_id for robot_id in robot_ids if robot_id not in met]
            count = max(1, round(self.share(share) * len(robot_ids)))
            return chance.sample(spared, min(count, len(spared)))

        for robot_id in some(STEPPED_ROBOTS, self._clocks):
            self._clocks[robot_id] = self._stepped(chance, world)
        for robot_id in some(OFFLINE_ROBOTS, self._spells):
            began = round(chance.uniform(0.5, 2) * HOUR)
            ended = min(began + DAY, world.settings.end - HOUR)
            self._spells[robot_id] = [Spell(began, ended, ended + 2 * SECOND)]

    def _plan_crashes(self, world: World) -> None:
        chance = world.chance("troubles", "collector")
        rate = CRASHES_PER_DAY * self._level / DAY
        at = chance.expovariate(rate)
        # What the services log in the last instant must come through.
        while at < world.settings.end - HOUR:
            self.crashes.append(round(at))
            at += chance.expovariate(rate)

    @staticmethod
    def _stepped(chance: random.Random, world: World) -> Clock:
        """A clock that a wrong time server sets, and a right one sets again, day by day."""
        steps = []
        for day in range(world.settings.days):
            wrong_at = day * DAY + round(chance.uniform(0.5, 4) * HOUR)
            right_at = wrong_at + round(chance.uniform(0.5, 3) * HOUR)
            seconds = chance.choice((-1, 1)) * chance.uniform(5, 90)
            steps += [(wrong_at, round(seconds * SECOND)), (right_at, 0)]
        return Clock(steps, chance.uniform(-10, 10) / 1e6)

    def _add_spell(
        self,
        chance: random.Random,
        robot_id: str,
        day: int,
        minutes: float,
        wait: int | None,
        world: World,
    ) -> None:
        # The first hours of a UTC day are the local evening: robots are busy then.
        began = day * DAY + round(chance.uniform(0.2, 4.5) * HOUR)
        ended = began + round(minutes * MINUTE)
        if ended >= world.settings.end:
            return
        arrives_at = None if wait is None else ended + wait + round(chance.uniform(1, 30) * SECOND)
        spells = self._spells.setdefault(robot_id, [])
        if all(
            spell.ended + HOUR / 2 < began or ended + HOUR / 2 < spell.began for spell in spells
        ):
            spells.append(Spell(began, ended, arrives_at))

    def crashed_upon(self, received_at: int) -> bool:
        """Whether the collector answered a line then and crashed before it was safe on disk."""
        number = bisect_left(self.crashes, received_at)
        return number < len(self.crashes) and self.crashes[number] - received_at < UNSYNCED

    def clock_offset(self, robot_id: str, now: int) -> int:
        """Milliseconds by which the robot's clock is ahead (behind: negative)."""
        clock = self._clocks.get(robot_id)
        return 0 if clock is None else clock.ahead(now)

    def spells(self, robot_id: str) -> list[Spell]:
        """The robot's spells, by time."""
        return sorted(self._spells.get(robot_id, []), key=lambda spell: spell.began)

    def spell(self, robot_id: str, now: int) -> Spell | None:
        """The spell the robot is in now, if any."""
        for spell in self._spells.get(robot_id, ()):
            if spell.began <= now < spell.ended:
                return spell
        return None


class Damager:
    """Breaks lines so that they stay valid JSON but no longer fit the registry."""

    def __init__(self, registry: Registry, chance: random.Random) -> None:
        self._events = {event.name: event for event in registry.events}
        self._chance = chance
        self._turn = 0

    def damage(self, line: bytes) -> tuple[QuarantineReason, bytes]:
        """The kind of damage done and the damaged line.

        Kinds take turns, so that even a short log has them all; a line that cannot be damaged
        in the way that is due takes the next one.
        """
        record: dict[str, Any] = msgspec.json.decode(line)
        event = self._events[record["evt"]["name"]]
        breakers: dict[QuarantineReason, Callable[[dict[str, Any], Event], bool]] = {
            QuarantineReason.MISSING_EVENT_ID: self._drop_event_id,
            QuarantineReason.UNKNOWN_EVENT: self._rename,
            QuarantineReason.BAD_TIMESTAMP: self._break_time,
            QuarantineReason.MISSING_REQUIRED: self._drop_required,
            QuarantineReason.BAD_TYPE: self._break_type,
        }
        while True:
            kind = DAMAGES[self._turn % len(DAMAGES)]
            self._turn += 1
            if breakers[kind](record, event):
                return kind, msgspec.json.encode(record)

    def _drop_event_id(self, record: dict[str, Any], event: Event) -> bool:
        del record["event_id"]
        return True

    def _rename(self, record: dict[str, Any], event: Event) -> bool:
        record["evt"]["name"] = event.name + "_twice"
        return True

    def _break_time(self, record: dict[str, Any], event: Event) -> bool:
        record["occurred_at"] = self._chance.choice(BROKEN_TIMES)
        return True

    def _drop_required(self, record: dict[str, Any], event: Event) -> bool:
        places = [(record, name) for name, need in event.ids.items() if need == "required"]
        places += [
            (record["data"], name)
            for name, field in event.fields.items()
            if field.requirement == "required"
        ]
        if not places:
            return False
        place, name = self._chance.choice(places)
        del place[name]
        return True

    def _break_type(self, record: dict[str, Any], event: Event) -> bool:
        data = record.get("data", {})
        names = [
            name
            for name, field in event.fields.items()
            if name in data and field.type in ("int", "number", "bool", "timestamp")
        ]
        if not names:
            return False
        data[self._chance.choice(names)] = "no such value"
        return True
