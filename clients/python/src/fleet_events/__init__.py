"""Typed business events of a delivery-robot fleet, one JSON line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleet_events.context import bind_context
    from fleet_events.events import Events
    from fleet_events.handler import EventLogHandler
    from fleet_events.logger import EventLogger, EventRejected, get_logger

__all__ = [
    "EventLogHandler",
    "EventLogger",
    "EventRejected",
    "Events",
    "bind_context",
    "get_logger",
]

_MODULES = {
    "EventLogHandler": "handler",
    "EventLogger": "logger",
    "EventRejected": "logger",
    "Events": "events",
    "bind_context": "context",
    "get_logger": "logger",
}


# Imported when first used, so that `fleet registry generate` can repair a broken events.py.
def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
