"""What every peer has to know: the registry as plain values, and the names of what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fleet.registry import load_registry

ROOT = Path(__file__).parents[2]

OUTPUTS = {
    "quarantine": "reason, line_count",
    "matches": "event_id, delivery_id, match_method",
    "sessions": "delivery_id, outcome, started_ms, last_event_ms, event_count",
    "supply_hours": "robot_id, hour_ms, state, duration_ms",
    "mtbf": "robot_id, month, operating_ms, error_count",
}
"""Columns of each table that a peer writes, as NAME.parquet.

Times are milliseconds since 1970, `month` is a text such as 2026-11.
"""

EARLIEST_MS = 1_577_836_800_000
CLOCK_AHEAD_MS = 5_000
TAIL_MS = 5 * 60_000
MOST_SESSION_MS = 24 * 3_600_000
SILENCE_MS = 5 * 60_000
"""The project's vars, as dbt_project.yml has them; EARLIEST_MS is the start of 2020."""


@dataclass(frozen=True)
class Rules:
    """The registry, as far as the outputs need it."""

    names: list[str]
    """Of all events."""
    names_with: dict[str, list[str]]
    """The events that must have an id, by the id."""
    ends_delivery: dict[str, str]
    """The outcome that an event brings."""
    pickup_completed: str
    signs_of_life: list[str]
    heartbeat_states: list[str]
    """States in which a robot that is not heard is silent."""
    operating_states: list[str]


def load_rules() -> Rules:
    registry = load_registry(ROOT)
    return Rules(
        names=[event.name for event in registry.events],
        names_with={
            name: names
            for name in registry.ids
            if (names := [e.name for e in registry.events if e.ids.get(name) == "required"])
        },
        ends_delivery={
            event.name: event.roles.ends_delivery
            for event in registry.events
            if event.roles.ends_delivery
        },
        pickup_completed=registry.step_events["pickup_completed"].name,
        signs_of_life=[event.name for event in registry.events if event.roles.sign_of_life],
        heartbeat_states=[state.name for state in registry.robot_states if state.expects_heartbeat],
        operating_states=[state.name for state in registry.robot_states if state.operating],
    )
