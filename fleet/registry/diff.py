"""What a change of the registry means for those who read and write the logs.

Each difference between two registries is judged by a rule: see diff_events and diff_shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fleet.registry.changes import Change, Kind
from fleet.registry.diff_events import compare_events
from fleet.registry.diff_shared import compare_shared
from fleet.registry.schema import Registry


def compare(base: Registry, now: Registry, today: date) -> list[Change]:
    """The changes from `base` to `now`, worst first; a sunset before `today` has passed."""
    found = [*compare_events(base, now, today), *compare_shared(base, now)]
    found += _compare_registry_version(base, now, found)
    order = list(Kind)
    return sorted(found, key=lambda change: order.index(change.kind))


def _compare_registry_version(
    base: Registry, now: Registry, changes: list[Change]
) -> Iterator[Change]:
    """Each line carries registry_version, so that two registries must not share one."""
    if not changes:
        return
    major, minor, patch = base.version_numbers
    if any(change.kind in (Kind.BREAKING, Kind.VERSIONED) for change in changes):
        least, what = (major + 1, 0, 0), "breaking changes"
    elif all(change.rule.endswith("_TEXT") for change in changes):
        least, what = (major, minor, patch + 1), "other texts"
    else:
        least, what = (major, minor + 1, 0), "additions"
    if now.version_numbers < least:
        text = f"is {now.version}, but {what} ask for {'.'.join(map(str, least))}"
        yield Change(Kind.WARNING, "REGISTRY_VERSION_NEXT", "registry_version", text)
