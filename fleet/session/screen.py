"""How `fleet session` puts rows of the marts on the screen."""

from __future__ import annotations

from datetime import datetime

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fleet.lookup.stores import Row
from fleet.lookup.story_rows import ERROR_MARK, TAKEOVER_MARK, Gap, story_rows
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


def timeline(events: list[Row], with_match: bool, every: bool) -> Table:
    """Events in order, marked ✗ for an error and ▲ for a pilot taking over.

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
    last_at: datetime | None = None
    for row in story_rows(events, every):
        at = row.ended_at if isinstance(row, Gap) else row.at
        if last_at and at.date() != last_at.date():
            table.add_row(Text(f"{at:%Y-%m-%d}", "dim"))
        if isinstance(row, Gap):
            gap = Text(f"· {span(row.seconds)} without an event", "dim")
            table.add_row(*[""] * (2 if with_match else 1), gap)
            last_at = at
            continue
        last_at = row.last_at
        event = row.event
        style = MARK_STYLES.get(row.mark, "dim" if row.heartbeats else "")
        cells = [clock(at)]
        if with_match:
            cells.append(row.since_start)
        cells += [f"{row.mark or ' '} {row.name}", plain(event["summary"])]
        cells += [plain(event["robot_state"])]
        cells.append(row.matched_by if with_match else plain(event["delivery_id"]))
        # Text, because rich reads square brackets of a str as its markup.
        table.add_row(*map(Text, cells), style=style)
    return table


def failed_list(deliveries: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in (
        *("delivery", "started UTC", "outcome", "ended by", "reason", "probable cause"),
        *("how sure", "robot"),
    ):
        table.add_column(name)
    table.add_column("errors", justify="right")
    for row in deliveries:
        cells = [plain(row["delivery_id"]), moment(row["started_at"]), plain(row["outcome"])]
        cells += [
            plain(row[name])
            for name in (
                *("ended_by", "outcome_reason", "probable_cause"),
                *("probable_cause_basis", "robot_id"),
            )
        ]
        table.add_row(*map(Text, cells), Text(str(row["error_count"])))
    return table
