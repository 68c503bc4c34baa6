"""The shape of the registry: one model per kind of row, and `Registry` with all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

EVENTS_FILE = "registry/events.yml"
ENVELOPE_FILE = "registry/envelope.yml"
STATES_FILE = "registry/robot_states.yml"
REASONS_FILE = "registry/downtime_reasons.yml"
QUARANTINE_FILE = "registry/quarantine_reasons.yml"
STEPS_FILE = "registry/funnel_steps.yml"
MONITORS_FILE = "registry/monitors.yml"

FieldType = Literal["id", "string", "int", "number", "bool", "timestamp", "enum", "list[string]"]
Requirement = Literal["required", "optional"]
Stream = Literal[
    "order", "merchant", "dispatch", "delivery", "robot", "pilot", "release", "telemetry"
]
StateClass = Literal[
    "supply",
    "support",
    "unplanned_down",
    "planned_down",
    "unknown",
    "out_of_service",
    "out_of_fleet",
    "unobserved",
]

TEXT_LENGTH = 250
"""Longest sentence of the registry, in characters."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\n]+$", max_length=TEXT_LENGTH)]
SnakeCase = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=49)]
EVENT_NAME = r"^[a-z]+\.[a-z][a-z0-9]*(_[a-z0-9]+)*$"
EventName = Annotated[str, StringConstraints(pattern=EVENT_NAME, max_length=64)]

ID_LENGTH = 64
"""Longest id and longest enum value, in characters."""
DEFAULT_STRING_LENGTH = 64
# Whole numbers beyond this are not exact in JSON readers that use doubles.
LARGEST_INT = 2**53 - 1
LIST_ITEMS = 20
"""Most items of a `list[string]`."""

UNIT_WORDS = {"_s": "seconds", "_ms": "milliseconds", "_m": "meters", "_mps": "meters_per_second"}
"""Suffixes whose column spells the unit out."""
UNITS = UNIT_WORDS | {"_pct": "percent", "_dbm": "dBm", "_cents": "cents"}

MODEL_COLUMNS = frozenset({
    "arrived_at", "brief", "changed_run", "clock_offset_seconds", "copy_token", "data",
    "ends_delivery", "event_at", "event_at_uncertainty_ms", "event_date", "funnel_step",
    "has_derived_event_id", "is_sign_of_life", "line_status", "loaded_at", "payload",
    "processed_run", "quarantine_detail", "quarantine_reason", "severity", "source_file",
    "stream", "time_source", "uncorrected_at", "uncorrected_date", "uncorrected_source",
})  # fmt: skip
"""Columns that the base models add; a payload column must not hide them."""

# Reserved on Redshift; `by` and `name` are not, but read as syntax all the same.
RESERVED_WORDS = frozenset({
    "aes128", "aes256", "all", "allowoverwrite", "analyse", "analyze", "and", "any", "array",
    "as", "asc", "authorization", "az64", "backup", "between", "binary", "blanksasnull", "both",
    "by", "bytedict", "bzip2", "case", "cast", "check", "collate", "column", "constraint",
    "create", "credentials", "cross", "current_date", "current_time", "current_timestamp",
    "current_user", "current_user_id", "default", "deferrable", "deflate", "defrag", "delta",
    "delta32k", "desc", "disable", "distinct", "do", "else", "emptyasnull", "enable", "encode",
    "encrypt", "encryption", "end", "except", "explicit", "false", "for", "foreign", "freeze",
    "from", "full", "globaldict256", "globaldict64k", "grant", "group", "gzip", "having",
    "identity", "ignore", "ilike", "in", "initially", "inner", "intersect", "interval", "into",
    "is", "isnull", "join", "language", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "lun", "luns", "lzo", "lzop", "minus", "mostly16", "mostly32", "mostly8",
    "name", "natural", "new", "not", "notnull", "null", "nulls", "off", "offline", "offset",
    "oid", "old", "on", "only", "open", "or", "order", "outer", "overlaps", "parallel",
    "partition", "percent", "permissions", "pivot", "placing", "primary", "raw", "readratio",
    "recover", "references", "rejectlog", "resort", "respect", "restore", "right", "select",
    "session_user", "similar", "snapshot", "some", "sysdate", "system", "table", "tag", "tdes",
    "text255", "text32k", "then", "timestamp", "to", "top", "trailing", "true",
    "truncatecolumns", "union", "unique", "unnest", "unpivot", "user", "using", "verbose",
    "wallet", "when", "where", "with", "without",
})  # fmt: skip


