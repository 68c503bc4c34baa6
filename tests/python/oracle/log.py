"""What the oracle reads: accepted events in order, the settings, and nothing of the models.

The oracle folds events into what docs/definitions.md and docs/marts.md say of them, one robot and
one delivery at a time, without SQL. It was written from these pages alone, and must stay so, or it
proves nothing. Times and lengths of time are integers, milliseconds; times since 1970.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry

REGISTRY = load_registry(find_project_dir())
SIGNS_OF_LIFE = {event.name for event in REGISTRY.events if event.roles.sign_of_life}
STATES = {state.name: state for state in REGISTRY.robot_states}
VARS = yaml.safe_load((find_project_dir() / "dbt_project.yml").read_text("utf-8"))["vars"]
HOUR, DAY = 3_600_000, 86_400_000
UNITS = {"seconds": 1000, "minutes": 60_000, "hours": HOUR}
IDS = ("robot_id", "delivery_id", "order_id")
# Lines of one millisecond are in the order of emitter, seq and id; those without come last.
LAST, NEVER = chr(sys.maxunicode), sys.maxsize


def setting(name: str) -> int:
    """A var of the project that is a length of time."""
    return int(VARS[name] * UNITS[name.rsplit("_", 1)[1]])


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
    def ends_delivery(self) -> str | None:
        """The outcome that it means, unless the delivery is tried again."""
        outcome = REGISTRY.by_name[self.name].roles.ends_delivery
        return None if self["disposition"] == "retry" else outcome


class Log:
    """Events in order, also by the ids that they name; the log ends with its last event."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = sorted(events)
        self.end = self.events[-1].at
        self.by: dict[str, dict[str, list[Event]]] = {kind: defaultdict(list) for kind in IDS}
        for event in self.events:
            for kind, found in self.by.items():
                if event[kind]:
                    found[event[kind]].append(event)


def named(events: Iterable[Event], *names: str) -> list[Event]:
    return [event for event in events if event.name in names]


def read(rows: Iterable[Mapping[str, Any]]) -> Log:
    """Events from rows of the staging models of the streams."""
    events = []
    for row in rows:
        say = {name: value for name, value in row.items() if value is not None}
        place = say.get("emitter_id", LAST), say.get("seq", NEVER), say["event_id"]
        events.append(Event(milliseconds(say["event_at"]), *place, say["event_name"], say))
    return Log(events)


def milliseconds(at: datetime) -> int:
    return round((at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp() * 1000)
