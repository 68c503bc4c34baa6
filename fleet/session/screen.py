"""How `fleet session` puts rows of the marts on the screen."""

from __future__ import annotations

from datetime import datetime

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fleet.lookup.stores import Row
from fleet.lookup.story_rows import ERROR_MARK, TAKEOVER_MARK, EventRow, Gap, story_rows
from fleet.lookup.wording import (
    STEPS,
    clock,
    counted,
    inferred,
    moment,
    nearest_error,
    plain,
    span,
)

MARK_STYLES = {ERROR_MARK: "bold red", TAKEOVER_MARK: "magenta"}


def header(delivery: Row) -> Panel:
    """Outcome, cause, funnel legs and neighbours of one delivery."""

    def named(column: str) -> str:
        return plain(delivery[column]) or "–"

    lines = Text()
    outcome = named("outcome")
    style = {"completed": "bold green", "open": "bold", "unknown": "bold yellow"}.get(
        outcome, "bold red"
    )
    lines.append(outcome.upper(), style)
    if delivery["outcome_event_name"]:
        lines.append(f" by {named('outcome_event_name')}")
        if delivery["outcome_reason"]:
            lines.append(f" ({named('outcome_reason')})")
        lines.append(f" at {clock(delivery['outcome_at'])} UTC")
    if delivery["ended_by"]:
        lines.append(f", ended by {named('ended_by')}")
    lines.append(
        f"\norder {named('order_id')}   merchant {named('merchant_id')}   robot {named('robot_id')}"
    )
    if delivery["robot_count"] > 1:
        lines.append(f" (of {delivery['robot_count']})")
    lines.append(f"   market {named('market')}")
    if delivery["probable_cause"]:
        lines.append("\nprobable cause  ", "dim")
        lines.append(named("probable_cause_sentence"), "bold")
    if delivery["first_error_code"]:
        lines.append("\nfirst error     ", "dim")
        lines.append(f"{named('first_error_code')} at {clock(delivery['first_error_at'])}")
    if nearest := nearest_error(delivery):
        lines.append("\nnearest error   ", "dim")
        lines.append(nearest)
    lines.append("\n")
    for name, at, leg in STEPS:
        lines.append(f"  → {span(delivery[leg])} →  " if leg else "", "dim")
        lines.append(f"{name} ", "dim")
        lines.append(clock(delivery[at]))
    if delivery["missing_steps"]:
        lines.append(f"\nnot in the log: {named('missing_steps')}")
    for sentence in inferred(delivery):
        lines.append(f"\n{sentence}", "yellow")
    lines.append(
        f"\n{counted(delivery['event_count'], 'event')}, "
        f"{counted(delivery['error_count'], 'error')}, "
        f"{counted(delivery['takeover_count'], 'takeover')}   before on this robot "
        f"{named('previous_delivery_id')}, after {named('next_delivery_id')}",
        "dim",
    )
    title = Text(f"delivery {named('delivery_id')}, {delivery['started_at']:%Y-%m-%d}")
    return Panel(lines, title=title, title_align="left", expand=False)


# Columns of a timeline beside time, event and meaning, and how wide a screen needs to be for them.
WIDTHS = {"since start": 100, "robot state": 110, "matched by": 130, "delivery": 110}


def timeline(events: list[Row], with_match: bool, every: bool, width: int) -> Table:
    """Events in order, marked ✗ for an error and ▲ for a pilot taking over.

    `with_match`: rows of one delivery, with the time since its start and how each was matched;
    otherwise the delivery that the event names. `every`: heartbeats one by one. `width`: of the
    screen in characters; what the events mean comes last and goes last.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    last = "matched by" if with_match else "delivery"
    wanted = ("since start", "robot state", last) if with_match else ("robot state", last)
    shown = [name for name in wanted if width >= WIDTHS[name]]
    table.add_column("time UTC", no_wrap=True)
    if "since start" in shown:
        table.add_column("since start", justify="right", no_wrap=True)
    table.add_column("event", no_wrap=True)
    for name in shown:
        if name != "since start":
            table.add_column(name, no_wrap=True)
    table.add_column("what it means", overflow="fold", min_width=20)
    last_at: datetime | None = None
    rows = story_rows(events, every)
    days = {row.at.date() for row in rows if isinstance(row, EventRow)}
    for row in rows:
        at = row.ended_at if isinstance(row, Gap) else row.at
        if len(days) > 1 and (last_at is None or at.date() != last_at.date()):
            table.add_row(Text(f"{at:%Y-%m-%d}", "dim"))
        if isinstance(row, Gap):
            gap = Text(f"· {span(row.seconds)} without an event", "dim")
            table.add_row(*[""] * (2 if "since start" in shown else 1), gap)
            last_at = at
            continue
        last_at = row.last_at
        event = row.event
        style = MARK_STYLES.get(row.mark, "dim" if row.heartbeats else "")
        cells = {
            "since start": row.since_start if with_match else "",
            "robot state": plain(event["robot_state"]),
            last: row.matched_by if with_match else plain(event["delivery_id"]),
        }
        before = [cells["since start"]] if "since start" in shown else []
        after = [cells[name] for name in shown if name != "since start"]
        texts = [clock(at), *before, f"{row.mark or ' '} {row.name}", *after]
        # Text, because rich reads square brackets of a str as its markup.
        table.add_row(*map(Text, [*texts, plain(event["summary"])]), style=style)
    return table


def evidence(delivery: Row, events: list[Row]) -> list[Row]:
    """The events that show why, in order: what the cause names, the first error, the ending."""
    shown = delivery["probable_cause_sequence_number"]
    ending = delivery["outcome_event_name"]
    endings = [event for event in events if event["event_name"] == ending]
    return [
        event
        for event in events
        if event["sequence_number"] == shown or event["is_first_error"] or event in endings[-1:]
    ]


def evidence_line(event: Row) -> str:
    return (
        f"{moment(event['event_at'])} UTC  {plain(event['event_name'])}: {plain(event['summary'])}"
    )


def delivery_list(deliveries: list[Row], width: int) -> Table:
    """Deliveries one a line; a narrow screen leaves out what the cause says already."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = {
        "delivery": "delivery_id",
        "started UTC": "started_at",
        "outcome": "outcome",
        "ended by": "ended_by",
        "reason": "outcome_reason",
        "probable cause": "probable_cause",
        "how sure": "probable_cause_basis",
        "robot": "robot_id",
        "errors": "error_count",
    }
    needed = {"ended by": 100, "reason": 120, "how sure": 110, "errors": 90}
    shown = [name for name in columns if width >= needed.get(name, 0)]
    for name in shown:
        table.add_column(name, justify="right" if name == "errors" else "left")
    for row in deliveries:
        values = {name: plain(row[columns[name]]) for name in shown}
        values["started UTC"] = moment(row["started_at"])
        table.add_row(*(Text(values[name]) for name in shown))
    return table
