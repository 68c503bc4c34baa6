"""Days by the clocks of markets, of 23 to 25 hours and from half-hour midnights: lines to marts.

Each market has a robot that beats every five minutes. Times are UTC; hours of a day in a comment
are the market's own.
"""

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import Warehouse
from tests.python.dbt.test_endings import Log

FORMAT = "%Y-%m-%d %H:%M"
ALL_DAY = ["00:00-24:00"] * 7
EVENINGS = "18:00-02:00"
# Monday first, as in the seed.
MARKETS = [
    ("la", "Los Angeles", "America/Los_Angeles", "closed", *[EVENINGS] * 6),
    ("delhi", "Delhi", "Asia/Kolkata", *["09:15-22:45"] * 7),
    ("adelaide", "Adelaide", "Australia/Adelaide", *["01:30-03:30"] * 7),
    ("lord-howe", "Lord Howe", "Australia/Lord_Howe", *ALL_DAY),
    ("berlin", "Berlin", "Europe/Berlin", *["02:00-03:00"] * 7),
    ("kathmandu", "Kathmandu", "Asia/Kathmandu", *["23:30-00:15"] * 7),
]


def beats(log: Log, market: str, first: str, last: str, state: str = "available") -> None:
    """The robot of a market enters a state and tells so every five minutes until `last`."""
    robot = {"robot_id": f"R-{market}", "market": market}
    log(first, "robot.state_changed", to_state=state, dispatchable=state == "available", **robot)
    at, end = (datetime.strptime(text, FORMAT) for text in (first, last))  # noqa: DTZ007
    while (at := at + timedelta(minutes=5)) < end:
        beat = {"state": state, "dispatchable": state == "available"}
        log(at.strftime(FORMAT), "robot.heartbeat", **beat, **robot)


def delivered(log: Log, number: int, at: str) -> None:
    ids = {"delivery_id": f"D-{number}", "order_id": f"O-{number}", "robot_id": "R-la"}
    log(at, "delivery.dropoff_completed", market="la", **ids)


def story() -> Log:
    log = Log()
    # The clock goes an hour on at 16:30: the day of October 4 has 23 hours.
    beats(log, "adelaide", "2026-10-03 12:00", "2026-10-05 00:00")
    # Half an hour on at 15:30: 23.5 hours.
    beats(log, "lord-howe", "2026-10-03 12:00", "2026-10-05 00:00")
    # No change of the clock, but midnights at 18:30; at 18:15 in Kathmandu.
    beats(log, "delhi", "2026-10-10 12:00", "2026-10-11 18:10")
    beats(log, "delhi", "2026-10-11 18:10", "2026-10-11 18:40", state="fault")
    beats(log, "delhi", "2026-10-11 18:40", "2026-10-12 18:10")
    # Nothing is heard for 40 minutes about midnight.
    beats(log, "delhi", "2026-10-12 18:50", "2026-10-14 00:00")
    beats(log, "kathmandu", "2026-10-10 12:00", "2026-10-12 12:00")
    # The clock goes an hour back at 01:00: 25 hours.
    beats(log, "berlin", "2026-10-24 12:00", "2026-10-26 12:00")
    # At 09:00 on November 1.
    beats(log, "la", "2026-10-31 00:00", "2026-11-03 12:00")
    beats(log, "nowhere", "2026-11-01 00:00", "2026-11-03 12:00")
    # Two on the evening of October 31, the second after midnight UTC; one a minute after midnight.
    delivered(log, 1, "2026-10-31 23:50")
    delivered(log, 2, "2026-11-01 06:59")
    delivered(log, 3, "2026-11-01 07:01")
    return log


def put_markets(warehouse: Warehouse, *markets: tuple[str, ...]) -> None:
    """Write the seed as a user would."""
    with duckdb.connect(warehouse.database) as connection:
        connection.execute("delete from fleet_seeds.markets")
        connection.executemany(
            f"insert into fleet_seeds.markets values ({', '.join('?' * 10)})", markets
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("days"))
    warehouse("seed")
    put_markets(warehouse, *MARKETS)
    warehouse.land("lines.ndjson", story().in_order())
    warehouse.load()
    warehouse("run")
    assert warehouse.rows("select count(*) from fleet_marts.quarantined_lines") == [(0,)]
    return warehouse


def day(built: Warehouse, market: str, local_date: str, columns: str) -> tuple[Any, ...]:
    (row,) = built.rows(
        f"select {columns} from fleet_marts.supply_hours_daily"
        f" where market = '{market}' and local_date = '{local_date}'"
    )
    return row


