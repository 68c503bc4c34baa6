"""The event registry: the YAML files of `registry/`, read and checked."""

from fleet.registry.loader import (
    RegistryError,
    load_registry,
)
from fleet.registry.schema import (
    DowntimeReason,
    Event,
    EventField,
    IdKind,
    Registry,
    RobotState,
)

__all__ = [
    "DowntimeReason",
    "Event",
    "EventField",
    "IdKind",
    "Registry",
    "RegistryError",
    "RobotState",
    "load_registry",
]
