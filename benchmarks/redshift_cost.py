"""What a fleet would cost on Redshift Serverless, as far as that can be estimated without one.

Run `python -m benchmarks.redshift_cost`. It simulates two days of a fleet, builds the second
as a night on top of the first, and measures lines, bytes, and the columns that it reads. The rest
is arithmetic, `estimate()`, with assumptions that each have an option. Nothing here has run on
Redshift: docs/redshift-cost.md says what is measured, what is assumed, and how to put in your own
numbers.

Bytes that Redshift stores are taken from the same columns in Parquet with zstd, which is columnar
and compressed as Redshift's own blocks are, but is not them.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import duckdb

from benchmarks.nightly import ROOT, START, Warehouse, database_in
from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings

GIGABYTE = 1e9

# Compressed bytes by table and column.
Columns = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Measured:
    """Of the simulated fleet, per line unless it says otherwise; bytes.

    `read_of_affected_days` is what a night reads of tables where it names days or its own run,
    `read_of_all_days` what it reads of tables that grow without: the columns that each model asks
    for. The same of the models of selector `intraday` alone follows.
    """

    lines_per_robot_day: float
    json_bytes: float
    gzip_bytes: float
    stored_bytes: float
    read_of_affected_days: float
    read_of_all_days: float
    intraday_read_of_affected_days: float
    intraday_read_of_all_days: float


@dataclass(frozen=True)
class Assumed:
    """What only a warehouse and its bill can show."""

    history_days: float = 365
    affected_days: float = 3
    scan_megabytes_per_second: float = 30
    fixed_seconds: float = 300
    loads_per_day: float = 24
    minimum_seconds: float = 60
    intraday_minutes: float = 5
    intraday_fixed_seconds: float = 90
    price_per_rpu_hour: float | None = None
    price_per_gigabyte_month: float | None = None


HELP = {
    "history_days": "Days of events that the warehouse holds.",
    "affected_days": "Days that a run reads again: the last two, and one for what came late.",
    "scan_megabytes_per_second": "Megabytes that one RPU reads and works through in a second.",
    "fixed_seconds": "Seconds of a night in which dbt and Redshift plan, compile and commit.",
    "loads_per_day": "COPY commands a day.",
    "minimum_seconds": "Seconds that each COPY, or COPY with an intraday run, is billed at least.",
    "intraday_minutes": "Minutes from the start of one intraday run to the next.",
    "intraday_fixed_seconds": "The same seconds of an intraday run, which has fewer models.",
    "price_per_rpu_hour": "Price of one RPU-hour; without it no price is shown.",
    "price_per_gigabyte_month": "Price of one gigabyte of managed storage a month.",
}


@dataclass(frozen=True)
class Estimate:
    """One fleet. Gigabytes are 10^9 bytes; RPU-hours are those of one day or one night."""

    lines_per_day: float
    json_gigabytes_per_day: float
    s3_gigabytes_per_year: float
    stored_gigabytes: float
    load_rpu_hours: float
    scanned_gigabytes: float
    night_rpu_hours: float
    night_minutes: float
    intraday_scanned_gigabytes: float
    intraday_minutes: float
    intraday_rpu_hours: float
    price_per_month: float | None
    price_per_month_with_intraday: float | None


def estimate(robots: int, rpu: int, measured: Measured, assumed: Assumed) -> Estimate:
    """The formulas, as docs/redshift-cost.md writes them."""
    lines = robots * measured.lines_per_robot_day
    megabytes_per_second = rpu * assumed.scan_megabytes_per_second

    json_bytes = lines * measured.json_bytes
    load_seconds = json_bytes / assumed.loads_per_day / (megabytes_per_second * 1e6)
    load_hours = assumed.loads_per_day * max(assumed.minimum_seconds, load_seconds) / 3600

    scanned = lines * (
        measured.read_of_affected_days * assumed.affected_days
        + measured.read_of_all_days * assumed.history_days
    )
    night_hours = (assumed.fixed_seconds + scanned / (megabytes_per_second * 1e6)) / 3600

    runs_per_day = 24 * 60 / assumed.intraday_minutes
    intraday_scanned = lines * (
        measured.intraday_read_of_affected_days * assumed.affected_days
        + measured.intraday_read_of_all_days * assumed.history_days
    )
    intraday_seconds = assumed.intraday_fixed_seconds + (
        json_bytes / runs_per_day + intraday_scanned
    ) / (megabytes_per_second * 1e6)
    # A warehouse that is never idle is billed for the day, whether or not each run is on time.
    intraday_hours = min(24, runs_per_day * max(assumed.minimum_seconds, intraday_seconds) / 3600)

    stored = lines * assumed.history_days * measured.stored_bytes / GIGABYTE

    def price(hours_per_day: float) -> float | None:
        if assumed.price_per_rpu_hour is None or assumed.price_per_gigabyte_month is None:
            return None
        used = hours_per_day * rpu * assumed.price_per_rpu_hour * 365 / 12
        return used + stored * assumed.price_per_gigabyte_month

    return Estimate(
        lines_per_day=lines,
        json_gigabytes_per_day=json_bytes / GIGABYTE,
        s3_gigabytes_per_year=lines * measured.gzip_bytes * 365 / GIGABYTE,
        stored_gigabytes=stored,
        load_rpu_hours=load_hours * rpu,
        scanned_gigabytes=scanned / GIGABYTE,
        night_rpu_hours=night_hours * rpu,
        night_minutes=night_hours * 60,
        intraday_scanned_gigabytes=intraday_scanned / GIGABYTE,
        intraday_minutes=intraday_seconds / 60,
        intraday_rpu_hours=intraday_hours * rpu,
        price_per_month=price(load_hours + night_hours),
        price_per_month_with_intraday=price(min(24, intraday_hours + night_hours)),
    )


# A condition that blocks of other days or runs can be skipped by.
BOUND = re.compile(r"'\d{4}-\d{2}-\d{2}|processed_run\s*>")


@dataclass(frozen=True)
class Scan:
    """A table that a plan reads, words of its columns and filters, and whether these bound it."""

    table: str
    words: frozenset[str]
    is_bounded: bool


def scans(plan: Any, above: str = "") -> Iterator[Scan]:
    """Each scan in a plan that DuckDB explains as JSON; `above`: what is filtered by on top."""
    for node in plan:
        details = node["extra_info"]
        filters = above + json.dumps([details.get("Filters"), details.get("Expression")])
        if details.get("Table"):
            words = re.findall(r"\w+", json.dumps(details.get("Projections")) + filters)
            table = details["Table"].rpartition(".")[2].strip('"')
            yield Scan(table, frozenset(words), bool(BOUND.search(filters)))
        is_same_rows = node["name"].strip() in ("FILTER", "PROJECTION")
        yield from scans(node["children"], filters if is_same_rows else "")


def plan_of(sql: str, connection: duckdb.DuckDBPyConnection) -> Any:
    """DuckDB's plan of a query, as JSON."""
    # Else it leaves out a filter that holds for all rows, as of so few days it may.
    connection.execute("set disabled_optimizers = 'statistics_propagation'")
    return json.loads(connection.execute(f"explain (format json) {sql}").fetchall()[0][1])