class Row(BaseModel):
    """A row of a registry file: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class IdKind(Row):
    """An id that names one of the things events are about."""

    brief: Text
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]+-$")] | None = None
    on_all: bool = False


MEANINGS: dict[str, tuple[str, ...]] = {
    "reason": (
        "merchant_not_ready", "customer_absent", "no_access", "theft", "weather", "no_robot",
        "lid_fault", "robot_stuck", "robot_failure", "cancelled_by_customer", "too_late", "other",
        "called_off",
    ),
    "component": ("lid",),
    "cause": ("lid", "accident", "stuck", "customer"),
    "kind": ("accident", "rollback"),
    "severity": ("slight",),
    "cancelled_by": ("customer", "merchant", "operations", "system"),
    "fulfilled_by": ("robot", "fallback"),
    "disposition": ("tried_again", "goes_back"),
    "outcome": ("solved",),
}  # fmt: skip
"""What the models ask of the words of a fleet, by the name of the field that they stand in."""


class EventField(Row):
    """One field of an event's payload."""

    type: FieldType
    brief: Text
    requirement: Requirement
    of: list[SnakeCase] | Literal["robot_states", "downtime_reasons"] | None = None
    means: dict[SnakeCase, SnakeCase] = {}
    min: int | float | None = None
    max: int | float | None = None
    max_length: Annotated[int, Field(ge=1, le=4096)] | None = None

    @property
    def required(self) -> bool:
        return self.requirement == "required"

    @property
    def length(self) -> int:
        """Longest value (of a list: longest item) in characters."""
        return self.max_length or DEFAULT_STRING_LENGTH

    @property
    def bounds(self) -> tuple[int | float, int | float]:
        """Least and greatest value of a number."""
        low, high = -LARGEST_INT, LARGEST_INT
        return low if self.min is None else self.min, high if self.max is None else self.max

    @property
    def width(self) -> int | None:
        """Bytes of the varchar that holds any valid value; None for other column types.

        A character takes at most 4 bytes; a list is kept as JSON text.
        """
        match self.type:
            case "id" | "enum":
                return ID_LENGTH
            case "string":
                return 4 * self.length
            case "list[string]":
                return LIST_ITEMS * (4 * self.length + 4)
            case _:
                return None


class Roles(Row):
    """What an event means to the models."""

    funnel_step: SnakeCase | None = None
    ends_delivery: Literal["completed", "failed", "cancelled"] | None = None
    sign_of_life: bool = False


class Mds(Row):
    """The Mobility Data Specification's words for an event."""

    event_type: SnakeCase
    vehicle_state: SnakeCase | None = None


class Deprecation(Row):
    """Why an event goes, what takes its place, and until when it is still accepted."""

    reason: Literal["renamed", "obsoleted"]
    sunset: date
    renamed_to: EventName | None = None
    note: Text | None = None

    @property
    def sentence(self) -> str:
        """What becomes of the event, in one or two sentences."""
        what = f"Renamed to {self.renamed_to}" if self.renamed_to else "Obsolete"
        note = f" {self.note}" if self.note else ""
        return f"{what}; to be removed after {self.sunset}.{note}"


class Event(Row):
    """One event of the registry."""

    name: EventName
    version: Annotated[int, Field(ge=1)]
    brief: Text
    summary: Text
    stability: Literal["development", "stable", "deprecated"]
    owner: Text
    severity: Literal["info", "warn", "error"]
    ids: dict[SnakeCase, Requirement]
    fields: dict[SnakeCase, EventField]
    roles: Roles = Roles()
    mds: Mds | None = None
    deprecated: Deprecation | None = None
    example: dict[str, bool | int | float | str | list[str]]

    @property
    def stream(self) -> str:
        return self.name.split(".")[0]

    @property
    def constant(self) -> str:
        """Name of the member of `Events`, such as `DELIVERY_PICKUP_COMPLETED`."""
        return self.name.replace(".", "_").upper()

    @property
    def class_name(self) -> str:
        """Name of the payload class, such as `DeliveryPickupCompleted`."""
        return "".join(part.capitalize() for part in self.name.replace(".", "_").split("_"))


StateMark: TypeAlias = Literal[
    "to_merchant", "failed", "stuck", "no_contact", "carrying", "stopped", "way_back"
]


class RobotState(Row):
    """A state of a robot and what the time in it counts as."""

    name: SnakeCase
    brief: Text
    usable: Literal["always", "never", "when_dispatchable"]
    state_class: Annotated[StateClass, Field(alias="class")]
    activity: Literal["ready", "busy"] | None
    operating: bool
    expects_heartbeat: bool
    entered_from: list[SnakeCase] | Literal["any"]
    mds_vehicle_state: SnakeCase
    marks: list[StateMark] = []
    derived: bool = False


