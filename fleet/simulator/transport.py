"""From emitted lines to event files, as Vector writes them, troubles included."""

import gzip
import hashlib
import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fleet.registry import Registry
from fleet.simulator import troubles as trouble
from fleet.simulator.troubles import DAMAGES, Damager, Spell, Troubles
from fleet.simulator.truth import LineFacts, LineFate
from fleet.simulator.world import HOUR, MINUTE, SECOND, World

BATCH = 15 * MINUTE
BATCH_LINES = 50_000
LATE = 5 * MINUTE

Write = Callable[[str, bytes, datetime], None]
"""Writes one event file, by its name below events/v1 and the simulated time at which it is written.

Whole or not at all; raises OSError."""


def into_folder(folder: Path) -> Write:
    """Write event files into a folder."""

    def write(name: str, content: bytes, at: datetime) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        os.utime(unfinished, (at.timestamp(), at.timestamp()))
        unfinished.replace(path)

    return write


@dataclass(frozen=True)
class _Sender:
    """Of the line under way: its robot, if one sent it, and whether it says when."""

    robot_id: str | None = None
    says_when: bool = False


class Transport:
    """Decides the fate of each line and writes an event file for each `batch` milliseconds."""

    def __init__(
        self,
        world: World,
        registry: Registry,
        troubles: Troubles,
        land: Write,
        batch: int = BATCH,
    ) -> None:
        self._world = world
        self._batch = batch
        self._troubles = troubles
        self._land = land
        self._shares = {
            name: troubles.share(getattr(trouble, name)) for name in trouble.SHARES_OF_LINES
        }
        self._delays = world.chance("transport", "delays")
        self._chance = world.chance("transport", "troubles")
        self._damager = Damager(registry, world.chance("transport", "damage"))
        self._batches: dict[int, list[tuple[int, int, bytes]]] = defaultdict(list)
        self._number = 0
        self._sender = _Sender()
        self._stalls: dict[str, int] = {}
        self._retried_lines = 0
        self._malformed_turn = 0
        self._counts: Counter[str] = Counter()
        self.file_count = 0

    def carry(
        self, line: bytes, facts: LineFacts, is_robot: bool, is_last: bool, says_when: bool
    ) -> LineFate:
        """Send one line that is emitted now; `is_last` lines arrive whatever happens.

        `says_when`: the emitter stamps each line with its clock at each attempt to send it.
        """
        now = self._world.now
        self._counts["emitted"] += 1
        # A robot's line takes longer than a service's: this alone puts lines out of order.
        wait = self._delays.expovariate(1 / 600) if is_robot else 0.0
        way = (81 if is_robot else 21) + self._delays.expovariate(1 / 150)
        sent_at, received_at = now + round(wait), now + round(wait + way)
        self._sender = _Sender(facts.robot_id if is_robot else None, says_when)
        if self._world.settings.troubles == 0 or is_last:
            self._put(sent_at, received_at, line)
            self._counts["accepted"] += 1
            return LineFate()

        offset = self._troubles.clock_offset(facts.robot_id or "", now) if is_robot else 0
        spell = self._troubles.spell(facts.robot_id or "", now) if is_robot else None
        if spell is not None and spell.silent:
            self._counts["silenced"] += 1
            return LineFate(silenced=True, clock_offset=offset)
        if self._happens("LOST"):
            return self._lost(offset)
        sent_at, received_at = self._delayed(sent_at, received_at, spell)
        return self._deliver(line, sent_at, received_at, offset)

    def _happens(self, what: str) -> bool:
        return self._chance.random() < self._shares[what]

    def _delayed(self, sent_at: int, received_at: int, spell: Spell | None) -> tuple[int, int]:
        way = received_at - sent_at
        if spell is not None and spell.arrives_at is not None:
            # A robot sends what it kept quickly, but not in order.
            sent_at = spell.arrives_at + round(self._chance.uniform(0, 20) * SECOND)
            return sent_at, sent_at + way
        stalled_until = self._stalled_until(sent_at)
        if stalled_until is not None:
            sent_at = stalled_until + round(self._chance.uniform(0, 200))
            return sent_at, sent_at + way
        if self._happens("DELAYED"):
            stalled = round(self._chance.uniform(2, 240) * SECOND)
            # It waits where it was logged, or on its way.
            in_queue = stalled if self._chance.random() < 0.5 else 0
            return sent_at + in_queue, received_at + stalled
        return sent_at, received_at

    def _stalled_until(self, sent_at: int) -> int | None:
        """When a batch of the robot goes out that is stuck now; a line may be the first of one."""
        robot_id = self._sender.robot_id
        if robot_id is None:
            return None
        if self._happens("STALLED_BATCH"):
            self._stalls[robot_id] = sent_at + round(self._chance.uniform(10, 30) * SECOND)
        until = self._stalls.get(robot_id, 0)
        return until if until > sent_at else None

    def _deliver(self, line: bytes, sent_at: int, received_at: int, offset: int) -> LineFate:
        chance = self._chance
        malformed = self._shares["MALFORMED"]
        late = received_at - self._world.now > LATE
        if self._happens("NOT_AN_OBJECT"):
            foreign = chance.choice(trouble.FOREIGN_LINES)
            self._counts["not_an_object"] += self._write(received_at, foreign)
        draw = chance.random()
        if draw < malformed:
            if not self._write(received_at, self._mangled(line)):
                return self._lost(offset)
            self._counts["malformed"] += 1
            return LineFate(malformed=True, late=late, clock_offset=offset)
        if draw < malformed + self._shares["DAMAGED"]:
            kind, damaged = self._damager.damage(line)
            if not self._put(sent_at, received_at, damaged):
                return self._lost(offset)
            self._counts[kind] += 1
            return LineFate(damaged=True, late=late, clock_offset=offset)

        arrivals = [received_at] if self._put(sent_at, received_at, line) else []
        if self._happens("RETRIED_BATCH"):
            self._retried_lines = chance.randint(30, 80)
        again = self._retried_lines > 0 or self._happens("DUPLICATED")
        if again:
            # A batch whose acknowledgement is lost is sent again as a whole, later.
            later = 10 * MINUTE if self._retried_lines > 0 else chance.expovariate(1 / HOUR)
            self._retried_lines = max(0, self._retried_lines - 1)
            wait_again = 1 + round(later)
            if self._put(sent_at + wait_again, received_at + wait_again, line):
                arrivals.append(received_at + wait_again)
        if not arrivals:
            return self._lost(offset)
        late = arrivals[0] - self._world.now > LATE
        self._counts["accepted"] += 1
        self._counts["late"] += late
        self._counts["duplicate"] += len(arrivals) - 1
        return LineFate(duplicated=len(arrivals) > 1, late=late, clock_offset=offset)

    def _lost(self, offset: int) -> LineFate:
        self._counts["lost"] += 1
        return LineFate(lost=True, clock_offset=offset)

    def _mangled(self, line: bytes) -> bytes:
        self._malformed_turn += 1
        if self._malformed_turn % 3 == 0:
            noise = self._chance.randbytes(self._chance.randint(20, 200))
            return b"\xff" + noise.replace(b"\n", b"?")
        return line[: self._chance.randint(len(line) // 5, len(line) - 2)]

    def _put(self, sent_at: int, received_at: int, line: bytes) -> bool:
        if self._sender.says_when:
            line = self._stamped(sent_at, line)
        stamp = self._world.timestamp(received_at).encode()
        return self._write(received_at, line[:-1] + b',"received_at":"' + stamp + b'"}')

    def _stamped(self, sent_at: int, line: bytes) -> bytes:
        """The line with the emitter's clock at `sent_at`, after the time it was logged."""
        key = b'"occurred_at":"'
        place = line.index(b'",', line.index(key) + len(key)) + 2
        robot_id = self._sender.robot_id
        ahead = 0 if robot_id is None else self._troubles.clock_offset(robot_id, sent_at)
        stamp = self._world.timestamp(sent_at + ahead).encode()
        return line[:place] + b'"sent_at":"' + stamp + b'",' + line[place:]

    def _write(self, received_at: int, line: bytes) -> bool:
        """False: the collector answered, and lost it in a crash."""
        if self._troubles.crashed_upon(received_at):
            return False
        self._number += 1
        self._counts["written"] += 1
        self._batches[received_at - received_at % self._batch].append(
            (received_at, self._number, line)
        )
        return True

    def flush(self, before: int | None = None) -> None:
        """Write the files of all batches that ended by `before` (None: all of them)."""
        for began in sorted(self._batches):
            if before is None or began + self._batch <= before:
                lines = sorted(self._batches.pop(began))
                for first in range(0, len(lines), BATCH_LINES):
                    self._write_file(lines[first : first + BATCH_LINES], began + self._batch)

    def _write_file(self, lines: list[tuple[int, int, bytes]], at: int) -> None:
        body = b"".join(line + b"\n" for _, _, line in lines)
        received_at = self._world.instant(lines[0][0])
        # Named by content: the same lines make the same name, other lines never reuse one.
        digest = uuid.UUID(bytes=hashlib.sha256(body).digest()[:16], version=4)
        name = f"{received_at:date=%Y-%m-%d/hour=%H/%Y%m%dT%H%M%SZ}-{digest}.ndjson.gz"
        content = gzip.compress(body, compresslevel=6, mtime=0)
        self._land(name, content, self._world.instant(at))
        self.file_count += 1

    @property
    def line_counts(self) -> dict[str, int]:
        """Lines by what became of them.

        The written ones are the sum of accepted, duplicate, malformed, not_an_object and the
        kinds of damage; late ones are among the accepted.
        """
        ways = ("emitted", "lost", "silenced", "written", "accepted", "duplicate", "late")
        kinds = (*ways, "malformed", "not_an_object", *DAMAGES)
        return {f"{kind}_lines": self._counts[kind] for kind in kinds}
