"""The cost estimate: its formulas, what it reads from plans, and the page that quotes it."""

import dataclasses
import re
from collections.abc import Iterator
from types import SimpleNamespace

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks import redshift_cost
from benchmarks.redshift_cost import Assumed, Measured, estimate
from tests.python.conftest import ROOT

MEASURED = Measured(
    lines_per_robot_day=1000,
    json_bytes=500,
    gzip_bytes=50,
    stored_bytes=200,
    read_of_affected_days=400,
    read_of_all_days=10,
    intraday_read_of_affected_days=200,
    intraday_read_of_all_days=5,
)
ASSUMED = Assumed(
    history_days=100,
    affected_days=2,
    scan_megabytes_per_second=10,
    fixed_seconds=300,
    loads_per_day=10,
    minimum_seconds=60,
    intraday_minutes=5,
    intraday_fixed_seconds=30,
)


def test_the_formulas() -> None:
    # 10 million lines a day; 8 RPU read 80 MB a second.
    one = estimate(10_000, 8, MEASURED, ASSUMED)
    assert one.lines_per_day == 10_000_000
    assert one.json_gigabytes_per_day == pytest.approx(5)
    assert one.s3_gigabytes_per_year == pytest.approx(182.5)
    assert one.stored_gigabytes == pytest.approx(200)
    # Ten loads of 500 MB take 6.25 s each and are billed a minute.
    assert one.load_rpu_hours == pytest.approx(8 * 10 * 60 / 3600)
    # 800 bytes of two days and 1,000 bytes of a hundred, for each line of a day.
    assert one.scanned_gigabytes == pytest.approx(18)
    assert one.night_rpu_hours == pytest.approx(8 * (300 + 18_000 / 80) / 3600)
    assert one.night_minutes == pytest.approx((300 + 18_000 / 80) / 60)
    assert one.price_per_month is None


def test_the_formulas_of_intraday() -> None:
    one = estimate(1_000, 8, MEASURED, ASSUMED)
    # 400 bytes of two days and 500 bytes of a hundred, for each of a million lines.
    assert one.intraday_scanned_gigabytes == pytest.approx(0.9)
    # 288 loads of 500 MB a day are less than 2 MB each.
    run_seconds = 30 + (900 + 500 / 288) / 80
    assert one.intraday_minutes == pytest.approx(run_seconds / 60)
    # Which is less than the minute that is billed.
    assert one.intraday_rpu_hours == pytest.approx(8 * 288 * 60 / 3600)

    rarely = estimate(10_000, 8, MEASURED, dataclasses.replace(ASSUMED, intraday_minutes=30))
    run_seconds = 30 + (9_000 + 5_000 / 48) / 80
    assert rarely.intraday_rpu_hours == pytest.approx(8 * 48 * run_seconds / 3600)


def test_a_warehouse_that_is_never_idle_is_billed_for_a_day() -> None:
    one = estimate(100_000, 8, MEASURED, ASSUMED)
    assert one.intraday_minutes > 5
    assert one.intraday_rpu_hours == pytest.approx(8 * 24)
    priced = dataclasses.replace(ASSUMED, price_per_rpu_hour=1, price_per_gigabyte_month=0.001)
    month = estimate(100_000, 8, MEASURED, priced).price_per_month_with_intraday
    assert month == pytest.approx(8 * 24 * 365 / 12 + 2000 * 0.001)


def test_a_load_longer_than_the_minimum_is_billed_as_it_is() -> None:
    one = estimate(10_000, 8, MEASURED, dataclasses.replace(ASSUMED, loads_per_day=1))
    assert one.load_rpu_hours == pytest.approx(8 * 62.5 / 3600)


