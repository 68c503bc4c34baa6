"""The run-time check of a payload against the registry: fast when it fits, precise when not."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.inspect import (
    BoolType,
    DateTimeType,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    StrType,
    type_info,
)

from fleet_events.events import ID_PREFIXES, SPECS, Events, EventSpec, Id

ID_TEXT = "ASCII text of at most 64 characters"


class PayloadCheck:
    """What is fixed about one event, worked out once from its payload type.

    Attributes:
        evt: what a line with a valid event of this kind says in `evt`.
        fields: names of the payload fields, without the ids.
        optional_ids: ids that the bound context may fill in.
        message: fills in the summary, the same text as the timeline of a session.
    """

    def __init__(self, event: Events, spec: EventSpec) -> None:
        self.name = event.value
        self.spec = spec
        self.evt: dict[str, object] = {"name": self.name, "version": spec.version, "valid": True}
        self._hints: dict[str, Any] = {
            name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint
            for name, hint in get_type_hints(spec.payload, include_extras=True).items()
        }
        self._required: frozenset[str] = spec.payload.__required_keys__  # type: ignore[attr-defined]
        # A Struct is checked several times faster than the TypedDict and refuses unknown keys.
        self._struct = msgspec.defstruct(
            spec.payload.__name__,
            [(name, hint) for name, hint in self._hints.items() if name in self._required]
            + [
                (name, hint | UnsetType, UNSET)
                for name, hint in self._hints.items()
                if name not in self._required
            ],
            forbid_unknown_fields=True,
        )
        self.ids = tuple(name for name in ID_PREFIXES if name in self._hints)
        self.fields = tuple(name for name in self._hints if name not in ID_PREFIXES)
        self.optional_ids = tuple(name for name in self.ids if name not in self._required)
        self._prefixes = {
            name: ID_PREFIXES.get(name, "") for name, hint in self._hints.items() if hint == Id
        }
        self._timestamps = [
            name for name in self.fields if isinstance(type_info(self._hints[name]), DateTimeType)
        ]
        self.message = spec.summary

    def validate(self, data: Mapping[str, object]) -> Mapping[str, object] | None:
        """The payload with its times as text in UTC, or None when it does not fit."""
        try:
            checked = msgspec.convert(data, self._struct)
        except msgspec.ValidationError:
            return None
        for name, prefix in self._prefixes.items():
            value = data.get(name)
            if value is not None and not is_id(value, prefix):  # type: ignore[arg-type]
                return None
        if self._timestamps:
            times = {name: getattr(checked, name) for name in self._timestamps}
            return {**data, **{n: time_text(t) for n, t in times.items() if t is not UNSET}}
        return data

    def explain(self, data: Mapping[str, object]) -> list[str]:
        """What does not fit, a clause per field in the order of the registry; never a value."""
        found = []
        for name, hint in self._hints.items():
            if name not in data:
                if name in self._required:
                    found.append(f"{name} is missing")
                continue
            value = data[name]
            try:
                msgspec.convert(value, hint)
                fits = name not in self._prefixes or is_id(value, self._prefixes[name])  # type: ignore[arg-type]
            except msgspec.ValidationError:
                fits = False
            if not fits:
                found.append(f"{name} must be {self._wanted(name)}")
        for key in data:
            if key not in self._hints:
                close = difflib.get_close_matches(str(key), self._hints, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                found.append(f"{str(key)[:64]} is not a field of this event{hint}")
        return found

    def _wanted(self, name: str) -> str:
        prefix = self._prefixes.get(name)
        if prefix is None:
            return _wanted(self._hints[name])
        return f"ASCII text starting with {prefix}" if prefix else ID_TEXT


def is_id(value: str, prefix: str) -> bool:
    """Whether a text of fitting length may be an id: printable ASCII, starting with the prefix.

    A column is as wide in bytes as an id is long in characters.
    """
    return value.isascii() and value.isprintable() and value.startswith(prefix)


@cache
def check_for(event: object) -> PayloadCheck:
    """The check of an event.

    Raises:
        ValueError: it is not registered.
    """
    if not isinstance(event, str):
        raise ValueError(f"{type(event).__name__} is no event")
    known = Events(event)
    return PayloadCheck(known, SPECS[known])


def time_text(time: datetime) -> str:
    """RFC 3339 in UTC to the millisecond, such as 2026-11-23T09:00:00.123Z."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds")[:23] + "Z"


def _wanted(hint: Any) -> str:
    match type_info(hint):
        case BoolType():
            return "true or false"
        case IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case FloatType(ge=low, le=high):
            return f"a number from {low} to {high}"
        case DateTimeType():
            return "a time with its zone"
        case LiteralType():
            return "one of " + ", ".join(get_args(hint))
        case ListType(item_type=StrType(max_length=length), max_length=items):
            return f"a list of at most {items} texts of at most {length} characters"
        case StrType(max_length=length):
            return f"text of at most {length} characters"
    raise AssertionError(f"{hint} is not a type of the registry")
