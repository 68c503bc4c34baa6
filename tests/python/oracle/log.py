"""What the oracle reads: accepted events in order, the settings, and nothing of the models.

The oracle folds events into what docs/definitions.md and docs/marts.md say of them, one robot and
one delivery at a time, without SQL. It was written from these pages alone, and must stay so, or it
proves nothing. Times are integers, milliseconds since 1970.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import yaml

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry

REGISTRY = load_registry(find_project_dir())
STATES = {state.name: state for state in REGISTRY.robot_states}
PROJECT = (find_project_dir() / "dbt_project.yml").read_text("utf-8")
VARS: Mapping[str, Any] = yaml.safe_load(PROJECT)["vars"]

# Lines of one millisecond are in the order of emitter, seq and id; those without come last.
LAST = chr(sys.maxunicode)
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
SILENCE = VARS["silence_timeout_minutes"] * MINUTE
QUIET = VARS["episode_quiet_minutes"] * MINUTE
TAIL = VARS["session_tail_minutes"] * MINUTE
LONGEST_WINDOW = VARS["max_session_hours"] * HOUR
UNKNOWN_AFTER = VARS["unknown_after_hours"] * HOUR
CLOCK_THRESHOLD = VARS["clock_offset_threshold_seconds"] * SECOND
CLOCK_AHEAD = VARS["clock_ahead_tolerance_seconds"] * SECOND
ROBOT_SERVICE = VARS["robot_service"]


@dataclass(frozen=True, order=True)
class Event:
    """An accepted event: its time, place in the order and name, and all else that it says."""

    at: int
    emitter: str
    seq: int
    id: str
    name: str
    say: Mapping[str, Any] = field(compare=False)

    def __getitem__(self, column: str) -> Any:
        return self.say.get(column)

    @property
    def is_sign_of_life(self) -> bool:
        return REGISTRY.by_name[self.name].roles.sign_of_life

    @property
    def ends_delivery(self) -> str | None:
        """The outcome that it means, unless the delivery is tried again."""
        outcome = REGISTRY.by_name[self.name].roles.ends_delivery
        return None if self["disposition"] == "retry" else outcome


@dataclass
class Log:
    """All events of a log in order; it ends with the last one, of whatever service."""

    events: list[Event]

    @cached_property
    def by(self) -> dict[str, dict[str, list[Event]]]:
        """Events by the robot, the delivery and the order that they name."""
        kinds = ("robot_id", "delivery_id", "order_id")
        found: dict[str, dict[str, list[Event]]] = {kind: defaultdict(list) for kind in kinds}
        for event in self.events:
            for kind in kinds:
                if event[kind] is not None:
                    found[kind][event[kind]].append(event)
        return found

    @property
    def end(self) -> int:
        return self.events[-1].at


def read(rows: Iterable[Mapping[str, Any]]) -> Log:
    """Events from rows of the staging models of the streams."""
    events = []
    for row in rows:
        say = {name: value for name, value in row.items() if value is not None}
        place = say.get("emitter_id", LAST), say.get("seq", sys.maxsize), say["event_id"]
        events.append(Event(milliseconds(say["event_at"]), *place, say["event_name"], say))
    return Log(sorted(events))


def milliseconds(at: datetime) -> int:
    return round((at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp() * 1000)
