"""What must hold between two logs, whatever is right for either: three builds for all of it.

A fleet with every trouble is built alone, once more a week later, and once with changed copies of
itself beside it. Every id, market and version of a copy has its mark, so that its rows are told
apart, and equal those of the fleet once the mark is taken away.
"""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from tests.python.conftest import ROOT, Warehouse
from tests.python.nightly.nights import write
from tests.python.nightly.worlds import Arrival

pytestmark = pytest.mark.soak
FLEET = Settings(robots=3, days=1, seed=23, start=date(2025, 11, 3), times_troubled=5.0)
WEEK = timedelta(days=7)
AHEAD = timedelta(minutes=7)
COPIES = ("renamed", "fewer", "twice", "shuffled", "prompt", "ahead")
# Not of the fleet but of the loads, or of versions that a copy has at the same time.
NOT_COMPARED = re.compile(r"reconciliation|late_events|revisions|clock_skew|quarantined|time_spine")
OF_RELEASES = re.compile(r"release_")
OF_LOADS = ("loaded_at", "session_revision")
OF_CLOCKS = ("occurred_at", "time_source", "clock_offset", "uncertainty", "received_at")
MARKETS = (("x", "market = 'la'"), ("not x", "market <> 'la'"), ("null", "market is null"))
SUMS = (
    ("robot_hours_daily", "duration_seconds", "fleet_marts.supply_hours", "duration_seconds"),
    ("robot_hours_daily", "usable_seconds", "fleet_marts.supply_hours", "usable_seconds"),
    ("supply_hours_daily", "usable_hours", "fleet_marts.supply_hours", "usable_seconds / 3600"),
    ("supply_hours_daily", "total_hours", "fleet_marts.supply_hours", "duration_seconds / 3600"),
    ("delivery_funnel_daily", "order_count", "fleet_marts.funnel_orders", "1"),
    (
        "delivery_funnel_daily",
        "dropped_off_count",
        "fleet_marts.funnel_orders",
        "case when is_dropped_off then 1 else 0 end",
    ),
    (
        "funnel_losses_daily",
        "order_count",
        "fleet_marts.funnel_orders",
        "case when lost_step is null then 0 else 1 end",
    ),
)
MARKED_FIELDS = re.compile(r"(_id|version)$|^(market|trace_id)$")

Line = dict[str, Any]
Rows = Mapping[str, Counter[tuple[Any, ...]]]


def mark(copy: str) -> str:
    return f"q{COPIES.index(copy)}q"


