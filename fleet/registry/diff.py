"""What a change of the registry means for those who read and write the logs.

Each difference between two registries is judged by a rule. A breaking change of an event is allowed
where its version goes up by one; one of an id, a robot state or a downtime reason where the major
number of registry_version goes up.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from fleet.registry.schema import (
    UNITS,
    Event,
    EventField,
    Registry,
    Requirement,
    RobotState,
)
from fleet.registry.targets.common import LARGEST_INT

T = TypeVar("T", bound=Hashable)


class Kind(StrEnum):
    """How much a change asks of others, worst first."""

    BREAKING = "breaking"
    VERSIONED = "breaking, with a new version"
    WARNING = "warning"
    COMPATIBLE = "compatible"


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        rule: id of the rule that judged it.
        where: the row, such as "delivery.pickup_completed, field wait_s".
        told: what changed and how to do it right, the rest of the sentence.
    """

    kind: Kind
    rule: str
    where: str
    told: str

    def __str__(self) -> str:
        return f"{self.rule}  {self.where}: {self.told}."


def compare(base: Registry, now: Registry, today: date) -> list[Change]:
    """The changes from `base` to `now`, worst first; a sunset before `today` has passed."""
    found = [*_compare_events(base, now, today), *_compare_shared(base, now)]
    found += _compare_registry_version(base, now, found)
    order = list(Kind)
    return sorted(found, key=lambda change: order.index(change.kind))


# ---------------------------------------------------------------- events


def _compare_events(base: Registry, now: Registry, today: date) -> Iterator[Change]:
    for name, event in base.by_name.items():
        if name not in now.by_name:
            yield _removed(event, today)
            continue
        changes = list(_compare_event(base, event, now, now.by_name[name]))
        versions = event.version, now.by_name[name].version
        yield from _with_version(name, changes, *versions)
    for name in now.by_name:
        if name not in base.by_name:
            yield Change(Kind.COMPATIBLE, "EVENT_ADDED", name, "is new")


def _removed(event: Event, today: date) -> Change:
    rule = "EVENT_NO_DELETE"
    if event.deprecated is None:
        return Change(
            Kind.BREAKING,
            rule,
            event.name,
            "is gone, but may still be logged; keep it with stability deprecated and a sunset, "
            "and remove it after that day",
        )
    if today <= event.deprecated.sunset:
        return Change(
            Kind.BREAKING,
            rule,
            event.name,
            f"is gone before its sunset; keep it until {event.deprecated.sunset} has passed",
        )
    return Change(Kind.COMPATIBLE, "EVENT_SUNSET", event.name, "is gone after its sunset")


def _with_version(name: str, changes: list[Change], before: int, after: int) -> Iterator[Change]:
    """The changes of an event, those that its new version allows marked so."""
    is_breaking = any(change.kind is Kind.BREAKING for change in changes)
    if after not in (before, before + 1):
        yield Change(
            Kind.BREAKING,
            "EVENT_VERSION_NEXT",
            name,
            f"goes from version {before} to {after}; a version goes up by one, to {before + 1}",
        )
    elif after == before + 1 and not is_breaking:
        yield Change(
            Kind.WARNING,
            "EVENT_VERSION_UNNEEDED",
            name,
            f"has version {after} without a breaking change; leave it at {before}, so that "
            "readers need not look",
        )
    for change in changes:
        if change.kind is not Kind.BREAKING:
            yield change
        elif after == before + 1:
            yield Change(Kind.VERSIONED, change.rule, change.where, change.told)
        else:
            told = f"{change.told}, or raise the event's version to {before + 1}"
            yield Change(Kind.BREAKING, change.rule, change.where, told)


