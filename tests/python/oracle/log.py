"""What the oracle reads: accepted events in order, the settings, and nothing of the models.

The oracle folds events into what docs/definitions.md says of them, one robot and one delivery at a
time, without SQL. It was written from that page alone: it must stay so, or it proves nothing. Times
are integers, milliseconds since 1970.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry

ROOT = find_project_dir()
REGISTRY = load_registry(ROOT)
STATES = {state.name: state for state in REGISTRY.robot_states}
VARS: Mapping[str, Any] = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]

# Lines of one millisecond are in the order of emitter, seq and id; those without come last.
LAST = chr(sys.maxunicode)
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
DAY = 24 * HOUR
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
    """An accepted event: its name, time and id, and all else that its line says under `say`."""

    at: int
    emitter: str
    seq: int
    id: str
    name: str
    say: Mapping[str, Any] = field(compare=False)

    def __getitem__(self, column: str) -> Any:
        return self.say.get(column)


@dataclass
class Log:
    """All events of a log in order, and those that name a robot, a delivery or an order."""

    events: list[Event]
    by: dict[str, dict[str, list[Event]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in ("robot_id", "delivery_id", "order_id"):
            named: dict[str, list[Event]] = {}
            for event in self.events:
                if event[kind] is not None:
                    named.setdefault(event[kind], []).append(event)
            self.by[kind] = named

    @property
    def end(self) -> int:
        """The end of the log is its last event, of whatever service."""
        return self.events[-1].at


def read(rows: Iterable[Mapping[str, Any]]) -> Log:
    """Events from rows of the staging models of the streams."""
    events = [
        Event(
            milliseconds(row["event_at"]),
            row["emitter_id"] or LAST,
            row["seq"] or sys.maxsize,
            row["event_id"],
            row["event_name"],
            {name: value for name, value in row.items() if value is not None},
        )
        for row in rows
    ]
    return Log(sorted(events))


def milliseconds(at: datetime) -> int:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round(at.timestamp() * 1000)