def marked(value: Any, token: str, key: str = "") -> Any:
    """A line, or part of one, with the token in each id, market and version."""
    if isinstance(value, dict):
        return {name: marked(one, token, name) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    if key in ("emitter_id", "last_emitter_id"):
        *host, boot = value.split("/")
        return "/".join([*(marked(part, token) for part in host), token + boot])
    if re.match(r"[ODRMP]-", value):
        return value[:2] + token + value[2:]
    return value + token if MARKED_FIELDS.search(key) else value


def moved(value: Any, by: timedelta, keys: str = "_at$") -> Any:
    """A line with its times moved."""
    if isinstance(value, dict):
        return {
            name: moved(one, by, keys) if isinstance(one, dict) or re.search(keys, name) else one
            for name, one in value.items()
        }
    try:
        at = datetime.fromisoformat(value) + by
    except (TypeError, ValueError):
        return value  # a time that was never one
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def prompt(line: Line) -> Line:
    """The line as if it had arrived at once."""
    kept = {name: value for name, value in line.items() if name not in ("sent_at", "mono_ms")}
    return {**kept, "received_at": line["occurred_at"]}


@dataclass(frozen=True)
class Built:
    """Rows of the marts by table and copy: of the fleet alone, a week later, and of each copy."""

    alone: Rows
    later: Rows
    copies: Mapping[str, Rows]
    removed: str
    its_own: frozenset[str]
    database: Path


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Built:
    folder = tmp_path_factory.mktemp("metamorphic")
    lines = list(simulated(folder))
    robots = Counter(line["robot_id"] for line in lines if line.get("robot_id"))
    removed = min(robots, key=lambda robot: robots[robot])
    its_own = frozenset(
        value
        for line in lines
        if line.get("robot_id") == removed
        for value in (line.get("delivery_id"), line.get("order_id"))
        if value
    )
    its_own |= {
        line["delivery_id"]
        for line in lines
        if line.get("order_id") in its_own and line.get("delivery_id")
    }
    boot = Counter(
        line["emitter_id"] for line in lines if line.get("robot_id") and "robot" in line["service"]
    ).most_common(1)[0][0]
    shuffled = lines.copy()
    random.Random(7).shuffle(shuffled)
    of_copies: dict[str, list[Line]] = {
        "renamed": lines,
        "fewer": [line for line in lines if line.get("robot_id") != removed],
        "twice": lines,
        "shuffled": shuffled,
        "prompt": [prompt(line) for line in lines],
        "ahead": [
            moved(prompt(line), AHEAD, "^occurred_at$")
            if line["emitter_id"] == boot
            else prompt(line)
            for line in lines
        ],
    }
    with_marks = {
        name: [marked(line, mark(name)) for line in copy] for name, copy in of_copies.items()
    }
    together = [lines, *with_marks.values()]
    loads = [[line for copy in together for line in copy], with_marks["twice"]]

    def build(name: str, loads: list[list[Line]]) -> dict[str, Rows]:
        warehouse = open_warehouse(folder / name)
        warehouse("seed")
        warehouse.load()
        with duckdb.connect(warehouse.database) as connection:
            for copy in COPIES:
                connection.execute(
                    "insert into fleet_seeds.markets select market || $1, columns(* exclude market)"
                    " from fleet_seeds.markets where market not like '%q_q'",
                    [mark(copy)],
                )
        write(warehouse.database, [[Arrival(0, json.dumps(one)) for one in load] for load in loads])
        warehouse("run")
        return rows_by_copy(warehouse.database)

    copies = build("copies", loads)
    alone = build("alone", [lines])
    later = build("later", [[moved(line, WEEK) for line in lines]])
    database = folder / "copies" / "warehouse.duckdb"
    return Built(alone[""], later[""], copies, removed, its_own, database)


def simulated(folder: Path) -> Iterator[Line]:
    """The lines of a fleet that are events with an id of their own."""
    simulate_fleet(FLEET, load_registry(ROOT), folder, lambda now: None)
    for path in sorted(landing_folder(folder).rglob("*.ndjson.gz")):
        for text in gzip.decompress(path.read_bytes()).splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and all(
                isinstance(line.get(name), str)
                for name in ("event_id", "emitter_id", "occurred_at")
            ):
                yield line


def rows_by_copy(database: Path) -> dict[str, Rows]:
    """Rows of each mart by the copy they are of, `""` for none, without its mark."""
    found: dict[str, dict[str, Counter[tuple[Any, ...]]]] = {copy: {} for copy in ("", *COPIES)}
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        marts = connection.execute(
            "select distinct table_name from information_schema.columns"
            " where table_schema = 'fleet_marts'"
        ).fetchall()
        for (mart,) in marts:
            if NOT_COMPARED.search(mart):
                continue
            columns = [
                name for name, *_ in connection.execute(f"describe fleet_marts.{mart}").fetchall()
            ]
            kept = [name for name in columns if not name.endswith(OF_LOADS)]
            for rows in found.values():
                rows[mart] = Counter()
            selected = ", ".join(f'"{name}"' for name in kept)
            for row in connection.execute(f"select {selected} from fleet_marts.{mart}").fetchall():
                marks = set(re.findall(r"q(\d)q", " ".join(v for v in row if isinstance(v, str))))
                if len(marks) > 1 and OF_RELEASES.search(mart):
                    continue  # one copy's version came before another's
                assert len(marks) <= 1, f"{mart}: a row of two copies: {row}"
                copy = COPIES[int(marks.pop())] if marks else ""
                found[copy][mart][tuple(map(plain, row))] += 1
    return dict(found)


def plain(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"q\dq", "", value)
    return round(value, 6) if isinstance(value, float) else value


def assert_same(found: Rows, right: Rows, leave: re.Pattern[str] | None = OF_RELEASES) -> None:
    for mart, rows in right.items():
        if leave and leave.search(mart):
            continue
        assert rows or mart == "id_conflicts", f"{mart} has nothing to compare"
        missing, extra = list(rows - found[mart]), list(found[mart] - rows)
        assert missing == extra, f"{mart}: {missing[:2]} became {extra[:2]}"


def of_others(rows: Rows, robot: str, its_own: Iterable[str]) -> Rows:
    """Rows of robots, deliveries and orders that a robot had nothing to do with."""
    names = {robot, *its_own}
    marts = [
        *("robot_state_intervals", "supply_hours", "supply_hours_bounds", "robot_failures"),
        *("robot_mtbf", "delivery_sessions", "delivery_session_events", "funnel_orders"),
    ]
    return {
        mart: Counter({row: n for row, n in rows[mart].items() if not names.intersection(row)})
        for mart in marts
    }


def test_ids_are_but_names_and_disjoint_fleets_add_up(built: Built) -> None:
    assert_same(built.copies["renamed"], built.alone)


def test_a_fleet_beside_others_is_as_it_is_alone(built: Built) -> None:
    assert_same(built.copies[""], built.alone)


def test_a_robot_that_is_removed_takes_only_its_own_with_it(built: Built) -> None:
    found = of_others(built.copies["fewer"], built.removed, built.its_own)
    assert_same(found, of_others(built.alone, built.removed, built.its_own))


def test_lines_that_are_loaded_twice_count_once(built: Built) -> None:
    assert_same(built.copies["twice"], built.alone)


def test_the_order_of_lines_within_a_load_does_not_matter(built: Built) -> None:
    assert_same(built.copies["shuffled"], built.alone)


def test_a_clock_that_is_ahead_by_the_same_all_the_time_changes_no_figure(built: Built) -> None:
    leave = re.compile("|".join(["release_", "event_timeline", "session_events"]))
    assert_same(built.copies["ahead"], built.copies["prompt"], leave)


def test_a_week_later_is_the_same_week(built: Built) -> None:
    def later(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("{"):  # a payload
            return json.dumps(moved(json.loads(value), WEEK), separators=(",", ":"))
        return value + WEEK if isinstance(value, date) and value.day != 1 else value

    moved_rows = {
        mart: Counter({tuple(map(later, row)): n for row, n in rows.items()})
        for mart, rows in built.alone.items()
    }
    assert_same(built.later, moved_rows, None)


def test_markets_add_up(built: Built) -> None:
    """What a mart has of a market, of others and of none is what the finer mart has of all."""
    in_market = {name: f"sum(case when {where} then FIGURE else 0 end)" for name, where in MARKETS}
    with duckdb.connect(built.database, read_only=True) as connection:
        for mart, figure, finer, of_finer in SUMS:
            parts = " + ".join(part.replace("FIGURE", figure) for part in in_market.values())
            found, right = (
                connection.execute(f"select {sql}").fetchall()[0][0]
                for sql in (f"{parts} from fleet_marts.{mart}", f"sum({of_finer}) from {finer}")
            )
            assert float(found) == pytest.approx(float(right), rel=1e-9), f"{mart}.{figure}"
            assert right
