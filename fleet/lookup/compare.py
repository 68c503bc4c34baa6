"""Two deliveries on one clock: which events both have, and what one lacks, repeats or moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from fleet.lookup.stores import Row
from fleet.lookup.story_rows import HEARTBEAT
from fleet.lookup.wording import STEPS, span

ROUTINE = frozenset({HEARTBEAT, "telemetry.emitter_restarted"})


@dataclass(frozen=True)
class Pair:
    """An event of the first delivery beside the same one of the second; None where one lacks it.

    Attributes:
        said: skipped, only here, repeated or out of order; empty where both have it.
        because: whether that really happened, as far as the log tells.
    """

    first: Row | None
    second: Row | None
    said: str = ""
    because: str = ""


def compare(first: Sequence[Row], second: Sequence[Row], gaps: Sequence[Row]) -> list[Pair]:
    """The events of two sessions side by side, heartbeats left out.

    `gaps`: rows of emitter_gaps that overlap the first session.
    """
    left, right = (
        [row for row in rows if row["event_name"] not in ROUTINE] for rows in (first, second)
    )
    names, other_names = ([str(row["event_name"]) for row in events] for events in (left, right))
    own, other = Counter(names), Counter(other_names)
    pairs: list[Pair] = []
    for tag, start, end, from_second, to_second in SequenceMatcher(
        None, names, other_names, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            pairs += [
                Pair(one, same)
                for one, same in zip(left[start:end], right[from_second:to_second], strict=True)
            ]
            continue
        pairs += [Pair(row, None, *_extra(row, own, other)) for row in left[start:end]]
        pairs += [
            Pair(None, row, *_missing(row, own, other, gaps))
            for row in right[from_second:to_second]
        ]
    return pairs


def _extra(row: Row, own: Counter[str], other: Counter[str]) -> tuple[str, str]:
    """What an event is that stands only in the first session at this place."""
    name = row["event_name"]
    if own[name] > other[name] > 0:
        return "repeated", "real: it has a line of its own"
    if other[name]:
        return "out of order", _moved(row)
    return "only here", "real: it has a line of its own"


def _missing(
    row: Row, own: Counter[str], other: Counter[str], gaps: Sequence[Row]
) -> tuple[str, str]:
    """What the first session lacks at this place."""
    name = row["event_name"]
    if own[name] >= other[name]:
        return "out of order", ""
    lost = [gap for gap in gaps if gap["service"] == row["service"]]
    if lost:
        count = sum(gap["missing_count"] for gap in lost)
        return "skipped", f"perhaps a lost line: {row['service']} lost {count:,} then"
    return "skipped", "real: no line of this service is missing"


def _moved(row: Row) -> str:
    if row["time_source"] and row["time_source"] != "occurred_at":
        return f"perhaps a clock: its time is from {row['time_source']}"
    if row["event_at_uncertainty_ms"]:
        return f"perhaps a clock: its time may be off by {row['event_at_uncertainty_ms']:,} ms"
    return "real: its clock is believed"


def since_milestone(delivery: Row, at: datetime) -> str:
    """Time since the last milestone of a delivery, such as `Pickup + 1 min 05 s`."""
    reached = [(delivery[column], name) for name, column, _ in STEPS if delivery[column]]
    passed = [one for one in reached if one[0] <= at]
    since, name = max(passed) if passed else (delivery["started_at"], "Start")
    return f"{name} + {span((at - since).total_seconds())}"
