"""An order is erased: no byte of its id is left, and the next night equals a full refresh."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from fleet_events.events import ID_PREFIXES

from fleet.cli import main
from fleet.warehouse.erase import Done, Eraser, columns_of
from fleet.warehouse.erased_ids import (
    ErasedIds,
    blanked,
    id_hash,
    names,
    pattern,
    sql_pattern,
    without_ids,
)
from fleet.warehouse.target import Target
from tests.python.conftest import Warehouse
from tests.python.nightly.differences import Difference, differences, tables
from tests.python.nightly.test_retention import without_payload

ORDER, DELIVERY, POOLED = "O-5Q7ZK1", "D-8XW2JT", "D-POOL77"
OTHER = "O-6RRB42"
TABLES = ("event_lines", "rejected_lines", "loaded_files")


def line(name: str, second: int, **changes: Any) -> dict[str, Any]:
    service = "robot-agent" if name.startswith("robot.") else "orders"
    return {
        "event_id": f"erase-{second}",
        "evt": {"name": name, "version": 1, "valid": True},
        "occurred_at": f"2026-11-02T23:{second // 60:02}:{second % 60:02}.000Z",
        "received_at": f"2026-11-02T23:{second // 60:02}:{second % 60:02}.500Z",
        "service": service,
        "env": "prod",
        "version": "1.0.0",
        "emitter_id": f"{service}/h/b",
        "seq": second,
        "market": "la",
        "data": {},
    } | changes


def story(order: str = ORDER, delivery: str = DELIVERY, first: int = 1) -> list[dict[str, Any]]:
    """A delivery with its order, from both to none."""
    both = {"order_id": order, "delivery_id": delivery, "merchant_id": "M-7"}
    robot = {"robot_id": "R-77", "delivery_id": delivery}
    placed = {"channel": "app", "items": 2}
    return [
        line("order.created", first, order_id=order, merchant_id="M-7", data=placed),
        line("dispatch.requested", first + 60, **both),
        line("dispatch.assigned", first + 61, **both, robot_id="R-77"),
        line("robot.stuck", first + 120, **robot, data={"lat": 1.0, "lon": 2.0, "cause": "curb"}),
        line("delivery.dropoff_completed", first + 300, **robot, data={"leg_s": 9.0}),
        line(
            "robot.state_changed",
            first + 301,
            robot_id="R-77",
            data={"from_state": "returning", "to_state": "available", "state_seq": 1},
        ),
    ]


def odd_lines() -> list[bytes]:
    """The order where nobody would look for it."""
    escaped = json.dumps(line("order.cancelled", 1001, order_id="X", merchant_id="M-7"))
    told = line("robot.lid_changed", 1002, robot_id="R-77", data={"note": f"for {ORDER}."})
    longer = line("order.created", 1003, order_id=f"{ORDER}-2", merchant_id="M-7")
    return [
        escaped.replace('"X"', '"O\\u002d5Q7ZK1"').encode(),
        json.dumps(told).encode(),
        json.dumps(longer).encode(),  # another order
        f'{{"order_id": "{ORDER}", "evt": '.encode(),  # cut
        f'"{ORDER}"'.encode(),  # no object
        json.dumps(line("order.unheard_of", 1004, order_id=ORDER)).encode(),
        json.dumps(line("order.created", 1005, order_id=ORDER, env="staging")).encode(),
        json.dumps(line("order.created", 1, order_id=ORDER, merchant_id="M-7")).encode(),
    ]


@dataclass
class Erased:
    """A warehouse from which the order was erased, and a pooled delivery of another.

    kept         rows of other deliveries before
    found        differences to a full refresh afterwards
    """

    warehouse: Warehouse
    export: Path
    dones: list[Done]
    hashes: list[tuple[str, str]]
    counts: dict[str, list[Any]]
    found: list[Difference]


def counts(warehouse: Warehouse) -> list[Any]:
    return [warehouse.rows(f"select count(*) from event_log.{name}")[0][0] for name in TABLES]


@pytest.fixture(scope="module")
def erased(
    troubled: tuple[Warehouse, Path],
    open_warehouse: Callable[[Path], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Erased:
    folder = tmp_path_factory.mktemp("erased")
    warehouse = open_warehouse(folder)
    shutil.copy(troubled[0].database, warehouse.database)
    shutil.copytree(troubled[0].landing, warehouse.landing, dirs_exist_ok=True)
    pooled = [*story(ORDER, POOLED, 600)[1:5], *story(OTHER, POOLED, 1300)[:2]]
    # In two files and two loads, one of which an export will hold.
    warehouse.land("a.ndjson.gz", story())
    warehouse.load()
    warehouse.land("b.ndjson", [*pooled, *odd_lines()])
    wrapped = {"line": json.dumps(line("order.created", 9, order_id=ORDER)), "reason": "too_large"}
    warehouse.land("rejects/v1/c.ndjson", [wrapped])
    warehouse.load()
    # All but the last load were long ago, and their raw lines are trimmed.
    for table in TABLES:
        warehouse.rows(
            f"update event_log.{table} set loaded_at = loaded_at - interval 10 day"
            " where source_file not in ('b.ndjson', 'rejects/v1/c.ndjson')"
        )
    warehouse("run", "--full-refresh")
    export = folder / "exports"
    export.mkdir()
    arguments = json.dumps({"days": 5, "export_to": str(export)})
    warehouse("run-operation", "trim_raw_lines", "--args", arguments)
    seen = {"before": counts(warehouse)}

    target = Target("duckdb", "fleet", "dev", warehouse.database)
    eraser = Eraser(target, lambda: warehouse("run"), str(warehouse.landing), [export])
    dones = [eraser.erase(ORDER)]
    hashes = warehouse.rows("select salt, id_hash from event_log.erased_ids")
    seen["after"] = counts(warehouse)

    # The same lines from another file, and one that is late; then the next night.
    late = line("order.completed", 900, order_id=ORDER, merchant_id="M-7", delivery_id=DELIVERY)
    warehouse.land("again.ndjson", [*story(), late, *odd_lines()])
    warehouse.load()
    seen["again"] = counts(warehouse)
    warehouse("run")
    refreshed = open_warehouse(folder / "refreshed")
    shutil.copy(warehouse.database, refreshed.database)
    # From all raw lines that are left, those of the export too.
    (trimmed,) = export.iterdir()
    arguments = json.dumps({"export": str(trimmed)})
    refreshed("run-operation", "restore_raw_lines", "--args", arguments)
    refreshed("run", "--full-refresh")
    found = differences(
        *(without_payload(tables(each.database)) for each in (warehouse, refreshed))
    )
    return Erased(warehouse, export, dones, hashes, seen, found)


def test_the_next_night_equals_a_full_refresh(erased: Erased) -> None:
    assert not erased.found, "\n".join(map(str, erased.found))


def test_every_line_is_accounted_for(erased: Erased) -> None:
    erased.warehouse("test", "--select", "path:tests/data_tests")


def test_the_order_and_its_own_delivery_went(erased: Erased) -> None:
    (done,) = erased.dones
    assert done.ids == {ORDER, DELIVERY}
    assert done.traces == []
    (kept,) = done.kept
    assert f"The delivery {POOLED} belongs to 1 other too" in kept
    sessions = "select count(*) from fleet_marts.delivery_sessions where delivery_id = '{}'"
    assert erased.warehouse.rows(sessions.format(DELIVERY)) == [(0,)]
    assert erased.warehouse.rows(sessions.format(POOLED)) == [(1,)]
    orders = f"select order_id from fleet_marts.delivery_orders where delivery_id = '{POOLED}'"
    assert erased.warehouse.rows(orders) == [(OTHER,)]


def test_a_robots_lines_stay_without_the_id(erased: Erased) -> None:
    rows = erased.warehouse.rows(
        "select event_id, delivery_id from fleet_marts.event_timeline"
        " where robot_id = 'R-77' and event_name = 'robot.stuck' order by 1"
    )
    # The one of the pooled delivery has its id still.
    assert rows == [("erase-121", None), ("erase-720", POOLED)]


def test_an_id_that_only_begins_alike_stays(erased: Erased) -> None:
    orders = "select count(*) from fleet_staging.base_event_log__lines where order_id = '{}'"
    assert erased.warehouse.rows(orders.format(f"{ORDER}-2"))[0][0] == 2


def test_what_came_again_was_not_loaded(erased: Erased) -> None:
    before, after, again = (erased.counts[name] for name in ("before", "after", "again"))
    (done,) = erased.dones
    assert before[0] - after[0] == done.removed > 5
    assert before[1] - after[1] == done.rejected == 3
    # The robot's two lines and that of the other order; no rejected one.
    assert (again[0] - after[0], again[1] - after[1]) == (3, 0)


def test_what_cannot_be_rebuilt_is_named(erased: Erased) -> None:
    said = "\n".join(erased.dones[0].figures)
    assert "of 2026-11-02" in said
    assert "that emitter_gaps counts as missing now" in said
    assert "Which delivery 1 line of robots and pilots belonged to" in said


def test_no_byte_of_the_ids_is_left(erased: Erased) -> None:
    named = re.compile(rf"({ORDER}|{DELIVERY})(?!-2)".encode())
    (erased.warehouse.landing / "again.ndjson").unlink()
    with duckdb.connect(erased.warehouse.database) as connection:
        # What is compressed in the file says nothing to a search for bytes.
        connection.execute(f"export database '{erased.warehouse.landing}/dump' (format csv)")
    files = [path for path in erased.warehouse.landing.parent.rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".csv"]) > 60
    for path in files:
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                lines = connection.execute(f"select payload from '{path}'").fetchall()
            content = "\n".join(text for (text,) in lines).encode()
        else:
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert not named.search(content), path
    assert not list(erased.warehouse.landing.parent.glob("*.wal"))


def test_the_tombstone_is_no_id(erased: Erased) -> None:
    ids = {hashed for _, hashed in erased.hashes}
    salt = erased.hashes[0][0]
    assert ids == {id_hash(salt, ORDER), id_hash(salt, DELIVERY)}
    assert len(salt) == 32


def test_files_written_anew_are_not_loaded_again(erased: Erased) -> None:
    before = counts(erased.warehouse)
    erased.warehouse.load()
    assert counts(erased.warehouse) == before


# ---------------------------------------------------------------- without a warehouse


def test_what_an_id_is_of_is_told_by_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [columns_of(one) for one in ("O-1", "D-1", "R-1", "O- ")] == [
        ["order_id"],
        ["delivery_id"],
        [],
        [],
    ]
    monkeypatch.setitem(ID_PREFIXES, "order_id", "")
    assert [columns_of(one) for one in ("17", "D-1")] == [["order_id"], ["delivery_id"]]
    monkeypatch.setitem(ID_PREFIXES, "delivery_id", "")
    assert columns_of("17") == ["order_id", "delivery_id"]


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ('{"order_id":"O-1"}', True),
        ("order O-1.", True),
        ("orders/O-1/2", True),
        (r'{"order_id":"O\u002d1"}', True),
        (r'"{\"order_id\":\"O-1\"}"', True),
        ('"O-12"', False),
        ('"O-1-2"', False),
        ('"O-1.5"', False),
        ('"XO-1"', False),
    ],
)
def test_an_id_is_found_where_it_stands_by_itself(text: str, is_named: bool) -> None:
    assert names(text, pattern({"O-1"})) == is_named
    if "\\u" not in text:
        assert bool(re.search(sql_pattern({"O-1"}), text)) == is_named
    erased = ErasedIds.of([("salt", id_hash("salt", "O-1"))])
    assert (erased.named_in(text.encode()) == {"O-1"}) == is_named


@pytest.mark.parametrize("odd", ["O-a b", "O-[x]^", "O-1.5", "O-'"])
def test_ids_of_any_characters_are_found(odd: str) -> None:
    text = json.dumps({"order_id": odd})
    assert names(text, pattern({odd}))
    assert re.search(sql_pattern({odd}), text)
    erased = ErasedIds.of([("salt", id_hash("salt", odd))])
    assert erased.named_in(text.encode()) == {odd}


def test_what_is_left_of_a_line() -> None:
    found = pattern({DELIVERY})
    robot = line("robot.stuck", 1, robot_id="R-1", delivery_id=DELIVERY, data={"lat": 91.0})
    left = blanked(json.dumps(robot), found)
    assert left is not None
    assert json.loads(left) == {key: robot[key] for key in robot if key != "delivery_id"}
    # The id is what these are about, or stands where it is not looked for.
    for changes in (
        {"evt": {"name": "delivery.unlock_attempted"}},
        {"evt": {"name": "robot.unheard_of"}},
        {"data": {"note": DELIVERY}},
        {"message": f"stuck with {DELIVERY}"},
        {"event_id": f"{DELIVERY}/1"},
    ):
        assert blanked(json.dumps(robot | changes), found) is None
    del robot["event_id"]
    assert blanked(json.dumps(robot), found) is None


def test_lines_of_a_file_are_numbered_and_their_ends_kept() -> None:
    text = b'{"a":1}\r\n{"order_id":"O-1"}\n\n{"b":"O-2"}'
    assert without_ids(text, set()) == (text, [])
    left, changes = without_ids(text, {"O-1"})
    assert left == b'{"a":1}\r\n\n{"b":"O-2"}'
    assert [(change.number, change.left) for change in changes] == [(2, None)]


@pytest.mark.parametrize("wanted", ["R-1", "O-", "x", "O-é", ""])
def test_only_orders_and_deliveries_can_be_erased(wanted: str) -> None:
    done = CliRunner().invoke(main, ["erase", wanted])
    assert done.exit_code == 1
    assert "is no id of an order or a delivery" in done.output
