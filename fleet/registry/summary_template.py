"""The summary of an event: a template of the registry, read the same way by all who fill it in.

`{name}` stands for a field or id of the event. A part in brackets is left out when a field in it
is absent: "State {to_state}[, reason {reason}]".
"""

from __future__ import annotations

import re
from string import Formatter
from typing import NamedTuple


class SummaryError(ValueError):
    """The template cannot be read; the message is the rest of a sentence about it."""


class Part(NamedTuple):
    """A stretch of a summary.

    Attributes:
        pieces: pairs of literal text and the name that follows it, None at the end.
        optional: whether it stood in brackets.
    """

    pieces: tuple[tuple[str, str | None], ...]
    optional: bool

    @property
    def names(self) -> list[str]:
        """The fields and ids it names."""
        return [name for _, name in self.pieces if name is not None]


def read_summary(summary: str) -> list[Part]:
    """The parts of a summary, in order.

    Raises:
        SummaryError: a bracket or brace is out of place, or a name carries a format.
    """
    parts = []
    optional = False
    for text in re.split(r"([\[\]])", summary):
        if text == "[":
            if optional:
                raise SummaryError("has a bracket within brackets")
            optional = True
        elif text == "]":
            if not optional:
                raise SummaryError("has a closing bracket without an opening one")
            optional = False
        elif text or optional:
            parts.append(Part(_pieces(text), optional))
    if optional:
        raise SummaryError("has an opening bracket without a closing one")
    return parts


def _pieces(text: str) -> tuple[tuple[str, str | None], ...]:
    pieces = []
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise SummaryError(f"has a stray brace ({error})") from None
    for literal, name, spec, conversion in parsed:
        if "{" in literal or "}" in literal:
            raise SummaryError("must not hold a brace other than around a name")
        if spec or conversion:
            raise SummaryError(f"must name {{{name}}} without a format")
        pieces.append((literal, name))
    return tuple(pieces)
