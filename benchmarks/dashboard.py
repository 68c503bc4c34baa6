"""How long the dashboard takes from Enter to a delivery's story, in a real browser.

Run `python benchmarks/dashboard.py` on a database (FLEET_DATABASE, or that of `make demo`). Ids
are taken evenly from all of its deliveries. A look-up ends when both the head and the timeline
carry the id: a page that still shows the delivery before does not count. Seconds are this
machine's.

`--pages` times each page instead, from the click on its link until it is drawn to its end.
`--diagnosis TRUTH` asks for failed deliveries of a simulated fleet, from Enter until the right
cause is seen without scrolling. `--screenshots FOLDER` writes the pictures of the docs.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
import duckdb
from playwright.sync_api import expect
from rich.console import Console
from rich.table import Table

from benchmarks.browser import (
    PHONE,
    ROOT,
    SIZE,
    Visit,
    find_chromium,
    run_dashboard,
    visiting,
)
from fleet.errors import FleetError
from fleet.lookup import queries
from fleet.lookup.stores import DuckDBMarts

COUNTS = """
select
    (select count(*) from event_timeline) as event_count,
    (select count(*) from delivery_session_events) as session_event_count,
    (select count(*) from delivery_sessions) as delivery_count
"""
EVENLY = """
select delivery_id
from (
    select
        delivery_id,
        row_number() over (order by started_at, delivery_id) as place,
        count(*) over () as delivery_count
    from delivery_sessions
) as placed
where mod(place, greatest(cast(floor(delivery_count / ?) as bigint), 1)) = 0
order by place
limit ?
"""
FAILED_IN_TRUTH = """
select
    truth.delivery_id,
    -- The simulator's word for an error that is a failure.
    case when truth.cause = 'robot_error' then 'robot_failure' else truth.cause end as cause
from read_parquet(?) as truth
inner join built.fleet_marts.delivery_sessions as sessions
    on truth.delivery_id = sessions.delivery_id
where
    truth.cause <> 'none'
    and sessions.probable_cause is not null
order by
    row_number() over (partition by truth.cause order by md5(truth.delivery_id)),
    md5(truth.delivery_id)
limit ?
"""
# Charts move into place after they are drawn.
SETTLED_MILLISECONDS = 1500
PAGE_TIMES = 10
FAILED_COUNT = 30


def quantile(values: list[float], share: float) -> float:
    """The value that such a share of the values stays within, interpolated."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def look_up(visit: Visit, ids: list[str]) -> list[float]:
    """Seconds from Enter to the story, of each id in turn."""
    seconds = []
    for delivery_id in ids:
        box = visit.page.get_by_label("Delivery, order or robot id")
        box.fill(delivery_id)
        began = time.perf_counter()
        visit.page.keyboard.press("Enter")
        visit.expect_story(delivery_id)
        seconds.append(time.perf_counter() - began)
    return seconds


def see_pages(visit: Visit, times: int) -> dict[str, list[float]]:
    """Seconds from the click on a page's link until it is drawn, so many times for each page."""
    names = visit.page.locator("nav.pages a").all_text_contents()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(times):
        for name in names:
            began = time.perf_counter()
            visit.page.get_by_role("link", name=name, exact=True).click()
            expect(visit.page.locator("nav.pages a[aria-current]")).to_have_text(name)
            visit.settle()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def diagnose(visit: Visit, causes: dict[str, str]) -> tuple[list[float], list[str]]:
    """Seconds from Enter until a cause is in the window, of each id in turn; and those seen wrong.

    `causes`: delivery -> what really ended it.
    """
    seconds, wrong = [], []
    for delivery_id, cause in causes.items():
        box = visit.page.get_by_label("Delivery, order or robot id")
        box.fill(delivery_id)
        began = time.perf_counter()
        visit.page.keyboard.press("Enter")
        seen = visit.page.locator(f'[data-delivery="{delivery_id}"] [data-cause]')
        expect(seen).to_be_in_viewport()
        seconds.append(time.perf_counter() - began)
        if (found := seen.get_attribute("data-cause")) != cause:
            wrong.append(f"{delivery_id}: {found}, in truth {cause}")
    return seconds, wrong


