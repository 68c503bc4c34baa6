"""The commands `fleet session` and `fleet why`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleet.duckdb_file import database_option
from fleet.errors import FleetError
from fleet.lookup import queries
from fleet.lookup.payloads import data_of, payload_fields
from fleet.lookup.stores import DuckDBMarts, Marts, Row, open_marts
from fleet.lookup.wording import age, counted, incomplete, moment, plain, shortened, verdict
from fleet.project import find_project_dir
from fleet.session import records, screen
from fleet.session.stories import (
    Story,
    event_story,
    loaded_until,
    order_story,
    robot_story,
    story_of,
    typed_story,
)

MOST_LISTED = 10_000
# A pipe has no width; so many columns hold a row of a timeline.
PIPE_COLUMNS = 150
# What goes with some of the things that can be shown: elsewhere it would do nothing.
BELONGING = (
    ("--from and --to go with --robot.", {"start", "end"}, {"robot_id"}),
    ("--limit goes with --failed.", {"limit"}, {"failed"}),
    (
        "--all goes with events, not with --failed.",
        {"every"},
        {"wanted", "robot_id", "order_id", "example"},
    ),
)


def utc_time(value: str) -> datetime:
    """ISO 8601 time in UTC; taken as UTC where it names no zone."""
    try:
        at = datetime.fromisoformat(value)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        # Past it there is no room for the time after the last event.
        if not 1970 <= at.year < 9999:
            raise ValueError
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{shortened(value)} is no UTC time such as 2026-11-02T20:30."
        ) from None
    return at


def freshness(until: datetime | None, delivery: Row | None = None) -> str:
    """How old the newest loaded event is, and whether a delivery may lack events because of it."""
    if until is None:
        return "The timeline holds no event; run `dbt build`."
    said = f"Events are loaded until {moment(until)} UTC, {age(until, datetime.now(UTC))}."
    return f"{said} {incomplete(delivery, until)}".strip() if delivery else said


def headline(story: Story) -> str:
    """What is shown, in a line; a delivery has a header of its own."""
    name = f"{story.what} {plain(story.id)}"
    count = counted(len(story.events), "event")
    if story.what == "order":
        first, last = (moment(story.events[place]["event_at"]) for place in (0, -1))
        return f"{name}, {count} from {first} to {last} UTC"
    if story.window and story.last_at:
        start, end = map(moment, story.window)
        return f"{name}, {start} to {end} UTC, {count}; its last is of {moment(story.last_at)}"
    if story.what == "deliveries":
        return f"{len(story.deliveries)} deliveries"
    return f"{name}, newest deliveries"


def show(console: Console, story: Story, until: datetime | None, every: bool) -> None:
    """Put a story on the screen."""
    delivery = story.deliveries[0] if story.what == "delivery" else None
    if story.what == "event":
        console.print(event_fields(story))
    elif delivery:
        console.print(screen.header(delivery))
    elif story.id or story.deliveries:
        console.print(headline(story), markup=False)
    if story.what == "order":
        for row in story.deliveries:
            robot = plain(row["robot_id"]) or "no robot"
            said = f"delivery {plain(row['delivery_id'])} {plain(row['outcome'])}, {robot}"
            console.print(said, markup=False)
    elif not delivery and story.deliveries:
        console.print(screen.delivery_list(story.deliveries, console.width))
    if story.events and story.what != "event":
        console.print(screen.timeline(story.events, delivery is not None, every, console.width))
    console.print(freshness(until, delivery), style="dim", markup=False)


def event_fields(story: Story) -> Table:
    """Every field of one event: its columns, then its payload, then what nobody registered."""
    (event,) = story.events
    registered, extra = payload_fields(event["event_name"], data_of(story.payload))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for heading, fields in (("", event), ("payload", registered), ("not registered", extra)):
        if heading and fields:
            table.add_row(Text(heading, "bold"))
        for name, value in fields.items():
            if value is not None:
                table.add_row(Text(plain(name)), Text(plain(value)))
    return table


@contextmanager
def paged(console: Console, pager: bool) -> Iterator[None]:
    """In a terminal through the pager of PAGER, which `less` leaves where all fits one screen."""
    if not (pager and console.is_terminal and sys.stdin.isatty()):
        yield
        return
    os.environ.setdefault("LESS", "-FRX")
    with console.pager(styles=True):
        yield


def open_store(context: click.Context, database: Path, target: str | None) -> Marts:
    """The marts of a file, or of a target of the profile where no file is named."""
    given = given_options(context)
    if given >= {"database", "target"}:
        raise click.UsageError("--database names a file, --target a profile's target: give one.")
    # To read a profile takes dbt a second, which a look-up in a file need not wait for.
    is_file = not target or "database" in given
    store = DuckDBMarts(database) if is_file else open_marts(find_project_dir(), target)
    context.call_on_close(store.close)
    # Which reads the file once, and not for each query.
    context.with_resource(store.held())
    return store


def given_options(context: click.Context) -> set[str]:
    return {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def new_console() -> Console:
    has_width = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return Console(width=None if has_width else PIPE_COLUMNS, highlight=False)


target_option = click.option(
    "--target",
    envvar="DBT_TARGET",
    help="In place of a file: a target of profiles.yml, such as redshift.  [default: DBT_TARGET]",
)


@click.command()
@click.argument("wanted", metavar="[ID]", required=False)
@click.option("--robot", "robot_id", help="Replay a robot: its last hour, or --from until --to.")
@click.option("--order", "order_id", help="Replay an order with all of its deliveries.")
@click.option("--event", "event_id", help="Show all fields of one event, by its event_id.")
@click.option("--from", "start", type=utc_time, help="Start of a robot's replay, UTC.")
@click.option("--to", "end", type=utc_time, help="End of a robot's replay, UTC, exclusive.")
@click.option("--failed", is_flag=True, help="List recent failed and cancelled deliveries.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_LISTED),
    default=20,
    show_default=True,
    help="How many --failed lists.",
)
@click.option("--example", is_flag=True, help="Show one telling failed delivery.")
@click.option("--all", "every", is_flag=True, help="Show each heartbeat, not one row for a run.")
@click.option("--json", "form", flag_value="json", help="Write one JSON object.")
@click.option("--csv", "form", flag_value="csv", help="Write the rows as CSV.")
@click.option("--pager/--no-pager", default=True, help="Page what is longer than the screen.")
@database_option
@target_option
@click.pass_context
def session(
    context: click.Context,
    wanted: str | None,
    robot_id: str | None,
    order_id: str | None,
    event_id: str | None,
    start: datetime | None,
    end: datetime | None,
    failed: bool,
    limit: int,
    example: bool,
    every: bool,
    form: str | None,
    pager: bool,
    database: Path,
    target: str | None,
) -> None:
    """Show what happened in a delivery, or to an order or a robot, event by event.

    ID is that of a delivery, order, robot, merchant or pilot, or a text that holds one.
    """
    wanted, robot_id, order_id, event_id = (
        (text or "").strip() for text in (wanted, robot_id, order_id, event_id)
    )
    if sum(map(bool, (wanted, robot_id, order_id, event_id, failed, example))) != 1:
        raise click.UsageError(
            "Name one thing to show: an id, --robot, --order, --event, --failed or --example."
        )
    given = given_options(context)
    for sentence, options, shown in BELONGING:
        if given & options and not given & shown:
            raise click.UsageError(sentence)
    store = open_store(context, database, target)
    story = asked_story(store, wanted, robot_id, order_id, event_id, start, end, failed, limit)
    until = loaded_until(store)
    if form == "json":
        click.echo(records.as_json(story, until))
    elif form == "csv":
        click.echo(records.as_csv(story), nl=False)
    else:
        console = new_console()
        if failed and not story.deliveries:
            console.print(no_failures(until), markup=False)
            return
        with paged(console, pager):
            show(console, story, until, every)


def no_failures(until: datetime | None) -> str:
    """An empty database is no good news."""
    if until is None:
        return "Nothing is loaded yet, so this says nothing about deliveries; see `make demo`."
    return "No delivery failed or was cancelled."


def asked_story(
    store: Marts,
    wanted: str,
    robot_id: str,
    order_id: str,
    event_id: str,
    start: datetime | None,
    end: datetime | None,
    failed: bool,
    limit: int,
) -> Story:
    replay: Callable[[Marts, str], Story | None] = partial(robot_story, start=start, end=end)
    if failed:
        return Story("deliveries", deliveries=store.rows(queries.FAILED, [limit]))
    for what, one, story_of_id in (
        ("robot", robot_id, replay),
        ("order", order_id, order_story),
        ("event", event_id, event_story),
    ):
        if one:
            return typed_story(store, what, one, story_of_id)
    return story_of(store, wanted or example_id(store))


def example_id(store: Marts) -> str:
    found = store.rows(queries.EXAMPLE)
    if not found:
        raise FleetError("No delivery has failed yet; simulate more robots or days.")
    return str(found[0]["delivery_id"])


@click.command()
@click.argument("wanted", metavar="DELIVERY_ID")
@click.option("--json", "form", flag_value="json", help="Write one JSON object.")
@database_option
@target_option
@click.pass_context
def why(
    context: click.Context, wanted: str, form: str | None, database: Path, target: str | None
) -> None:
    """Say in one sentence why a delivery ended as it did, with the events that show it."""
    store = open_store(context, database, target)
    story = story_of(store, wanted.strip())
    if story.what == "order" and story.deliveries:
        story = story_of(store, str(story.deliveries[-1]["delivery_id"]))
    if story.what != "delivery":
        raise FleetError(
            f"{shortened(wanted)} is no delivery; name one, or list them with "
            "`fleet session --failed`."
        )
    (delivery,) = story.deliveries
    evidence = screen.evidence(delivery, story.events)
    if form == "json":
        shown = Story("delivery", story.id, [delivery], evidence)
        click.echo(records.as_json(shown, loaded_until(store)))
        return
    click.echo(f"{plain(story.id)} {plain(delivery['outcome'])}: {verdict(delivery)}")
    for event in evidence:
        click.echo(f"  {screen.evidence_line(event)}")