def _compare_event(base: Registry, old: Event, now: Registry, new: Event) -> Iterator[Change]:
    def change(kind: Kind, rule: str, told: str) -> Change:
        return Change(kind, rule, new.name, told)

    yield from _compare_ids(base.event_ids(old), now.event_ids(new), new.name)
    yield from _compare_fields(base, old, now, new)
    if old.roles != new.roles:
        yield change(
            Kind.BREAKING,
            "EVENT_SAME_ROLES",
            "has other roles, so that the marts count it as something else; give the new role to "
            "a new event",
        )
    if old.severity != new.severity:
        yield change(
            Kind.WARNING,
            "EVENT_SEVERITY",
            f"is {new.severity} instead of {old.severity}; look at the monitors that count it",
        )
    if old.deprecated is None and new.deprecated is not None:
        yield change(
            Kind.COMPATIBLE, "EVENT_DEPRECATED", f"is deprecated: {new.deprecated.told()[:-1]}"
        )
    if old.deprecated and new.deprecated and new.deprecated.sunset < old.deprecated.sunset:
        yield change(
            Kind.WARNING,
            "EVENT_SUNSET_EARLIER",
            f"has its sunset on {new.deprecated.sunset} instead of {old.deprecated.sunset}; "
            "tell those who rely on the later day",
        )
    texts = ("brief", "summary", "owner", "mds", "example", "stability")
    changed = [text for text in texts if getattr(old, text) != getattr(new, text)]
    if changed:
        yield change(Kind.COMPATIBLE, "EVENT_TEXT", f"has another {' and '.join(changed)}")


def _compare_ids(
    old: Mapping[str, Requirement], new: Mapping[str, Requirement], name: str
) -> Iterator[Change]:
    for id_name, need in old.items():
        where = f"{name}, id {id_name}"
        if id_name not in new:
            told = "is gone; keep it as optional"
            yield Change(Kind.BREAKING, "FIELD_NO_DELETE", where, told)
        else:
            yield from _compare_need(where, need == "required", new[id_name] == "required")
    for id_name, need in new.items():
        if id_name not in old:
            yield _added(f"{name}, id {id_name}", need == "required")


def _compare_fields(base: Registry, old: Event, now: Registry, new: Event) -> Iterator[Change]:
    added = {name: field for name, field in new.fields.items() if name not in old.fields}
    for name, field in old.fields.items():
        where = f"{new.name}, field {name}"
        if name in new.fields:
            yield from _compare_field(where, base, field, now, new.fields[name])
            continue
        twin = next((other for other in added if _stem(other) == _stem(name)), None)
        if twin is None:
            told = "is gone; keep it as optional"
            yield Change(Kind.BREAKING, "FIELD_NO_DELETE", where, told)
        else:
            told = f"became {twin}, which is another unit; keep {name} and add {twin} as optional"
            yield Change(Kind.BREAKING, "FIELD_SAME_UNIT", where, told)
    for name, field in added.items():
        yield _added(f"{new.name}, field {name}", field.required)


def _stem(name: str) -> str:
    """A field's name without its unit."""
    suffix = next((suffix for suffix in (*UNITS, "_at") if name.endswith(suffix)), "")
    return name.removesuffix(suffix)


def _added(where: str, required: bool) -> Change:
    if required:
        told = (
            "is new and required, but the programs that run now do not send it; add it as optional"
        )
        return Change(Kind.BREAKING, "FIELD_NO_NEW_REQUIRED", where, told)
    return Change(Kind.COMPATIBLE, "FIELD_ADDED", where, "is new")


def _compare_need(where: str, old: bool, new: bool) -> Iterator[Change]:
    if new and not old:
        told = "became required, but the programs that run now may not send it; leave it optional"
        yield Change(Kind.BREAKING, "FIELD_SAME_REQUIREMENT", where, told)
    if old and not new:
        told = "became optional; models and contracts that take it as not null must take nulls"
        yield Change(Kind.WARNING, "FIELD_OPTIONAL", where, told)


def _compare_field(
    where: str, base: Registry, old: EventField, now: Registry, new: EventField
) -> Iterator[Change]:
    if old.type != new.type:
        told = f"is {new.type} instead of {old.type}; keep it and add a field of another name"
        yield Change(Kind.BREAKING, "FIELD_SAME_TYPE", where, told)
    yield from _compare_need(where, old.required, new.required)
    if old.type == new.type:
        yield from _compare_bounds(where, old, new)
    # A list that events share is judged once, as states or reasons.
    if old.type == new.type == "enum" and (old.of != new.of or isinstance(old.of, list)):
        yield from _compare_values(where, base.values(old), now.values(new))
    if old.brief != new.brief:
        yield Change(Kind.COMPATIBLE, "FIELD_TEXT", where, "has another brief")


