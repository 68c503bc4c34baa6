"""How long the dashboard takes from Enter to a delivery's story, in a real browser.

Run `python benchmarks/dashboard.py` on a database (FLEET_DATABASE, or that of `make demo`). Ids
are taken evenly from all of its deliveries. A look-up ends when both the head and the chart carry
the id: a page that still shows the delivery before does not count. Seconds are this machine's.

`--screenshots FOLDER` writes the pictures of the docs instead.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.browser import ROOT, Visit, find_chromium, run_dashboard, visiting
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
# Charts move into place after they are drawn.
SETTLED_MILLISECONDS = 1500


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


def take_screenshots(url: str, chromium: str, delivery_id: str, folder: Path) -> None:
    """Pictures of the Delivery page in light and dark, and of the Fleet page."""
    folder.mkdir(parents=True, exist_ok=True)
    for dark in (False, True):
        with visiting(url, chromium, dark) as visit:
            visit.page.goto(f"{url}/?id={delivery_id}")
            visit.expect_story(delivery_id)
            table = visit.page.get_by_test_id("stDataFrame").locator("canvas").first
            table.wait_for()
            visit.page.wait_for_timeout(SETTLED_MILLISECONDS)
            name = "delivery-dark.png" if dark else "delivery.png"
            visit.page.screenshot(path=folder / name)
            if not dark:
                visit.page.get_by_role("link", name="Fleet").click()
                visit.page.get_by_text("Robots down for").first.wait_for()
                visit.page.wait_for_timeout(SETTLED_MILLISECONDS)
                visit.page.screenshot(path=folder / "fleet.png")
        print(f"Wrote {folder / name}")


@click.command(help=__doc__.splitlines()[0] if __doc__ else None)
@click.option(
    "--database",
    type=click.Path(path_type=Path, exists=True),
    default=lambda: os.environ.get("FLEET_DATABASE", ROOT / "data" / "warehouse.duckdb"),
    help="DuckDB file with the marts.  [default: FLEET_DATABASE or data/warehouse.duckdb]",
)
@click.option("--ids", "id_count", type=click.IntRange(min=2), default=50, show_default=True)
@click.option("--screenshots", type=click.Path(path_type=Path), help="Folder for the pictures.")
def main(database: Path, id_count: int, screenshots: Path | None) -> None:
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
        with visiting(url, chromium) as visit:
            visit.page.goto(url)
            first, *others = look_up(visit, ids)
            if visit.errors:
                sys.exit(f"The page had errors: {visit.errors}")
    table = Table(title="From Enter to the story", title_justify="left", box=None)
    table.add_column("of")
    table.add_column("seconds", justify="right")
    percentiles = statistics.quantiles(others, n=100, method="inclusive")
    for name, value in (
        ("the first id of a new server", first),
        (f"the next {len(others)} ids, p50", percentiles[49]),
        ("p95", percentiles[94]),
        ("slowest", max(others)),
    ):
        table.add_row(name, f"{value:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"{counts['event_count']:,} events, {counts['session_event_count']:,} session events, "
        f"{counts['delivery_count']:,} deliveries"
    )


if __name__ == "__main__":
    main()
