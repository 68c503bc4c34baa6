"""How rows of the marts are put into words, in a terminal and on the page alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from fleet.lookup.stores import Row
from fleet.registry_constants import FUNNEL_STEPS

# Events of a robot belong to a delivery for minutes after its end, and lines take minutes to land.
SETTLED_AFTER = timedelta(minutes=15)

# Of what a user typed, in a message.
MOST_REPEATED = 64

# Stages of the funnel: name, when it was reached, how long the leg to it took.
STEPS = tuple((step.title, step.column, step.leg) for step in FUNNEL_STEPS if step.count)


def plain(value: object) -> str:
    """Text of a log or of a user without control characters: they could drive the terminal."""
    text = "" if value is None else str(value)
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "�"
        for character in text
    )


def shortened(text: str) -> str:
    """Text of a user for a sentence that refuses it: its beginning, if it is long."""
    return plain(text if len(text) <= MOST_REPEATED else f"{text[:MOST_REPEATED]}…")


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


def age(at: datetime, now: datetime) -> str:
    """How long ago something was, such as `12.3 s old`."""
    return f"{span(max(0.0, (now - at).total_seconds()))} old"


def incomplete(delivery: Row, loaded_until: datetime | None) -> str:
    """Why a session may lack events that are still to be loaded, in one sentence; else empty.

    `loaded_until`: when the newest loaded event happened, UTC; None where none is loaded.
    """
    if loaded_until is None:
        return ""
    if delivery["outcome"] == "unknown":
        return ""
    if delivery["outcome"] == "open":
        return (
            "The delivery was still open when the newest loaded event happened: what came after "
            "may not be loaded yet."
        )
    behind = loaded_until - (delivery["outcome_at"] or delivery["last_event_at"])
    if behind < SETTLED_AFTER:
        seconds = max(0.0, behind.total_seconds())
        return (
            f"It ended {span(seconds)} before the newest loaded event: its last events may still "
            "be on their way."
        )
    return ""


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def inferred(delivery: Row) -> list[str]:
    """What the log does not say of a delivery and was concluded from other lines, in sentences."""
    found = []
    if delivery["outcome"] == "unknown":
        at = moment(delivery["last_event_at"])
        found.append(f"No line says how it ended; the last of its story is of {at} UTC.")
    elif delivery["outcome_basis"] == "inferred":
        found.append(
            f"That it was {delivery['outcome']} is inferred: its own ending is not in the log."
        )
    if delivery["window_basis"] == "inferred" and delivery["outcome"] != "open":
        found.append(
            "When the robot had it is inferred: a line of its assignment or end is not in the log."
        )
    return found


def nearest_error(delivery: Row) -> str:
    """How far the nearest error was from the arrival at the customer; empty without both."""
    seconds = delivery["seconds_from_error_to_arrival"]
    if seconds is None:
        return ""
    side = "before" if seconds >= 0 else "after"
    return f"{span(abs(seconds))} {side} the arrival at the customer"


def verdict(delivery: Row) -> str:
    """Why a delivery ended as it did, in a sentence."""
    if delivery["probable_cause_sentence"]:
        return plain(delivery["probable_cause_sentence"])
    outcome = plain(delivery["outcome"])
    if outcome == "open":
        return "No event has ended it yet."
    if outcome == "unknown":
        return "Nothing in the log tells how it ended."
    if delivery["order_to_dropoff_seconds"] is None:
        return "Delivered."
    return f"Delivered in {span(delivery['order_to_dropoff_seconds'])} from the order."