def _compare_values(where: str, old: list[str], new: list[str]) -> Iterator[Change]:
    gone = [value for value in old if value not in new]
    if gone:
        told = f"no longer takes {', '.join(gone)}; keep what programs that run now may send"
        yield Change(Kind.BREAKING, "FIELD_ENUM_NO_DELETE", where, told)
    added = [value for value in new if value not in old]
    if added:
        told = f"also takes {', '.join(added)}; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "FIELD_ENUM_ADDED", where, told)


def _compare_bounds(where: str, old: EventField, new: EventField) -> Iterator[Change]:
    tighter: list[str] = []
    wider: list[str] = []
    for word, sign in (("min", -1), ("max", 1)):
        before, after = _bound(old, word), _bound(new, word)
        if before != after:
            told = f"{word} from {before:g} to {after:g}"
            (wider if sign * after > sign * before else tighter).append(told)
    if tighter:
        told = f"has a tighter {' and '.join(tighter)}; leave the bound as it was"
        yield Change(Kind.BREAKING, "FIELD_BOUNDS_NO_TIGHTEN", where, told)
    if wider:
        told = f"has a wider {' and '.join(wider)}"
        yield Change(Kind.COMPATIBLE, "FIELD_BOUNDS_WIDER", where, told)
    if new.type in ("string", "list[string]") and new.length < old.length:
        told = f"takes {new.length} characters instead of {old.length}; leave it at {old.length}"
        yield Change(Kind.BREAKING, "FIELD_LENGTH_NO_SHORTEN", where, told)
    if new.type in ("string", "list[string]") and new.length > old.length:
        told = (
            f"takes {new.length} characters instead of {old.length}; rebuild the tables that "
            "hold it with --full-refresh, their columns are too narrow"
        )
        yield Change(Kind.WARNING, "FIELD_LENGTH_LONGER", where, told)


def _bound(field: EventField, word: str) -> float:
    bound: float | None = getattr(field, word)
    return (-LARGEST_INT if word == "min" else LARGEST_INT) if bound is None else bound


# ---------------------------------------------------------------- ids, states and reasons


def _compare_shared(base: Registry, now: Registry) -> Iterator[Change]:
    changes = [*_compare_id_kinds(base, now), *_compare_states(base, now)]
    changes += _compare_reasons(base, now)
    allowed = _numbers(now)[0] > _numbers(base)[0]
    next_major = f"{_numbers(base)[0] + 1}.0.0"
    for change in changes:
        if change.kind is not Kind.BREAKING:
            yield change
        elif allowed:
            yield Change(Kind.VERSIONED, change.rule, change.where, change.told)
        else:
            told = f"{change.told}, or raise registry_version to {next_major}"
            yield Change(Kind.BREAKING, change.rule, change.where, told)


def _compare_id_kinds(base: Registry, now: Registry) -> Iterator[Change]:
    for name, kind in base.ids.items():
        where = f"id {name}"
        if name not in now.ids:
            yield Change(Kind.BREAKING, "ID_NO_DELETE", where, "is gone; keep it")
        elif kind.prefix != now.ids[name].prefix:
            told = (
                f"starts with {now.ids[name].prefix or 'anything'} instead of "
                f"{kind.prefix or 'anything'}, as every line so far does; leave the prefix"
            )
            yield Change(Kind.BREAKING, "ID_SAME_PREFIX", where, told)
        elif kind.brief != now.ids[name].brief:
            yield Change(Kind.COMPATIBLE, "ID_TEXT", where, "has another brief")
    for name in _new(base.ids, now.ids):
        yield Change(Kind.COMPATIBLE, "ID_ADDED", f"id {name}", "is new")