def failed_deliveries(database: Path, truth: Path, count: int) -> dict[str, str]:
    """Failed deliveries that the marts know, all causes in turn: id -> cause in truth."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as built (read_only)")
        found = connection.execute(FAILED_IN_TRUTH, [str(truth / "deliveries.parquet"), count])
        return dict(found.fetchall())


def take_screenshots(url: str, chromium: str, delivery_id: str, folder: Path) -> None:
    """Pictures of the pages, in light and dark, at a desk and on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in {
        "delivery": f"?id={delivery_id}",
        "today": "",
        "fleet": "fleet",
        "change": "change",
        "compare": f"compare?a={delivery_id}",
    }.items():
        for kind, dark, size in (
            ("", False, SIZE),
            ("-dark", True, SIZE),
            ("-phone", False, PHONE),
        ):
            if kind and name != "delivery":
                continue
            with visiting(url, chromium, dark, size) as visit:
                visit.page.goto(f"{url}/{path}")
                visit.settle()
                visit.page.wait_for_timeout(SETTLED_MILLISECONDS)
                visit.page.screenshot(path=folder / f"{name}{kind}.png")
            print(f"Wrote {folder / f'{name}{kind}.png'}")


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option(
    "--database",
    type=click.Path(path_type=Path, exists=True),
    default=lambda: os.environ.get("FLEET_DATABASE", ROOT / "data" / "warehouse.duckdb"),
    help="DuckDB file with the marts.  [default: FLEET_DATABASE or data/warehouse.duckdb]",
)
@click.option("--ids", "id_count", type=click.IntRange(min=2), default=50, show_default=True)
@click.option("--id", "delivery_id", help="Time this delivery alone, with others in between.")
@click.option("--pages", is_flag=True, help="Time each page.")
@click.option(
    "--diagnosis",
    "truth",
    type=click.Path(path_type=Path, exists=True),
    help="Folder truth/ of the simulated fleet: time 30 failed deliveries until the right cause.",
)
@click.option("--screenshots", type=click.Path(path_type=Path), help="Folder for the pictures.")
def main(
    database: Path,
    id_count: int,
    delivery_id: str | None,
    pages: bool,
    truth: Path | None,
    screenshots: Path | None,
) -> None:
    chromium = find_chromium()
    if chromium is None:
        raise FleetError("No Chromium here; install Debian's package chromium.")
    marts = DuckDBMarts(database)
    ids = [str(row["delivery_id"]) for row in marts.rows(EVENLY, [id_count, id_count])]
    (counts,) = marts.rows(COUNTS)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_dashboard(database.resolve(), ROOT, Path(folder) / "said.txt") as url,
    ):
        if screenshots:
            (example,) = marts.rows(queries.EXAMPLE)
            take_screenshots(url, chromium, str(example["delivery_id"]), screenshots)
            return
        measured: dict[str, list[float]] = {}
        with visiting(url, chromium) as visit:
            visit.page.goto(url)
            visit.settle()
            if pages:
                measured = see_pages(visit, PAGE_TIMES)
            elif truth:
                causes = failed_deliveries(database, truth, FAILED_COUNT)
                seconds, wrong = diagnose(visit, causes)
                measured = {f"{len(causes)} failed deliveries": seconds}
                share = 1 - len(wrong) / len(causes)
                print(f"{share:.1%} of the causes are right.", *wrong, sep="\n")
            elif delivery_id:
                between = [other for other in ids if other != delivery_id][:PAGE_TIMES]
                measured = {delivery_id: []}
                for other in between:
                    look_up(visit, [other])
                    measured[delivery_id] += look_up(visit, [delivery_id])
            else:
                first, *others = look_up(visit, ids)
                measured = {"the first id of a new server": [first], "the next ids": others}
            if visit.errors:
                sys.exit(f"The page had errors: {visit.errors}")
    table = Table(title="Seconds until it is seen", title_justify="left", box=None)
    for name in ("of", "times", "p50", "p95", "slowest"):
        table.add_column(name, justify="left" if name == "of" else "right")
    for name, seconds in measured.items():
        p50, p95 = (quantile(seconds, share) for share in (0.5, 0.95))
        figures = (f"{value:.2f}" for value in (p50, p95, max(seconds)))
        table.add_row(name, str(len(seconds)), *figures)
    console = Console()
    console.print(table)
    console.print(
        f"{counts['event_count']:,} events, {counts['session_event_count']:,} session events, "
        f"{counts['delivery_count']:,} deliveries"
    )


if __name__ == "__main__":
    main()
