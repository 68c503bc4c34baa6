"""What every line of a program says of it, checked when its logger is made."""

from __future__ import annotations

import os

from fleet_events.events import WIDTHS, Envelope


def constant(name: str, *choices: object) -> str:
    """The first of `choices` that is given, neither None nor empty.

    Raises:
        TypeError, ValueError: it is no text that the warehouse can read as `name`.
    """
    value = next((choice for choice in choices if choice is not None and choice != ""), "")
    in_emitter_id = name in ("service", "host", "boot")
    if (
        isinstance(value, str)
        and value.isprintable()
        and value == value.strip(" ")
        and 0 < len(value.encode()) <= WIDTHS[name]
        and not (in_emitter_id and "/" in value)
    ):
        return value
    kind = ValueError if isinstance(value, str) else TypeError
    without = " without /" if in_emitter_id else ""
    raise kind(
        f"{name} must be printable text{without} of 1 to {WIDTHS[name]} bytes "
        "with no blank at an end."
    )


def service_tags(service: object, env: object, version: object) -> Envelope:
    """The part of the envelope that a program says once; see `constant` for what raises."""
    return {
        "service": constant("service", service),
        "env": constant("env", env, os.environ.get("DD_ENV"), "dev"),
        "version": constant("version", version, os.environ.get("DD_VERSION"), "unknown"),
    }