@pytest.mark.parametrize(
    ("market", "local_date", "hours", "in_service"),
    [
        # 01:30-03:30, of which 02:00-03:00 was left out.
        ("adelaide", "2026-10-04", 23, 1),
        ("lord-howe", "2026-10-04", 23.5, 23.5),
        ("delhi", "2026-10-11", 24, 13.5),
        # 23:30-24:00, and 00:00-00:15 of the hours that began the day before.
        ("kathmandu", "2026-10-11", 24, 0.75),
        # 02:00-03:00, twice.
        ("berlin", "2026-10-25", 25, 2),
        ("la", "2026-10-31", 24, 2 + 6),
        # 00:00-02:00 with 01:00-02:00 twice, and 18:00-24:00.
        ("la", "2026-11-01", 25, 3 + 6),
        # Mondays are closed, but Sunday's hours last until 02:00.
        ("la", "2026-11-02", 24, 2),
        ("nowhere", "2026-11-02", 24, 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(
    built: Warehouse, market: str, local_date: str, hours: float, in_service: float
) -> None:
    down = 1 / 3 if (market, local_date) == ("delhi", "2026-10-11") else 0
    assert day(
        built, market, local_date, "total_hours, usable_hours, usable_in_service_hours"
    ) == pytest.approx((hours, hours - down, in_service))


def test_a_state_is_cut_at_the_midnight_of_half_an_hour(built: Warehouse) -> None:
    found = built.rows(
        "select local_date::varchar, downtime_hours * 60 from fleet_marts.downtime_reasons_daily"
        " where market = 'delhi' and state_class = 'unplanned_down' order by 1"
    )
    assert found == [
        ("2026-10-11", pytest.approx(20)),
        ("2026-10-12", pytest.approx(10)),
    ]


def test_a_utc_day_holds_two_local_days(built: Warehouse) -> None:
    """Of the 24 hours of October 31, UTC, 7 are of October 30 in Los Angeles."""
    hours = built.rows(
        "select local_date::varchar, sum(duration_seconds) / 3600"
        " from fleet_marts.robot_hours_daily where robot_id = 'R-la' group by 1 order by 1 limit 2"
    )
    assert hours == [("2026-10-30", 7), ("2026-10-31", 24)]


def test_robots_are_active_on_the_local_day_of_the_hand_over(built: Warehouse) -> None:
    columns = "active_robot_count, usable_hours_per_active_robot"
    assert day(built, "la", "2026-10-31", columns) == (1, pytest.approx(24))
    assert day(built, "la", "2026-11-01", columns) == (1, pytest.approx(25))
    assert day(built, "la", "2026-11-02", columns) == (0, None)
    assert day(built, "delhi", "2026-10-11", columns) == (0, None)


def test_orders_are_of_the_local_day(built: Warehouse) -> None:
    found = built.rows(
        "select local_date::varchar, order_count, dropped_off_count"
        " from fleet_marts.delivery_funnel_daily where market = 'la' order by 1"
    )
    assert found == [("2026-10-31", 2, 2), ("2026-11-01", 1, 1)]


def test_doubt_is_cut_at_the_midnight_of_half_an_hour(built: Warehouse) -> None:
    """Silent from 18:05, when it was last heard, to 18:50; midnight is at 18:30.

    The changes of state at 00:10 of the first day and at 18:50 are known to two seconds.
    """
    for local_date, seconds in (("2026-10-12", 25 * 60 + 4), ("2026-10-13", 20 * 60 + 2)):
        low, high = day(built, "delhi", local_date, "usable_hours_low, usable_hours_high")
        assert (high - low) * 3600 == pytest.approx(seconds)


def test_bounds_of_days_add_up_to_those_of_hours(built: Warehouse) -> None:
    columns = "sum(usable_{0}), sum(usable_{0}_low), sum(usable_{0}_high)"
    (hours,) = built.rows(f"select {columns.format('hours')} from fleet_marts.supply_hours_daily")
    (seconds,) = built.rows(
        f"select {columns.format('seconds')} from fleet_marts.supply_hours_bounds"
    )
    assert hours == pytest.approx([float(second) / 3600 for second in seconds])
    assert hours[1] < hours[0] < hours[2]


def test_the_zone_and_the_name_are_told(built: Warehouse) -> None:
    columns = "market_name, time_zone"
    assert day(built, "delhi", "2026-10-11", columns) == ("Delhi", "Asia/Kolkata")
    assert day(built, "nowhere", "2026-11-02", columns) == ("nowhere", "UTC")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({2: "America/Los_Angles"}, r"la the time zone 'America/Los_Angles'; write an IANA name"),
        ({2: None}, r"la the time zone ''; write an IANA name"),
        ({3: "8-22"}, r"la on monday the hours '8-22'; write them as 08:00-23:00"),
        ({4: None}, r"la on tuesday the hours ''; write them as 08:00-23:00"),
        ({5: "24:00-02:00"}, r"la on wednesday the hours '24:00-02:00'; write them as"),
        ({9: "08:00-08:00"}, r"la on sunday the hours '08:00-08:00'; write them as"),
        (
            {0: None},
            r"a row without a market or with that of another row, ''; give each market one",
        ),
    ],
)
def test_a_bad_row_of_the_seed_ends_in_a_sentence(
    built: Warehouse, change: dict[int, Any], sentence: str
) -> None:
    row = tuple(change.get(place, value) for place, value in enumerate(MARKETS[0]))
    try:
        put_markets(built, row)
        with pytest.raises(DbtError, match=sentence):
            built("run", "--select", "int_markets")
    finally:
        put_markets(built, *MARKETS)
    built("run", "--select", "int_markets")


def test_a_market_twice_ends_in_a_sentence(built: Warehouse) -> None:
    try:
        put_markets(built, MARKETS[0], MARKETS[0])
        with pytest.raises(DbtError, match="that of another row, 'la'; give each market one row"):
            built("run", "--select", "int_markets")
    finally:
        put_markets(built, *MARKETS)


def test_a_change_of_the_seed_takes_the_command_of_the_docs(built: Warehouse) -> None:
    """A night alone leaves the days before as they were cut."""
    kolkata = ("delhi", "Delhi", "Asia/Kolkata", *ALL_DAY)
    columns = "usable_in_service_hours"
    before = day(built, "delhi", "2026-10-11", columns)
    try:
        put_markets(built, kolkata, *(row for row in MARKETS if row[0] != "delhi"))
        built("run", "--full-refresh", "--select", "int_markets+")
        assert day(built, "delhi", "2026-10-11", columns) == pytest.approx((24 - 1 / 3,))
    finally:
        put_markets(built, *MARKETS)
        built("run", "--full-refresh", "--select", "int_markets+")
    assert day(built, "delhi", "2026-10-11", columns) == before
