"""How rows of the marts are put into words, in a terminal and on the page alike."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from fleet.lookup.stores import Row
from fleet.registry_constants import FUNNEL_STEPS

GAP_SECONDS = 300
# Stages of the funnel: name, when it was reached, how long the leg to it took.
STEPS = tuple((step.title, step.column, step.leg) for step in FUNNEL_STEPS if step.count)
ERROR_MARK, TAKEOVER_MARK = "✗", "▲"


def plain(value: object) -> str:
    """Text of a log or of a user without control characters: they could drive the terminal."""
    text = "" if value is None else str(value)
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "�"
        for character in text
    )


def clock(at: datetime | None) -> str:
    """Time of day in milliseconds; a dash for none."""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}" if at else "–"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def span(seconds: Decimal | float | None) -> str:
    """Seconds as 12.3 s, 4 min 05 s or 1 h 02 min."""
    if seconds is None:
        return "–"
    whole = round(float(seconds))
    if abs(whole) < 60:
        return f"{float(seconds):.1f} s"
    if abs(whole) < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def nearest_error(delivery: Row) -> str:
    """How far the nearest error was from the arrival at the customer; empty without both."""
    seconds = delivery["seconds_from_error_to_arrival"]
    if seconds is None:
        return ""
    side = "before" if seconds >= 0 else "after"
    return f"{span(abs(seconds))} {side} the arrival at the customer"


def mark(event: Row) -> str:
    """✗ for an error, ▲ where a pilot took or gave back control, else nothing."""
    if event["is_error"]:
        return ERROR_MARK
    return TAKEOVER_MARK if event["event_name"] == "pilot.control_changed" else ""


def is_gap(earlier: datetime, later: datetime) -> bool:
    return (later - earlier).total_seconds() >= GAP_SECONDS


def fold_heartbeats(events: list[Row]) -> list[Row]:
    """Runs of heartbeats as one row each, with how many there were; a gap ends a run."""
    folded: list[Row] = []
    for event in events:
        if event["event_name"] != "robot.heartbeat":
            folded.append(event)
            continue
        last = folded[-1] if folded else {}
        if last.get("heartbeats") and not is_gap(last["last_at"], event["event_at"]):
            last["heartbeats"] += 1
            last["last_at"] = event["event_at"]
        else:
            folded.append({**event, "heartbeats": 1, "last_at": event["event_at"]})
    return folded
