"""Values as text in the summary of an event, as the models write them too."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Summary: TypeAlias = Callable[[Mapping[str, Any]], str]
"""Fills in the summary of an event with a payload that fits it."""


def number(value: float) -> str:
    """As a whole number, halves rounded up."""
    return str(math.floor(float(value) + 0.5))


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def second(time: str) -> str:
    """The time of a log line to the second."""
    return time[:19].replace("T", " ")