def does_not_grow(node: Any) -> bool:
    """Whether a table has as many rows after a year as after a night."""
    return node.resource_type == "seed" or bool({"affected", "time"} & set(node.fqn))


def read_bytes(nodes: list[Any], sizes: Columns, database: Path) -> dict[bool, int]:
    """Bytes that the SQL of the models reads, by whether it is bounded."""
    read = {False: 0, True: 0}
    left_out = {node.name for node in nodes if does_not_grow(node)}
    models = [node for node in nodes if getattr(node, "compiled_code", None)]
    with duckdb.connect(database, read_only=True) as connection:
        for model in models:
            if model.config.materialized == "view":
                continue
            for scan in scans(plan_of(model.compiled_code, connection)):
                if scan.table not in left_out:
                    columns = sizes.get(scan.table, {})
                    read[scan.is_bounded] += sum(
                        columns[name] for name in scan.words & columns.keys()
                    )
    return read


def column_bytes(database: Path, folder: Path) -> Columns:
    """Compressed bytes of each column of each table that dbt or the loader made, by table."""
    folder.mkdir()
    bytes_of: Columns = {}
    with duckdb.connect(database, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name = 'event_log' or schema_name like 'fleet%'"
        ).fetchall()
        for schema, table in tables:
            path = folder / f"{table}.parquet"
            connection.execute(
                f'copy "{schema}"."{table}" to \'{path}\' (format parquet, compression zstd)'
            )
            bytes_of[table] = dict(
                connection.execute(
                    "select path_in_schema, cast(sum(total_compressed_size) as bigint)"
                    " from parquet_metadata(?) group by path_in_schema",
                    [str(path)],
                ).fetchall()
            )
    return bytes_of


