"""Rules for changes of events.

Breaking ones are allowed where the version of the event goes up by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from fleet.registry.changes import Change, Kind
from fleet.registry.schema import LARGEST_INT, UNITS, Event, EventField, Registry, Requirement


def compare_events(base: Registry, now: Registry, today: date) -> Iterator[Change]:
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
            f"has version {after} without a breaking change; right where a field means something "
            f"else from now on, else leave it at {before}, so that readers need not look",
        )
    for change in changes:
        if change.kind is not Kind.BREAKING:
            yield change
        elif after == before + 1:
            yield Change(Kind.VERSIONED, change.rule, change.where, change.text)
        else:
            text = f"{change.text}, or raise the event's version to {before + 1}"
            yield Change(Kind.BREAKING, change.rule, change.where, text)


def _compare_event(base: Registry, old: Event, now: Registry, new: Event) -> Iterator[Change]:
    def change(kind: Kind, rule: str, text: str) -> Change:
        return Change(kind, rule, new.name, text)

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
            Kind.COMPATIBLE, "EVENT_DEPRECATED", f"is deprecated: {new.deprecated.sentence[:-1]}"
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
            text = "is gone; keep it as optional"
            yield Change(Kind.BREAKING, "FIELD_NO_DELETE", where, text)
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
            text = "is gone; keep it as optional"
            yield Change(Kind.BREAKING, "FIELD_NO_DELETE", where, text)
        else:
            text = f"became {twin}, which is another unit; keep {name} and add {twin} as optional"
            yield Change(Kind.BREAKING, "FIELD_SAME_UNIT", where, text)
    for name, field in added.items():
        yield _added(f"{new.name}, field {name}", field.required)


def _stem(name: str) -> str:
    """A field's name without its unit."""
    suffix = next((suffix for suffix in (*UNITS, "_at") if name.endswith(suffix)), "")
    return name.removesuffix(suffix)


def _added(where: str, required: bool) -> Change:
    if required:
        text = (
            "is new and required, but the programs that run now do not send it; add it as optional"
        )
        return Change(Kind.BREAKING, "FIELD_NO_NEW_REQUIRED", where, text)
    return Change(Kind.COMPATIBLE, "FIELD_ADDED", where, "is new")


def _compare_need(where: str, old: bool, new: bool) -> Iterator[Change]:
    if new and not old:
        text = "became required, but the programs that run now may not send it; leave it optional"
        yield Change(Kind.BREAKING, "FIELD_SAME_REQUIREMENT", where, text)
    if old and not new:
        text = "became optional; models and contracts that take it as not null must take nulls"
        yield Change(Kind.WARNING, "FIELD_OPTIONAL", where, text)


def _compare_field(
    where: str, base: Registry, old: EventField, now: Registry, new: EventField
) -> Iterator[Change]:
    if old.type != new.type:
        text = f"is {new.type} instead of {old.type}; keep it and add a field of another name"
        yield Change(Kind.BREAKING, "FIELD_SAME_TYPE", where, text)
    yield from _compare_need(where, old.required, new.required)
    if old.type == new.type:
        yield from _compare_bounds(where, old, new)
    # A list that events share is judged once, as states or reasons.
    if old.type == new.type == "enum" and (old.of != new.of or isinstance(old.of, list)):
        yield from _compare_values(where, base.values(old), now.values(new))
    if old.means != new.means:
        words = sorted(
            word
            for word in old.means.keys() | new.means.keys()
            if old.means.get(word) != new.means.get(word)
        )
        text = f"takes {', '.join(words)} for something else, which changes causes of the past"
        yield Change(Kind.WARNING, "FIELD_MEANS", where, text)
    if old.brief != new.brief:
        yield Change(Kind.COMPATIBLE, "FIELD_TEXT", where, "has another brief")


def _compare_values(where: str, old: list[str], new: list[str]) -> Iterator[Change]:
    gone = [value for value in old if value not in new]
    if gone:
        text = f"no longer takes {', '.join(gone)}; keep what programs that run now may send"
        yield Change(Kind.BREAKING, "FIELD_ENUM_NO_DELETE", where, text)
    added = [value for value in new if value not in old]
    if added:
        text = f"also takes {', '.join(added)}; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "FIELD_ENUM_ADDED", where, text)


def _compare_bounds(where: str, old: EventField, new: EventField) -> Iterator[Change]:
    tighter: list[str] = []
    wider: list[str] = []
    for word, sign in (("min", -1), ("max", 1)):
        before, after = _bound(old, word), _bound(new, word)
        if before != after:
            text = f"{word} from {before:g} to {after:g}"
            (wider if sign * after > sign * before else tighter).append(text)
    if tighter:
        text = f"has a tighter {' and '.join(tighter)}; leave the bound as it was"
        yield Change(Kind.BREAKING, "FIELD_BOUNDS_NO_TIGHTEN", where, text)
    if wider:
        text = f"has a wider {' and '.join(wider)}"
        yield Change(Kind.COMPATIBLE, "FIELD_BOUNDS_WIDER", where, text)
    if new.type in ("string", "list[string]") and new.length < old.length:
        text = f"takes {new.length} characters instead of {old.length}; leave it at {old.length}"
        yield Change(Kind.BREAKING, "FIELD_LENGTH_NO_SHORTEN", where, text)
    if new.type in ("string", "list[string]") and new.length > old.length:
        text = (
            f"takes {new.length} characters instead of {old.length}; rebuild the tables that "
            "hold it with --full-refresh, their columns are too narrow"
        )
        yield Change(Kind.WARNING, "FIELD_LENGTH_LONGER", where, text)


def _bound(field: EventField, word: str) -> float:
    bound: float | None = getattr(field, word)
    return (-LARGEST_INT if word == "min" else LARGEST_INT) if bound is None else bound
