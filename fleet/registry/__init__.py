"""The event registry: the YAML files of `registry/`, read and checked."""

from fleet.registry.loader import (
    ProjectNotFoundError,
    RegistryError,
    find_project_dir,
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
    "ProjectNotFoundError",
    "Registry",
    "RegistryError",
    "RobotState",
    "find_project_dir",
    "load_registry",
]
