"""The shape of a mapping file: from patterns over lines of another shape to events."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fleet.mapping.paths import Path, PathError, read_path

Scalar = bool | int | float | str

EPOCHS = {
    "unix_s": "seconds",
    "unix_ms": "milliseconds",
    "unix_us": "microseconds",
    "unix_ns": "nanoseconds",
}
"""Formats of times that count from 1970, to the unit's name in VRL."""


class Part(BaseModel):
    """A part of a mapping: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Value(Part):
    """Where a value comes from, and what is done with it.

    Attributes:
        path: keys that lead to it in the line: `robot.id`, `stops[0]`, `"a.b".c`.
        group: named group of a regular expression of the rule's `when`.
        const: the value itself.
        strip: what an id starts with there and not here; the registry's prefix is put before it.
        times: factor of another unit, applied before `plus`.
        plus: offset of another unit.
        words: words of the line to words of the registry.
        otherwise: value where `words` has no word; without it the word is kept, and refused by
            the registry.
        format: how a time is written: `iso` (the default), `unix_s`, `unix_ms`, `unix_us`,
            `unix_ns`, or strftime's letters, such as `%d.%m.%Y %H:%M:%S`.
        zone: zone of times that tell none, such as `Europe/Berlin`.
    """

    path: str | None = None
    group: str | None = None
    const: Scalar | None = None
    strip: str | None = None
    times: int | float | None = None
    plus: int | float | None = None
    words: dict[str, Scalar] = {}
    otherwise: Scalar | None = None
    format: str | None = None
    zone: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, given: Any) -> Any:
        """A text alone is a path."""
        return {"path": given} if isinstance(given, str) else given

    @field_validator("words", mode="before")
    @classmethod
    def _text_keys(cls, given: Any) -> Any:
        """`5: five` and `true: yes` stand for the texts that a line has there."""
        if not isinstance(given, dict):
            return given
        return {
            str(key).lower() if isinstance(key, bool) else str(key): word
            for key, word in given.items()
        }

    @field_validator("path")
    @classmethod
    def _is_path(cls, given: str | None) -> str | None:
        if given is not None:
            _readable(given)
        return given

    @model_validator(mode="after")
    def _has_one_source(self) -> Value:
        if sum(source is not None for source in (self.path, self.group, self.const)) != 1:
            raise ValueError("needs one of path, group and const")
        return self

    @property
    def keys(self) -> Path:
        assert self.path is not None
        return read_path(self.path)


class Condition(Part):
    """What a value of the line must be.

    Attributes:
        equals: one of these, of the same JSON type.
        matches: regular expression that is found in it; named groups are values of the rule.
        exists: whether it is there and not null.
    """

    equals: Annotated[list[Scalar] | None, Field(min_length=1)] = None
    matches: str | None = None
    exists: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_value(cls, given: Any) -> Any:
        """A value or a list of values alone is what is wanted."""
        if isinstance(given, dict) or given is None:
            return given
        return {"equals": given if isinstance(given, list) else [given]}

    @model_validator(mode="after")
    def _says_one_thing(self) -> Condition:
        if sum(said is not None for said in (self.equals, self.matches, self.exists)) != 1:
            raise ValueError("needs a value, a list of values, matches or exists")
        return self


class Line(Part):
    """Where the envelope of a line comes from.

    Attributes:
        occurred_at: when it happened, by the clock of who logged it.
        received_at: when the log transport or the archive got it.
        service, host, boot: parts of the emitter. Without a service the name of the mapping is
            taken, without a host the log file's name, without a boot one of the file's own.
        seq: number of the line among those of its emitter.
        in_order: whether a file has its lines in the order of time: they are then numbered.
        earliest_credible_at: day (UTC) from which times of imported lines are believed, in place of
            the models' var of that name; live lines go by the var.
        event_id: the id that the line has of its own. Where a rule goes on, the name of the event
            is put behind it. Without it an id is derived that is the same for the same line.
        identity: values that tell a line from any other of its service and host, of which the id
            is derived; without them the whole line is.
        sent_at, version, env, mono_ms, trace_id, span_id: as in the envelope.
    """

    occurred_at: Value
    received_at: Value | None = None
    service: Value | None = None
    host: Value | None = None
    boot: Value | None = None
    seq: Value | None = None
    in_order: bool = False
    earliest_credible_at: date | None = None
    event_id: Value | None = None
    identity: list[str] = []
    sent_at: Value | None = None
    version: Value | None = None
    env: Value | None = None
    mono_ms: Value | None = None
    trace_id: Value | None = None
    span_id: Value | None = None

    @field_validator("identity")
    @classmethod
    def _are_paths(cls, given: list[str]) -> list[str]:
        for path in given:
            _readable(path)
        return given


class Rule(Part):
    """Lines of one pattern, and the event that they are.

    Attributes:
        name: what reports call it.
        when: path to what is wanted there: a value, a list of values, or a Condition. All hold.
        event: registered event; a rule without one names lines that are no events.
        ids, fields: ids and fields of the event to where they come from.
        occurred_at: where it differs from that of other lines.
        go_on: whether later rules may make another event of the same line.
    """

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\n]+$")]
    when: Annotated[dict[str, Condition], Field(min_length=1)]
    event: str | None = None
    ids: dict[str, Value] = {}
    fields: dict[str, Value] = {}
    occurred_at: Value | None = None
    go_on: bool = False

    @field_validator("when")
    @classmethod
    def _are_paths(cls, given: dict[str, Condition]) -> dict[str, Condition]:
        for path in given:
            _readable(path)
        return given


class Example(Part):
    """A line, and what must become of it.

    Attributes:
        line: the line as it stands in a file; of a table its columns and their texts.
        gives: what each event of it says, `event` and parts of its line; empty where none.
    """

    line: str | dict[str, Any]
    gives: list[dict[str, Any]]


class MappingFile(Part):
    """A mapping.

    Attributes:
        brief: what it is for.
        format: `json` (also plain text among it), `csv`, or `datadog` for Datadog's archives.
        line: where the envelope comes from.
        ids: ids of all events that carry them.
        rules: the first that fits a line is taken.
        examples: tests of the rules.
    """

    brief: Annotated[str, Field(min_length=1)]
    format: Literal["json", "csv", "datadog"] = "json"
    line: Line
    ids: dict[str, Value] = {}
    rules: Annotated[list[Rule], Field(min_length=1)]
    examples: list[Example] = []


def _readable(path: str) -> None:
    try:
        read_path(path)
    except PathError as error:
        raise ValueError(str(error)) from None