Trouble: TypeAlias = Literal["weather", "accident", "theft", "lid", "no_pilot"]


class DowntimeReason(Row):
    """A reason why a robot is not usable."""

    name: SnakeCase
    reason_class: Annotated[
        Literal["hardware", "software", "environment", "operations", "planned"],
        Field(alias="class"),
    ]
    trouble: Trouble | None = None
    brief: Text


class EnvelopeKey(Row):
    """A key that lines have besides ids and payload."""

    name: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$", max_length=64)
    ]
    type: Literal["id", "string", "int", "bool", "timestamp", "object"]
    brief: Text
    requirement: Requirement | Literal["recommended"]
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    column_: Annotated[SnakeCase | None, Field(alias="column")] = None
    staged: bool = False
    min: int | None = None
    max: int | None = None
    parts: dict[SnakeCase, Annotated[int, Field(ge=1)]] = {}

    @property
    def required(self) -> bool:
        return self.requirement == "required"

    @property
    def optional(self) -> bool:
        """Whether a logger may leave it out."""
        return self.requirement == "optional"

    @property
    def low(self) -> int:
        """Least value of an int."""
        return -LARGEST_INT if self.min is None else self.min

    @property
    def high(self) -> int:
        """Greatest value of an int."""
        return LARGEST_INT if self.max is None else self.max

    @property
    def path(self) -> list[str]:
        """The keys that lead to the value, from the top of the line."""
        return self.name.split(".")

    @property
    def column(self) -> str:
        """Column of the staging models."""
        return self.column_ or self.name


class QuarantineReason(Row):
    """Why a line is quarantined."""

    name: SnakeCase
    found_in: Literal["line", "event"]
    brief: Text


class FunnelStep(Row):
    """A step of a delivery; those with a count are stages of the funnel."""

    name: SnakeCase
    title: Text
    count: SnakeCase | None = None
    leg: SnakeCase | None = None

    @property
    def column(self) -> str:
        """Column with the time at which the step was reached."""
        return f"{self.name}_at"


Conditions = dict[SnakeCase, list[SnakeCase] | bool | SnakeCase]
"""Values that fields of an event must have; a lone word names a set of robot states."""


class Metric(Row):
    """A number made of events: for Datadog, and for the columns of the marts."""

    name: SnakeCase
    brief: Text
    events: Literal["all", "errors"] | dict[EventName, Conditions]
    except_events: Annotated[list[EventName], Field(alias="except")] = []
    distinct: SnakeCase | None = None
    spread_of: SnakeCase | None = None
    per_hour: Annotated[int, Field(ge=1)] | None = None
    tags: dict[SnakeCase, SnakeCase]


class Monitor(Row):
    """What somebody is alerted of, and when."""

    name: SnakeCase
    title: Text
    message: Text
    link: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    group: Literal["release_health", "funnel", "supply", "safety"]
    owner: Text
    of: SnakeCase
    over: SnakeCase | None = None
    shortfall: bool = False
    minimum_sample: Annotated[int, Field(ge=1)] | None = None
    by: list[SnakeCase]
    source: Literal["logs", "metrics"]
    window_minutes: Annotated[int, Field(ge=1, le=2880)]
    critical: int | float
    warning: int | float | None = None
    priority: Annotated[int, Field(ge=1, le=5)]


def unit(field_name: str) -> str | None:
    """Unit of a field by its suffix, in words; None where it carries none."""
    return next((word for suffix, word in UNITS.items() if field_name.endswith(suffix)), None)