def test_prices_are_those_given() -> None:
    priced = dataclasses.replace(ASSUMED, price_per_rpu_hour=0.5, price_per_gigabyte_month=0.1)
    one = estimate(10_000, 8, MEASURED, priced)
    hours = one.load_rpu_hours + one.night_rpu_hours
    assert one.price_per_month == pytest.approx(hours * 0.5 * 365 / 12 + 200 * 0.1)
    # Intraday loads for itself.
    hours = one.intraday_rpu_hours + one.night_rpu_hours
    assert one.price_per_month_with_intraday == pytest.approx(hours * 0.5 * 365 / 12 + 200 * 0.1)


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table lines (event_id int, event_date date, processed_run int)")
        connection.execute("create table others (event_id int, market varchar)")
        connection.execute("insert into lines select i, '2026-11-02', i from range(10) as r (i)")
        connection.execute("insert into others select i, 'la' from range(10) as r (i)")
        connection.execute("create view events as select * from lines where event_id > 1")
        yield connection


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select processed_run from events", {("lines", "event_id processed_run", False)}),
        (
            "select event_id from events where event_date in (date '2026-11-02', '2026-11-03')",
            {("lines", "event_date event_id", True)},
        ),
        (
            "select event_id from lines where processed_run > 3",
            {("lines", "event_id processed_run", True)},
        ),
        (
            "select market from others inner join lines using (event_id)"
            " where event_date = date '2026-11-02'",
            {("lines", "event_date event_id", True), ("others", "event_id market", False)},
        ),
    ],
)
def test_a_scan_has_its_columns_and_whether_it_is_bounded(
    database: duckdb.DuckDBPyConnection, sql: str, expected: set[tuple[str, str, bool]]
) -> None:
    plan = redshift_cost.plan_of(sql, database)
    columns = {"event_id", "event_date", "processed_run", "market"}
    assert {
        (scan.table, " ".join(sorted(scan.words & columns)), scan.is_bounded)
        for scan in redshift_cost.scans(plan)
    } == expected


@pytest.mark.parametrize(
    ("resource_type", "fqn", "is_left_out"),
    [
        ("seed", "delivery_sessions.robot_states", True),
        ("model", "delivery_sessions.intermediate.affected.int_affected_days", True),
        ("model", "delivery_sessions.marts.quality.late_events", False),
    ],
)
def test_tables_of_one_size_are_left_out(resource_type: str, fqn: str, is_left_out: bool) -> None:
    node = SimpleNamespace(resource_type=resource_type, fqn=fqn.split("."))
    assert redshift_cost.does_not_grow(node) is is_left_out


@pytest.mark.parametrize("fleet", ["100", "100:0", "a:8", "1:2:3"])
def test_a_fleet_that_cannot_be_read_says_how_to_write_one(fleet: str) -> None:
    done = CliRunner().invoke(redshift_cost.main, ["--fleet", fleet])
    assert (done.exit_code, "write robots and base capacity as 2000:8" in done.output) == (2, True)


def test_the_page_follows_from_the_figures_and_the_command_it_quotes() -> None:
    page = (ROOT / "docs" / "redshift-cost.md").read_text(encoding="utf-8")
    measured = {}
    for name, title in redshift_cost.MEASURED_ROWS.items():
        (figure,) = re.findall(rf"^\| {title} \| ([\d,.]+) \|$", page, re.M)
        measured[name] = float(figure.replace(",", ""))
    (rpu_price, storage_price) = re.findall(r"--price-per-\S+ ([\d.]+)", page)
    assumed = Assumed(
        price_per_rpu_hour=float(rpu_price), price_per_gigabyte_month=float(storage_price)
    )
    fleets = [(100, 8), (2_000, 8), (50_000, 128)]
    assert redshift_cost.markdown(Measured(**measured), fleets, assumed) in page


def test_the_page_names_every_assumption() -> None:
    page = (ROOT / "docs" / "redshift-cost.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `--([a-z-]+)` \| ([\d.]+) \|", page, re.M))
    expected = {
        field.name.replace("_", "-"): f"{field.default:g}"
        for field in dataclasses.fields(Assumed)
        if isinstance(field.default, (int, float))
    }
    assert rows == expected
