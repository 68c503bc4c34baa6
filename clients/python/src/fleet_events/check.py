"""The run-time check of a payload against the registry: fast when it fits, precise when not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from types import MappingProxyType
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
from fleet_events.signals import is_not_ours
from fleet_events.sink import encode

NOTHING: Mapping[str, str] = MappingProxyType({})
REASONS = 19
"""Most reasons that are told; the report of a refused event has room for one more."""
KEY_LENGTH = 64
ID_TEXT = "ASCII text of at most 64 characters with no blank at an end"
TIME_TEXT = "a time with its zone, at most 14:00 from UTC and in the years 1 to 9999"
_LARGEST_OFFSET = timedelta(hours=14)


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
        # msgspec reads the type when it is first used. A thread or a signal handler that used it
        # meanwhile would end the process; nobody else has it yet.
        with suppress(msgspec.ValidationError):
            msgspec.convert(None, self._struct)
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

    def validate(
        self, data: Mapping[str, object], context: Mapping[str, str] = NOTHING
    ) -> Mapping[str, object] | None:
        """The payload with its times as text in UTC, or None when it does not fit.

        Args:
            data: what was given.
            context: what is bound; gives the optional ids that `data` lacks.
        """
        # One with more keys cannot fit, and whatever looked at each would take its time.
        if len(data) > len(self._hints):
            return None
        if not isinstance(data, dict):
            # msgspec would take what reading it raises for a value that does not fit.
            data = {key: data[key] for key in islice(data, len(self._hints) + 1)}
        given = self._with_context(data, context) if context else data
        try:
            checked = msgspec.convert(given, self._struct)
        except msgspec.ValidationError:
            return None
        for name, prefix in self._prefixes.items():
            value = given.get(name)
            if value is not None and not is_id(value, prefix):  # type: ignore[arg-type]
                return None
        if self._timestamps:
            times = {name: getattr(checked, name) for name in self._timestamps}
            try:
                return {**given, **{n: time_text(t) for n, t in times.items() if t is not UNSET}}
            except (OverflowError, ValueError) as error:
                if is_not_ours(error):
                    raise
                return None
        return given

    def explain(
        self, data: Mapping[str, object], context: Mapping[str, str] = NOTHING
    ) -> list[str]:
        """What does not fit, a clause per field in the order of the registry; never a value."""
        known = {name: data[name] for name in self._hints if name in data}
        given = self._with_context(known, context)
        found = []
        for name in self._hints:
            if name not in given:
                if name in self._required:
                    found.append(f"{name} is missing")
            elif reason := self._reason_against(name, given[name]):
                found.append(f"{name} {reason}")
        for key in data:
            if len(found) >= REASONS:
                break
            if key not in self._hints:
                text = key[: KEY_LENGTH + 1] if isinstance(key, str) else str(key)
                hint = did_you_mean(text, self._hints)
                found.append(f"{text[:KEY_LENGTH]} is not a field of this event{hint}")
        return found[:REASONS]

    def _with_context(
        self, data: Mapping[str, object], context: Mapping[str, str]
    ) -> Mapping[str, object]:
        missing = {
            name: context[name]
            for name in self.optional_ids
            if name in context and name not in data
        }
        return {**data, **missing} if missing else data

    def _reason_against(self, name: str, value: object) -> str | None:
        try:
            checked = msgspec.convert(value, self._hints[name])
            fits = name not in self._prefixes or is_id(value, self._prefixes[name])  # type: ignore[arg-type]
        except msgspec.ValidationError:
            fits = False
        if not fits:
            return f"must be {self._wanted(name)}"
        try:
            encode(time_text(checked) if name in self._timestamps else value)
        except Exception as error:
            if is_not_ours(error):
                raise
            return (
                f"must be {TIME_TEXT}" if name in self._timestamps else "cannot be written as JSON"
            )
        return None

    def _wanted(self, name: str) -> str:
        prefix = self._prefixes.get(name)
        if prefix is None:
            return _wanted(self._hints[name])
        if not prefix:
            return ID_TEXT
        return f"ASCII text starting with {prefix}, with more after it and no blank at an end"


def is_id(value: str, prefix: str) -> bool:
    """Whether a text of fitting length may be an id.

    It starts with the prefix, goes on after it, and has no blank at an end: where one is written
    with such a blank and once without, databases disagree on whether the two are equal. It is
    printable ASCII, as a column is as wide in bytes as an id is long in characters.
    """
    return (
        value.isascii()
        and value.isprintable()
        and value.startswith(prefix)
        and len(value) > len(prefix)
        and value[0] != " "
        and value[-1] != " "
    )


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint where a name of usual length is nearly one of `names`."""
    if len(name) > KEY_LENGTH:
        return ""
    close = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


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
    """RFC 3339 in UTC to the millisecond, such as 2026-11-23T09:00:00.123Z.

    Raises:
        OverflowError, ValueError: it is further than 14 hours from UTC, or its year there is not
            one of 1 to 9999.
    """
    if time.tzinfo is not UTC:
        offset = time.utcoffset()
        if offset is None or abs(offset) > _LARGEST_OFFSET:
            raise ValueError("no zone on Earth")
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
            return TIME_TEXT
        case LiteralType():
            return "one of " + ", ".join(get_args(hint))
        case ListType(item_type=StrType(max_length=length), max_length=items):
            return f"a list of at most {items} texts of at most {length} characters"
        case StrType(max_length=length):
            return f"text of at most {length} characters"
    raise AssertionError(f"{hint} is not a type of the registry")