@dataclass(frozen=True)
class Registry:
    """The whole registry, checked."""

    version: str
    ids: dict[str, IdKind]
    envelope: tuple[EnvelopeKey, ...]
    events: tuple[Event, ...]
    robot_states: tuple[RobotState, ...]
    downtime_reasons: tuple[DowntimeReason, ...]
    quarantine_reasons: tuple[QuarantineReason, ...]
    funnel_steps: tuple[FunnelStep, ...]
    metrics: tuple[Metric, ...]
    monitors: tuple[Monitor, ...]

    @cached_property
    def version_numbers(self) -> tuple[int, ...]:
        return tuple(int(number) for number in self.version.split("."))

    @cached_property
    def by_name(self) -> dict[str, Event]:
        return {event.name: event for event in self.events}

    @cached_property
    def envelope_values(self) -> list[EnvelopeKey]:
        """The keys that have a value of their own and so a column: all but the objects."""
        return [key for key in self.envelope if key.type != "object"]

    @cached_property
    def envelope_by_name(self) -> dict[str, EnvelopeKey]:
        return {key.name: key for key in self.envelope}

    def envelope_below(self, name: str) -> list[EnvelopeKey]:
        """The keys in an object of the envelope."""
        return [key for key in self.envelope if key.name.startswith(f"{name}.")]

    @cached_property
    def envelope_widths(self) -> dict[str, int]:
        """Bytes of each id and string on top of the line, and of the parts of ids."""
        tops = [key for key in self.envelope if len(key.path) == 1]
        widths = {part: width for key in tops for part, width in key.parts.items()}
        return widths | {key.name: key.width for key in tops if key.width}

    @cached_property
    def _taken_columns(self) -> frozenset[str]:
        return MODEL_COLUMNS | {key.column for key in self.envelope_values}

    def column(self, field_name: str) -> str:
        """Column of a field: units in words (`wait_s` is `wait_seconds`), never a taken word."""
        suffix = next((suffix for suffix in UNIT_WORDS if field_name.endswith(suffix)), "")
        column = field_name.removesuffix(suffix) + (suffix and f"_{UNIT_WORDS[suffix]}")
        is_taken = field_name in RESERVED_WORDS or column in self._taken_columns
        return f"{column}_value" if is_taken else column

    @cached_property
    def step_events(self) -> dict[str, Event]:
        """The event of each funnel step."""
        return {event.roles.funnel_step: event for event in self.events if event.roles.funnel_step}

    @cached_property
    def streams(self) -> dict[str, list[Event]]:
        """Events by stream, both in the order of the file."""
        streams: dict[str, list[Event]] = {}
        for event in self.events:
            streams.setdefault(event.stream, []).append(event)
        return streams

    @cached_property
    def logged_states(self) -> list[str]:
        """States an event may carry: all but the derived ones."""
        return [state.name for state in self.robot_states if not state.derived]

    @cached_property
    def state_sets(self) -> dict[str, list[str]]:
        """Sets of logged states that a metric may name; a robot in service works or should."""
        states = [state for state in self.robot_states if not state.derived]
        down = [state for state in states if state.state_class == "unplanned_down"]
        in_service = [state for state in states if state.operating or state in down]
        return {
            "operating": [state.name for state in states if state.operating],
            "unplanned_down": [state.name for state in down],
            "in_service": [state.name for state in in_service],
            "unusable": [state.name for state in in_service if state.usable != "always"],
        }

    @cached_property
    def metrics_by_name(self) -> dict[str, Metric]:
        return {metric.name: metric for metric in self.metrics}

    def counted_events(self, metric: Metric) -> dict[str, Conditions]:
        """Events of a metric with the values that their fields must have."""
        if isinstance(metric.events, dict):
            return metric.events
        return {
            event.name: {}
            for event in self.events
            if event.name not in metric.except_events
            and (metric.events == "all" or event.severity == "error")
        }

    @cached_property
    def transitions(self) -> list[tuple[str, str]]:
        """Allowed (from_state, to_state) pairs, `any` spelt out."""
        return [
            (source, state.name)
            for state in self.robot_states
            if not state.derived
            for source in (
                self.logged_states if state.entered_from == "any" else state.entered_from
            )
            if source != state.name
        ]

    def event_ids(self, event: Event) -> dict[str, Requirement]:
        """Ids of an event in the order of `ids`, with those every event may carry."""
        return {
            name: event.ids.get(name, "optional")
            for name, kind in self.ids.items()
            if name in event.ids or kind.on_all
        }

    def values(self, field: EventField) -> list[str]:
        """Values of an enum field, taken from the state or reason file where it says so."""
        if field.of == "robot_states":
            return self.logged_states
        if field.of == "downtime_reasons":
            return [reason.name for reason in self.downtime_reasons]
        return list(field.of or [])

    def words_meaning(self, name: str, meaning: str) -> list[str]:
        """Words of the fields of a name that mean what the models ask for, each once."""
        fields = [event.fields[name] for event in self.events if name in event.fields]
        return list(
            dict.fromkeys(
                word for field in fields for word, what in field.means.items() if what == meaning
            )
        )

    def distinct_fields(
        self, events: list[Event] | None = None
    ) -> Iterator[tuple[str, EventField]]:
        """Every field name once, with its widest definition among the events."""
        widest: dict[str, EventField] = {}
        for event in events or self.events:
            for name, field in event.fields.items():
                known = widest.get(name)
                if known is None or (field.width or 0) > (known.width or 0):
                    widest[name] = field
        yield from widest.items()
