"""How `fleet session` puts rows of the marts on the screen."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fleet_events.session.marts import Row

GAP_SECONDS = 300


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


def header(delivery: Row) -> Panel:
    """Outcome, cause, funnel legs and neighbours of one delivery."""

    def named(column: str) -> str:
        return plain(delivery[column]) or "–"

    lines = Text()
    outcome = named("outcome")
    style = {"completed": "bold green", "open": "bold"}.get(outcome, "bold red")
    lines.append(outcome.upper(), style)
    if delivery["outcome_event_name"]:
        lines.append(f" by {named('outcome_event_name')}")
        if delivery["outcome_reason"]:
            lines.append(f" ({named('outcome_reason')})")
        lines.append(f" at {clock(delivery['ended_at'])} UTC")
    lines.append(
        f"\norder {named('order_id')}   merchant {named('merchant_id')}   robot {named('robot_id')}"
    )
    if delivery["robot_count"] > 1:
        lines.append(f" (the last of {delivery['robot_count']})")
    lines.append(f"   market {named('market')}")
    if delivery["probable_cause"]:
        lines.append("\nprobable cause  ", "dim")
        lines.append(named("probable_cause_sentence"), "bold")
    if delivery["first_error_code"]:
        lines.append("\nfirst error     ", "dim")
        lines.append(f"{named('first_error_code')} at {clock(delivery['first_error_at'])}")
    nearest_error = delivery["seconds_from_error_to_arrival"]
    if nearest_error is not None:
        side = "before" if nearest_error >= 0 else "after"
        lines.append("\nnearest error   ", "dim")
        lines.append(f"{span(abs(nearest_error))} {side} the arrival at the customer")
    lines.append("\nOrder ", "dim")
    lines.append(clock(delivery["order_created_at"]))
    for name, at, leg in (
        ("Dispatch", "dispatched_at", "order_to_dispatch_seconds"),
        ("Pickup", "pickup_completed_at", "dispatch_to_pickup_seconds"),
        ("Dropoff", "dropoff_completed_at", "pickup_to_dropoff_seconds"),
    ):
        lines.append(f"  → {span(delivery[leg])} →  ", "dim")
        lines.append(f"{name} ", "dim")
        lines.append(clock(delivery[at]))
    if delivery["missing_steps"]:
        lines.append(f"\nnot in the log: {named('missing_steps')}")
    lines.append(
        f"\n{counted(delivery['event_count'], 'event')}, "
        f"{counted(delivery['error_count'], 'error')}, "
        f"{counted(delivery['takeover_count'], 'takeover')}   before on this robot "
        f"{named('previous_delivery_id')}, after {named('next_delivery_id')}",
        "dim",
    )
    title = Text(f"delivery {named('delivery_id')}, {delivery['started_at']:%Y-%m-%d}")
    return Panel(lines, title=title, title_align="left", expand=False)


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
        if last.get("heartbeats") and not is_gap(last["last_at"], event["at"]):
            last["heartbeats"] += 1
            last["last_at"] = event["at"]
        else:
            folded.append({**event, "heartbeats": 1, "last_at": event["at"]})
    return folded


def timeline(events: list[Row], with_match: bool, every: bool) -> Table:
    """Events in order, marked ✗ for an error and ▲ where a pilot took or gave back control.

    `with_match`: rows of one delivery, with the time since its start and how each was matched;
    otherwise the delivery that the event names. `every`: heartbeats one by one.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("time UTC", no_wrap=True)
    if with_match:
        table.add_column("since start", justify="right", no_wrap=True)
    table.add_column("event", no_wrap=True)
    table.add_column("what it means", overflow="fold")
    table.add_column("robot state", no_wrap=True)
    table.add_column("matched by" if with_match else "delivery", no_wrap=True)
    before: Row | None = None
    for event in events if every else fold_heartbeats(events):
        at: datetime = event["at"]
        last_at = before.get("last_at", before["at"]) if before else None
        if last_at and at.date() != last_at.date():
            table.add_row(Text(f"{at:%Y-%m-%d}", "dim"))
        if last_at and is_gap(last_at, at):
            gap = Text(f"· {span((at - last_at).total_seconds())} without an event", "dim")
            table.add_row(*[""] * (2 if with_match else 1), gap)
        before = event
        heartbeats = event.get("heartbeats", 0)
        mark, style = "  ", "dim" if heartbeats else ""
        if event["event_name"] == "pilot.control_changed":
            mark, style = "▲ ", "magenta"
        if event["is_error"]:
            mark, style = "✗ ", "bold red"
        times = f" × {heartbeats}" if heartbeats > 1 else ""
        cells = [clock(at)]
        if with_match:
            cells.append(f"+{float(event['seconds_since_start']):.1f} s")
        cells += [mark + plain(event["event_name"]) + times]
        cells += [plain(event["summary"]), plain(event["robot_state"])]
        if with_match:
            ambiguous = " (ambiguous)" if event["is_ambiguous"] else ""
            cells.append(plain(event["match_method"]) + ambiguous)
        else:
            cells.append(plain(event["delivery_id"]))
        # Text, because rich reads square brackets of a str as its markup.
        table.add_row(*map(Text, cells), style=style)
    return table


def failed_list(deliveries: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("delivery", "started UTC", "outcome", "reason", "probable cause", "robot"):
        table.add_column(name)
    table.add_column("errors", justify="right")
    for row in deliveries:
        cells = [plain(row["delivery_id"]), moment(row["started_at"]), plain(row["outcome"])]
        cells += [plain(row[name]) for name in ("outcome_reason", "probable_cause", "robot_id")]
        table.add_row(*map(Text, cells), Text(str(row["error_count"])))
    return table
