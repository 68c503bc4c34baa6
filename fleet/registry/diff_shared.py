"""Rules for changes of what events share: ids, envelope, states, reasons and steps.

Breaking ones are allowed where the major number of registry_version goes up.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from fleet.registry.changes import Change, Kind
from fleet.registry.schema import EnvelopeKey, Registry, RobotState

T = TypeVar("T", bound=Hashable)


def compare_shared(base: Registry, now: Registry) -> Iterator[Change]:
    changes = [
        *_compare_id_kinds(base, now),
        *_compare_envelope(base, now),
        *_compare_states(base, now),
        *_compare_reasons(base, now),
        *_compare_quarantine_reasons(base, now),
        *_compare_steps(base, now),
    ]
    allowed = now.version_numbers[0] > base.version_numbers[0]
    next_major = f"{base.version_numbers[0] + 1}.0.0"
    for change in changes:
        if change.kind is not Kind.BREAKING:
            yield change
        elif allowed:
            yield Change(Kind.VERSIONED, change.rule, change.where, change.text)
        else:
            text = f"{change.text}, or raise registry_version to {next_major}"
            yield Change(Kind.BREAKING, change.rule, change.where, text)


def _compare_id_kinds(base: Registry, now: Registry) -> Iterator[Change]:
    for name, kind in base.ids.items():
        where = f"id {name}"
        if name not in now.ids:
            yield Change(Kind.BREAKING, "ID_NO_DELETE", where, "is gone; keep it")
        elif kind.prefix != now.ids[name].prefix:
            text = (
                f"starts with {now.ids[name].prefix or 'anything'} instead of "
                f"{kind.prefix or 'anything'}, as every line so far does; leave the prefix"
            )
            yield Change(Kind.BREAKING, "ID_SAME_PREFIX", where, text)
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
            text = "can no longer be logged, but robots that run now do; keep it"
            yield Change(Kind.BREAKING, "STATE_NO_DELETE", where, text)
        else:
            yield from _compare_state(where, state, after[name])
    for name in _new(before, after):
        text = "is new; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "STATE_ADDED", f"state {name}", text)
    for source, target in _new(now.transitions, base.transitions):
        if source in after and target in after:
            text = f"is no longer entered from {source}; sessions will show it as illegal"
            yield Change(Kind.WARNING, "TRANSITION_REMOVED", f"state {target}", text)
    for source, target in _new(base.transitions, now.transitions):
        if source in before and target in before:
            text = f"is also entered from {source}"
            yield Change(Kind.COMPATIBLE, "TRANSITION_ADDED", f"state {target}", text)


def _compare_state(where: str, old: RobotState, new: RobotState) -> Iterator[Change]:
    if (old.usable, old.activity) != (new.usable, new.activity):
        text = (
            f"counts as usable {new.usable} ({new.activity}) instead of {old.usable} "
            f"({old.activity}), which changes the supply hours of the past; make it a new state"
        )
        yield Change(Kind.BREAKING, "STATE_SAME_USABLE", where, text)
    measured = ("state_class", "operating", "expects_heartbeat")
    changed = [word for word in measured if getattr(old, word) != getattr(new, word)]
    if changed:
        text = (
            f"has another {' and '.join(changed)}, which changes the downtime and MTBF of the "
            "past; make it a new state"
        )
        yield Change(Kind.BREAKING, "STATE_SAME_CLASS", where, text)
    if set(old.marks) != set(new.marks):
        text = "has other marks, which changes sessions and failures of the past"
        yield Change(Kind.WARNING, "STATE_MARKS", where, text)
    texts = [
        word for word in ("brief", "mds_vehicle_state") if getattr(old, word) != getattr(new, word)
    ]
    if texts:
        text = f"has another {' and '.join(texts)}"
        yield Change(Kind.COMPATIBLE, "STATE_TEXT", where, text)


def _compare_reasons(base: Registry, now: Registry) -> Iterator[Change]:
    before = {reason.name: reason for reason in base.downtime_reasons}
    after = {reason.name: reason for reason in now.downtime_reasons}
    for name, reason in before.items():
        where = f"reason {name}"
        if name not in after:
            text = "is gone, but robots that run now send it; keep it"
            yield Change(Kind.BREAKING, "REASON_NO_DELETE", where, text)
        elif reason.reason_class != after[name].reason_class:
            text = (
                f"is {after[name].reason_class} instead of {reason.reason_class}, which changes "
                "the downtime of the past; make it a new reason"
            )
            yield Change(Kind.BREAKING, "REASON_SAME_CLASS", where, text)
        elif reason.trouble != after[name].trouble:
            text = (
                f"is taken for {after[name].trouble or 'no trouble'} instead of "
                f"{reason.trouble or 'none'}, which changes probable causes of the past"
            )
            yield Change(Kind.WARNING, "REASON_TROUBLE", where, text)
        elif reason.brief != after[name].brief:
            yield Change(Kind.COMPATIBLE, "REASON_TEXT", where, "has another brief")
    for name in _new(before, after):
        text = "is new; look for a `case` in the models that must know"
        yield Change(Kind.WARNING, "REASON_ADDED", f"reason {name}", text)


def _compare_envelope(base: Registry, now: Registry) -> Iterator[Change]:
    for name, key in base.envelope_by_name.items():
        where = f"envelope, key {name}"
        if name not in now.envelope_by_name:
            text = "is gone, but every program that runs now sends it; keep it"
            yield Change(Kind.BREAKING, "ENVELOPE_NO_DELETE", where, text)
        else:
            yield from _compare_key(where, key, now.envelope_by_name[name])
    for name in _new(base.envelope_by_name, now.envelope_by_name):
        where = f"envelope, key {name}"
        if now.envelope_by_name[name].required:
            text = "is new and required, but the programs that run now do not send it"
            yield Change(
                Kind.BREAKING, "ENVELOPE_NO_NEW_REQUIRED", where, f"{text}; add it as optional"
            )
        else:
            yield Change(Kind.COMPATIBLE, "ENVELOPE_ADDED", where, "is new")


def _compare_key(where: str, old: EnvelopeKey, new: EnvelopeKey) -> Iterator[Change]:
    if (old.type, old.column) != (new.type, new.column):
        text = (
            f"is {new.type} in the column {new.column} instead of {old.type} in {old.column}; "
            "keep it and add a key of another name"
        )
        yield Change(Kind.BREAKING, "ENVELOPE_SAME_COLUMN", where, text)
    if new.required and not old.required:
        text = "became required, but the programs that run now may not send it; leave it optional"
        yield Change(Kind.BREAKING, "ENVELOPE_SAME_REQUIREMENT", where, text)
    before, after = old.width or 0, new.width or 0
    if after < before:
        text = f"takes {after} bytes instead of {before}; leave it at {before}"
        yield Change(Kind.BREAKING, "ENVELOPE_WIDTH_NO_SHORTEN", where, text)
    if after > before:
        text = (
            f"takes {after} bytes instead of {before}; rebuild the tables that hold it with "
            "--full-refresh, their columns are too narrow"
        )
        yield Change(Kind.WARNING, "ENVELOPE_WIDTH_LONGER", where, text)
    rest = ("brief", "min", "max", "parts", "staged")
    changed = [word for word in rest if getattr(old, word) != getattr(new, word)]
    if changed:
        text = f"has another {' and '.join(changed)}"
        yield Change(Kind.COMPATIBLE, "ENVELOPE_TEXT", where, text)


def _compare_quarantine_reasons(base: Registry, now: Registry) -> Iterator[Change]:
    before = {reason.name: reason for reason in base.quarantine_reasons}
    after = {reason.name: reason for reason in now.quarantine_reasons}
    for name, reason in before.items():
        where = f"quarantine reason {name}"
        if name not in after:
            text = "is gone, and with it its count in event_reconciliation; keep it"
            yield Change(Kind.BREAKING, "QUARANTINE_NO_DELETE", where, text)
        elif reason != after[name]:
            yield Change(Kind.COMPATIBLE, "QUARANTINE_TEXT", where, "has another text")
    for name in _new(before, after):
        text = "is new; describe its count in the contract of event_reconciliation"
        yield Change(Kind.WARNING, "QUARANTINE_ADDED", f"quarantine reason {name}", text)


def _compare_steps(base: Registry, now: Registry) -> Iterator[Change]:
    before = {step.name: step for step in base.funnel_steps}
    after = {step.name: step for step in now.funnel_steps}
    for name, step in before.items():
        where = f"funnel step {name}"
        if name not in after:
            text = f"is gone, and with it the column {step.column}; keep it"
            yield Change(Kind.BREAKING, "STEP_NO_DELETE", where, text)
        elif step != after[name]:
            yield Change(Kind.COMPATIBLE, "STEP_TEXT", where, "has another text")
    for name in _new(before, after):
        text = "is new; add its column to the models of deliveries"
        yield Change(Kind.WARNING, "STEP_ADDED", f"funnel step {name}", text)


def _new(old: Iterable[T], new: Iterable[T]) -> list[T]:
    known = set(old)
    return [item for item in new if item not in known]