def _compare_states(base: Registry, now: Registry) -> Iterator[Change]:
    before = {state.name: state for state in base.robot_states}
    after = {state.name: state for state in now.robot_states}
    for name, state in before.items():
        where = f"state {name}"
        if name not in after or (after[name].derived and not state.derived):
            told = "can no longer be logged, but robots that run now do; keep it"
            yield Change(Kind.BREAKING, "STATE_NO_DELETE", where, told)
        else:
            yield from _compare_state(where, state, after[name])
    for name in _new(before, after):
        told = "is new; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "STATE_ADDED", f"state {name}", told)
    for source, target in _new(now.transitions, base.transitions):
        if source in after and target in after:
            told = f"is no longer entered from {source}; sessions will show it as illegal"
            yield Change(Kind.WARNING, "TRANSITION_REMOVED", f"state {target}", told)
    for source, target in _new(base.transitions, now.transitions):
        if source in before and target in before:
            told = f"is also entered from {source}"
            yield Change(Kind.COMPATIBLE, "TRANSITION_ADDED", f"state {target}", told)


def _compare_state(where: str, old: RobotState, new: RobotState) -> Iterator[Change]:
    if (old.usable, old.activity) != (new.usable, new.activity):
        told = (
            f"counts as usable {new.usable} ({new.activity}) instead of {old.usable} "
            f"({old.activity}), which changes the supply hours of the past; make it a new state"
        )
        yield Change(Kind.BREAKING, "STATE_SAME_USABLE", where, told)
    measured = ("state_class", "operating", "expects_heartbeat")
    changed = [word for word in measured if getattr(old, word) != getattr(new, word)]
    if changed:
        told = (
            f"has another {' and '.join(changed)}, which changes the downtime and MTBF of the "
            "past; make it a new state"
        )
        yield Change(Kind.BREAKING, "STATE_SAME_CLASS", where, told)
    texts = [
        word for word in ("brief", "mds_vehicle_state") if getattr(old, word) != getattr(new, word)
    ]
    if texts:
        told = f"has another {' and '.join(texts)}"
        yield Change(Kind.COMPATIBLE, "STATE_TEXT", where, told)


def _compare_reasons(base: Registry, now: Registry) -> Iterator[Change]:
    before = {reason.name: reason for reason in base.downtime_reasons}
    after = {reason.name: reason for reason in now.downtime_reasons}
    for name, reason in before.items():
        where = f"reason {name}"
        if name not in after:
            told = "is gone, but robots that run now send it; keep it"
            yield Change(Kind.BREAKING, "REASON_NO_DELETE", where, told)
        elif reason.reason_class != after[name].reason_class:
            told = (
                f"is {after[name].reason_class} instead of {reason.reason_class}, which changes "
                "the downtime of the past; make it a new reason"
            )
            yield Change(Kind.BREAKING, "REASON_SAME_CLASS", where, told)
        elif reason.brief != after[name].brief:
            yield Change(Kind.COMPATIBLE, "REASON_TEXT", where, "has another brief")
    for name in _new(before, after):
        told = "is new; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "REASON_ADDED", f"reason {name}", told)


def _new(old: Iterable[T], new: Iterable[T]) -> list[T]:
    known = set(old)
    return [item for item in new if item not in known]


# ---------------------------------------------------------------- registry_version


def _compare_registry_version(
    base: Registry, now: Registry, changes: list[Change]
) -> Iterator[Change]:
    """Each line carries registry_version, so that two registries must not share one."""
    if not changes:
        return
    major, minor, patch = _numbers(base)
    if any(change.kind in (Kind.BREAKING, Kind.VERSIONED) for change in changes):
        least, what = (major + 1, 0, 0), "breaking changes"
    elif all(change.rule.endswith("_TEXT") for change in changes):
        least, what = (major, minor, patch + 1), "other texts"
    else:
        least, what = (major, minor + 1, 0), "additions"
    if _numbers(now) < least:
        told = f"is {now.version}, but {what} ask for {'.'.join(map(str, least))}"
        yield Change(Kind.WARNING, "REGISTRY_VERSION_NEXT", "registry_version", told)


def _numbers(registry: Registry) -> tuple[int, ...]:
    return tuple(int(number) for number in registry.version.split("."))