def measure(folder: Path, robots: int) -> Measured:
    """Simulate days of `robots` robots in `folder`, and build the last as a night of its own."""
    settings = Settings(robots, days=2, seed=7, start=START)
    simulate_fleet(settings, load_registry(ROOT), folder / "simulated", lambda done: None)
    landing = landing_folder(folder / "simulated")
    files = sorted(landing.rglob("*.ndjson.gz"))
    contents = [gzip.decompress(path.read_bytes()) for path in files]
    lines = sum(content.count(b"\n") for content in contents)

    database = database_in(folder / "built")
    warehouse = Warehouse(folder / "dbt")
    last_day = START + timedelta(days=settings.days - 1)
    for folder_of_day in sorted(landing.rglob("date=*")):
        if folder_of_day.name >= f"date={last_day}":
            folder_of_day.rename(folder / folder_of_day.name)
    for night in range(2):
        if night:
            for folder_of_day in folder.glob("date=*"):
                folder_of_day.rename(landing / folder_of_day.name)
        warehouse("run-operation", "load_event_lines", database=database, landing=landing)
        built = warehouse(
            *("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            database=database,
            landing=landing,
        )

    selected = warehouse("compile", "--selector", "intraday", database=database, landing=landing)
    names = {result.node.name for result in selected.results}
    sizes = column_bytes(database, folder / "parquet")
    nodes = [result.node for result in built.results]
    read = read_bytes(nodes, sizes, database)
    intraday = read_bytes([node for node in nodes if node.name in names], sizes, database)
    per_line = {
        "json_bytes": sum(map(len, contents)),
        "gzip_bytes": sum(path.stat().st_size for path in files),
        "stored_bytes": sum(sum(columns.values()) for columns in sizes.values()),
        "read_of_affected_days": read[True],
        "read_of_all_days": read[False],
        "intraday_read_of_affected_days": intraday[True],
        "intraday_read_of_all_days": intraday[False],
    }
    # Rounded, so that the estimate follows from the figures that are printed.
    return Measured(
        lines_per_robot_day=round(lines / robots / settings.days, 1),
        **{name: round(value / lines, 1) for name, value in per_line.items()},
    )


MEASURED_ROWS = {
    "lines_per_robot_day": "lines per robot and day",
    "json_bytes": "bytes of a line as JSON",
    "gzip_bytes": "bytes of a line in S3, gzipped",
    "stored_bytes": "bytes of a line in all tables",
    "read_of_affected_days": "bytes that a night reads per line of an affected day",
    "read_of_all_days": "bytes that a night reads per line of any day",
    "intraday_read_of_affected_days": "bytes that intraday reads per line of an affected day",
    "intraday_read_of_all_days": "bytes that intraday reads per line of any day",
}
ESTIMATE_ROWS = {
    "lines_per_day": ("lines a day", "{:,.0f}"),
    "json_gigabytes_per_day": ("JSON a day, GB", "{:,.1f}"),
    "s3_gigabytes_per_year": ("S3 a year, GB", "{:,.0f}"),
    "stored_gigabytes": ("Redshift after the history, GB", "{:,.0f}"),
    "load_rpu_hours": ("loads, RPU-hours a day", "{:,.1f}"),
    "scanned_gigabytes": ("a night reads, GB", "{:,.1f}"),
    "night_rpu_hours": ("a night, RPU-hours", "{:,.1f}"),
    "night_minutes": ("a night, minutes", "{:,.0f}"),
    "intraday_scanned_gigabytes": ("an intraday run reads, GB", "{:,.1f}"),
    "intraday_minutes": ("an intraday run with its load, minutes", "{:,.1f}"),
    "intraday_rpu_hours": ("intraday runs with their loads, RPU-hours a day", "{:,.1f}"),
    "price_per_month": ("price a month, nights alone", "{:,.0f}"),
    "price_per_month_with_intraday": ("price a month with intraday", "{:,.0f}"),
}


def markdown(measured: Measured, fleets: list[tuple[int, int]], assumed: Assumed) -> str:
    """Both tables, as docs/redshift-cost.md quotes them."""
    lines = ["| measured | |", "|---|---:|"]
    for name, title in MEASURED_ROWS.items():
        lines.append(f"| {title} | {getattr(measured, name):,.1f} |")
    lines += [
        "",
        "| estimated | " + " | ".join(f"{robots:,} robots" for robots, _ in fleets) + " |",
    ]
    lines.append("|---|" + "---:|" * len(fleets))
    lines.append("| base capacity, RPU | " + " | ".join(str(rpu) for _, rpu in fleets) + " |")
    estimates = [estimate(robots, rpu, measured, assumed) for robots, rpu in fleets]
    for name, (title, form) in ESTIMATE_ROWS.items():
        values = [getattr(one, name) for one in estimates]
        if None not in values:
            lines.append(f"| {title} | " + " | ".join(map(form.format, values)) + " |")
    return "\n".join(lines)


def fleet_of(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> Any:
    """Robots and RPU of each fleet, from ROBOTS:RPU."""
    try:
        fleets = [tuple(int(part) for part in text.split(":")) for text in texts]
    except ValueError:
        fleets = [()]
    if any(len(fleet) != 2 or min(fleet) < 1 for fleet in fleets):
        raise click.BadParameter("write robots and base capacity as 2000:8")
    return fleets


def numbers(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each assumption, and one in place of each measurement."""
    positive = click.FloatRange(0, min_open=True)
    for name, title in reversed(MEASURED_ROWS.items()):
        help_text = f"Your own {title}, in place of the measured."
        command = click.option(option_of(name), type=positive, help=help_text)(command)
    for field in reversed(fields(Assumed)):
        command = click.option(
            option_of(field.name),
            type=positive,
            default=field.default,
            show_default=field.default is not None,
            help=HELP[field.name],
        )(command)
    return command


def option_of(name: str) -> str:
    return "--" + name.replace("_", "-")


@click.command()
@click.option(
    "--fleet",
    "fleets",
    multiple=True,
    callback=fleet_of,
    metavar="ROBOTS:RPU",
    default=("100:8", "2000:8", "50000:128"),
    show_default=True,
    help="Robots, and the base capacity of the warehouse; may be given again.",
)
@click.option(
    "--simulated-robots",
    default=40,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Robots that are simulated.",
)
@numbers
def main(fleets: list[tuple[int, int]], simulated_robots: int, **options: float | None) -> None:
    """Estimate what fleets would cost on Redshift Serverless."""
    given = {name: value for name, value in options.items() if value is not None}
    replaced = {name: given.pop(name) for name in MEASURED_ROWS if name in given}
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), simulated_robots)
    click.echo(markdown(dataclasses.replace(measured, **replaced), fleets, Assumed(**given)))


if __name__ == "__main__":
    main()
