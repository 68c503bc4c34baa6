"""What staging would say of a line, by the rules that are generated from the registry.

Nearly all lines fit, and are seen to fit by their type alone, in a microsecond or two. Whatever is
left gets its verdict from the program that Vector runs, which says of each line what dbt says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from vrl_python import VRLRuntime

from fleet.project import find_project_dir
from fleet.registry import Event, EventField, Registry
from fleet.registry.schema import ID_LENGTH, LARGEST_INT, LIST_ITEMS, EnvelopeKey
from fleet.registry.targets.vector import CHECKS
from fleet.warehouse.event_lines import refusal
from fleet.yaml_files import read_yaml

OWN_ENVIRONMENT = "prod"


class Refusal(NamedTuple):
    """Why a line becomes no event: a reason of the registry, and the key or field concerned."""

    reason: str
    detail: str | None = None

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


# In the type are times that are seen at a glance to be some; the program looks at the others.
_DAY = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)"
_TIME = Annotated[str, msgspec.Meta(pattern=rf"\A[12]\d{{3}}-{_DAY}T{_CLOCK}{_OFFSET}\Z")]
_LONG = 512
_BLUNT = r"\A[!-~]([ -~]*[!-~])?\Z"


FROM_THE_REGISTRY = frozenset({"evt", "status", "registry_version"})
"""Keys that a mapping's program takes from the registry, so that they need no look."""


class Judge:
    """Judges lines as staging does."""

    def __init__(self, project_dir: Path, registry: Registry) -> None:
        self._registry = registry
        self._project_dir = project_dir
        self._fits = {
            event.name: msgspec.json.Decoder(_type_of(event, registry)).decode
            for event in registry.events
        }
        self._made = {
            event.name: msgspec.json.Decoder(_type_of(event, registry, FROM_THE_REGISTRY)).decode
            for event in registry.events
        }
        self._name = msgspec.json.Decoder(_Named).decode

    def refused(self, line: bytes) -> Refusal | None:
        """Why the loader or staging refuses a line; None when it is accepted."""
        try:
            fits = self._fits.get(self._name(line).evt.name)
            # The loader wants its keys once too; what is written from a value has them so.
            if (
                fits is not None
                and fits(line).evt.valid is not False
                and msgspec.json.encode(msgspec.json.decode(line)) == line
            ):
                return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        reason = refusal(line)
        return Refusal(reason) if reason else self._by_program(line)

    def read_event(self, name: str, line: bytes) -> Any:
        """Read an event that a mapping has made, whose name and form are known.

        Returns an object with what the line says, or a Refusal.
        """
        try:
            return self._made[name](line)
        except msgspec.DecodeError:
            return self._by_program(line) or msgspec.json.decode(line, type=Envelope)

    def other_environment(self, line: bytes) -> str | None:
        """The environment of a line, as staging calls it, where it is none of ours."""
        try:
            env = _environment(line).env
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(env, str) or len(env.encode()) > self._env_width:
            return None
        name = env.strip(" ").lower()
        return name if name and name not in self.environments else None

    @cached_property
    def environments(self) -> tuple[str, ...]:
        """The var `environments` of the dbt project."""
        path = self._project_dir / "dbt_project.yml"
        names = read_yaml(path).get("vars", {}).get("environments", []) if path.is_file() else []
        return tuple(str(name).strip(" ").lower() for name in names or [OWN_ENVIRONMENT])

    @property
    def _env_width(self) -> int:
        return self._registry.envelope_widths["env"]

    @cached_property
    def _program(self) -> tuple[VRLRuntime, str]:
        checks = (self._project_dir / CHECKS).read_text("utf-8")
        source = (
            'content, err = parse_json(string(get(., ["message"]) ?? "") ?? "")\n'
            'kind = "event"\nquarantine_reason = null\nquarantine_detail = null\n'
            f"{checks}\n"
            # Vector writes received_at itself, so its checks do not look at it.
            'text = string(content.received_at) ?? ""\n'
            'is_time = match(text, rfc3339) && (parse_timestamp(text, "%+") ?? null) != null\n'
            '. = {"reason": quarantine_reason, "detail": quarantine_detail, '
            '"is_received": content.received_at == null || is_time}'
        )
        runtime = VRLRuntime()
        runtime.compile(source)
        return runtime, source

    def _by_program(self, line: bytes) -> Refusal | None:
        runtime, source = self._program
        said = runtime.execute(source, {"message": _finite(line)}).processed_event
        refusal = Refusal(said["reason"], said["detail"]) if said["reason"] else None
        if said["is_received"] or (refusal and self._is_before_received_at(refusal)):
            return refusal
        return Refusal("bad_type", "received_at")

    def _is_before_received_at(self, refusal: Refusal) -> bool:
        """Whether staging finds this in a line before it finds that received_at is no time."""
        order = [reason.name for reason in self._registry.quarantine_reasons]
        if refusal.reason != "bad_type":
            return order.index(refusal.reason) < order.index("bad_type")
        keys = [key.name for key in self._registry.envelope_values]
        return refusal.detail in keys[: keys.index("received_at")]


