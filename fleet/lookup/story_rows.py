"""Rows of a story as every table shows them: events, runs of heartbeats, silences between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fleet.lookup.stores import Row
from fleet.lookup.wording import plain

# As the dbt var silence_timeout_minutes.
GAP_SECONDS = 300
HEARTBEAT = "robot.heartbeat"
ERROR_MARK, TAKEOVER_MARK = "✗", "▲"


@dataclass(frozen=True)
class EventRow:
    """An event, or a run of heartbeats under the first of them.

    Attributes:
        event: row of event_timeline or delivery_session_events.
        last_at: when the run ended; the event's own time where it is none.
        heartbeats: how many the run has; 0 where the row is none.
    """

    event: Row
    last_at: datetime
    heartbeats: int = 0

    @property
    def at(self) -> datetime:
        at: datetime = self.event["event_at"]
        return at

    @property
    def mark(self) -> str:
        return mark(self.event)

    @property
    def name(self) -> str:
        """The event's name, and how many there are in a run."""
        times = f" × {self.heartbeats}" if self.heartbeats > 1 else ""
        return plain(self.event["event_name"]) + times

    @property
    def since_start(self) -> str:
        """Time since the session began; only delivery_session_events knows it."""
        return f"+{float(self.event['seconds_since_start']):.1f} s"

    @property
    def matched_by(self) -> str:
        """How the event found its delivery; only delivery_session_events knows it."""
        inferred = " (inferred)" if self.event["match_basis"] == "inferred" else ""
        ambiguous = " (ambiguous)" if self.event["is_ambiguous"] else ""
        return plain(self.event["match_method"]) + inferred + ambiguous


@dataclass(frozen=True)
class Gap:
    """A stretch of time in which no event happened."""

    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()


def mark(event: Row) -> str:
    """✗ for an error, ▲ for a pilot taking over, else nothing."""
    if event["is_error"]:
        return ERROR_MARK
    return TAKEOVER_MARK if event["is_takeover"] else ""


def is_gap(earlier: datetime, later: datetime) -> bool:
    return (later - earlier).total_seconds() >= GAP_SECONDS


def story_rows(
    events: Iterable[Row], every: bool = False, with_gaps: bool = True
) -> list[EventRow | Gap]:
    """Rows of events that are in order of time; a gap ends a run of heartbeats.

    `every`: heartbeats one by one. `with_gaps`: false where events were left out, which would look
    like silences.
    """
    rows: list[EventRow | Gap] = []
    last: EventRow | None = None
    for event in events:
        at: datetime = event["event_at"]
        is_silent = last is not None and is_gap(last.last_at, at)
        folds = not every and event["event_name"] == HEARTBEAT
        if last and last.heartbeats and folds and not is_silent:
            last = rows[-1] = replace(last, last_at=at, heartbeats=last.heartbeats + 1)
            continue
        if last and is_silent and with_gaps:
            rows.append(Gap(last.last_at, at))
        last = EventRow(event, at, heartbeats=1 if folds else 0)
        rows.append(last)
    return rows