def open_judge(registry: Registry) -> Judge:
    """The judge of the project that one is in."""
    return Judge(find_project_dir(), registry)


class Envelope(msgspec.Struct):
    """What an import counts of an event."""

    emitter_id: Any = None
    occurred_at: Any = None


class _Evt(msgspec.Struct):
    name: str


class _Named(msgspec.Struct):
    evt: _Evt


class _Env(msgspec.Struct):
    env: Any = None


_environment = msgspec.json.Decoder(_Env).decode


def _finite(line: bytes) -> str:
    """The line with the greatest double for a number that none can hold: outside all bounds too."""
    return json.dumps(json.loads(line, parse_float=_bounded, parse_int=_bounded_int))


def _bounded(text: str) -> float:
    number = float(text)
    return math.copysign(1.7e308, number) if math.isinf(number) else number


def _bounded_int(text: str) -> int | float:
    # Python reads a whole number of any length, until it refuses one of 4,300 digits.
    return int(text) if len(text) < 300 else _bounded(text)


# ---------------------------------------------------------------- the type of a line that fits


def _type_of(event: Event, registry: Registry, left_out: Collection[str] = ()) -> Any:
    """A type that only lines have which staging accepts. A null is read as absent."""
    ids = registry.event_ids(event)
    keys: list[tuple[str, Any]] = []
    optional: list[tuple[str, Any, Any]] = []

    def add(name: str, kind: Any, *, required: bool) -> None:
        if required:
            keys.append((name, kind))
        else:
            optional.append((name, kind | None, None))

    evt = msgspec.defstruct(
        "Evt",
        [
            ("name", Literal[event.name]),
            ("version", Annotated[int, msgspec.Meta(ge=1, le=event.version)] | None, None),
            ("valid", bool | None, None),
        ],
    )
    if "evt" not in left_out:
        keys.append(("evt", evt))
    for key in registry.envelope:
        if key.name in left_out:
            continue
        if key.type == "object" and key.name != "evt":
            below = [
                (inner.path[1], _key(inner) | None, None)
                for inner in registry.envelope_below(key.name)
            ]
            add(key.name, msgspec.defstruct(key.name, below), required=False)
        elif len(key.path) == 1 and key.name != "evt":
            add(key.name, _key(key), required=key.required)
    for name, kind in registry.ids.items():
        if name in ids:
            add(name, _id(kind.prefix or ""), required=ids[name] == "required")
        else:
            optional.append((name, None, None))
    fields = [
        (name, _field(field, registry)) for name, field in event.fields.items() if field.required
    ] + [
        (name, _field(field, registry) | None, None)
        for name, field in event.fields.items()
        if not field.required
    ]
    data = msgspec.defstruct("Data", fields)
    add("data", data, required=any(field.required for field in event.fields.values()))
    return msgspec.defstruct(event.class_name, [*keys, *optional])


@cache
def _text(length: int) -> Any:
    return Annotated[str, msgspec.Meta(max_length=length)]


@cache
def _id(prefix: str = "") -> Any:
    pattern = rf"\A{prefix}[ -~]*[!-~]\Z" if prefix else _BLUNT
    return Annotated[str, msgspec.Meta(max_length=ID_LENGTH, pattern=pattern)]


def _key(key: EnvelopeKey) -> Any:
    match key.type:
        case "int":
            return Annotated[int, msgspec.Meta(ge=key.low, le=key.high)]
        case "bool":
            return bool
        case "timestamp":
            return _TIME
        case "id":
            return Annotated[str, msgspec.Meta(max_length=key.width, pattern=_BLUNT)]
        case _:
            width = key.width or 0
            # A character has at most four bytes; of a short text it is seen whether it has one.
            if width >= _LONG:
                return _text(width // 4)
            return Annotated[str, msgspec.Meta(max_length=width, pattern=r"\A[\x00-\x7f]*\Z")]


def _field(field: EventField, registry: Registry) -> Any:
    low, high = field.bounds
    match field.type:
        case "bool":
            return bool
        case "int":
            low, high = math.ceil(max(low, -LARGEST_INT)), math.floor(min(high, LARGEST_INT))
            return Annotated[int, msgspec.Meta(ge=low, le=high)]
        case "number":
            return Annotated[float, msgspec.Meta(ge=float(low), le=float(high))]
        case "enum":
            return Literal[tuple(registry.values(field))]
        case "timestamp":
            return _TIME
        case "id":
            return _id()
        case "list[string]":
            # Written as JSON a character has at most six bytes, and the column four for each.
            return Annotated[
                list[Annotated[str, msgspec.Meta(max_length=field.length // 2)]],
                msgspec.Meta(max_length=LIST_ITEMS),
            ]
        case _:
            return _text(field.length)
