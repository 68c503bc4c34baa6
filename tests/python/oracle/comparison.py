"""Holds the marts of a database against the oracle, row by row."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.python.oracle.deliveries import MILESTONES, Delivery, legs, orders, windows
from tests.python.oracle.log import HOUR, REGISTRY, STATES, Log, milliseconds, read
from tests.python.oracle.robots import Failure, Interval, failures, hours, intervals, versions

STREAMS = tuple(dict.fromkeys(event.name.split(".")[0] for event in REGISTRY.events))
EVENTS = tuple(f"fleet_staging.stg_event_log__{stream}_events" for stream in STREAMS)
LEG_COLUMNS = f"{' '.join(legs({}))} negative_leg_count"
# What is compared: how many columns are the key, and all of them.
MARTS: Mapping[str, tuple[int, list[str]]] = {
    name: (key, columns.split())
    for name, (key, columns) in {
        "fleet_marts.robot_state_intervals": (
            3,
            "robot_id state_event_id started_at ended_at state basis reason has_lost_transition"
            " is_illegal_transition hardware_version software_version",
        ),
        "fleet_marts.supply_hours": (
            4,
            "robot_id hour_at state reason"
            " duration_seconds ready_seconds busy_seconds usable_seconds",
        ),
        "fleet_marts.robot_failures": (
            1,
            "failure_id robot_id component first_error_code consequences began_in_state end_basis"
            " error_count is_charged is_open started_at ended_at",
        ),
        "fleet_marts.robot_mtbf": (
            2,
            "robot_id month_start operating_hours failure_count uncharged_failure_count"
            " open_failure_count repaired_failure_count mttr_hours",
        ),
        "fleet_intermediate.int_assignment_windows": (
            1,
            "assignment_id delivery_id robot_id assigned_at released_at release_reason basis",
        ),
        "fleet_marts.delivery_sessions": (
            1,
            "delivery_id outcome outcome_basis outcome_at ended_at robot_id"
            f" {' '.join(f'{step}_at' for step in MILESTONES)} {LEG_COLUMNS}"
            " pickup_wait_seconds dropoff_wait_seconds order_count robot_count",
        ),
        "fleet_marts.funnel_orders": (
            1,
            f"order_key delivery_id lost_step delivery_count delivered_at {LEG_COLUMNS}",
        ),
    }.items()
}
TABLES = (*EVENTS, *MARTS)

Row = tuple[Any, ...]


def tables(database: Path) -> dict[str, pa.Table]:
    """What the comparison reads, of a DuckDB file."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {name: connection.sql(f"from {name}").to_arrow_table() for name in TABLES}


def compare(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    """Each row in which a mart differs from the oracle, as text."""
    log = read(row for name in EVENTS for row in rows(tables[name]))
    wanted = {name: dict(keyed(name, found)) for name, found in oracle(log).items()}
    for name, (key, columns) in MARTS.items():
        shown = {name: dict(keyed(name, of_mart(name, rows(tables[name]), columns)))}
        assert wanted[name], f"{name} has nothing to compare"
        for one in sorted(wanted[name].keys() | shown[name].keys(), key=str):
            a, b = wanted[name].get(one), shown[name].get(one)
            if a != b:
                names = columns[key:]
                both = zip(names, a or (), b or (), strict=False)
                differs = [column for column, x, y in both if x != y]
                yield f"{name} {one}: the oracle has {a}, the mart {b} ({', '.join(differs)})"


def keyed(name: str, found: Iterator[Row]) -> Iterator[tuple[Row, Row]]:
    key = MARTS[name][0]
    for row in found:
        yield row[:key], row[key:]


def rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    names = [name.split(": ")[0] for name in table.schema.names]
    columns = [column.to_pylist() for column in table.columns]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def of_mart(name: str, found: Iterator[dict[str, Any]], columns: list[str]) -> Iterator[Row]:
    """Rows with times as integers, lengths of time in milliseconds, without rows of no length."""
    for row in found:
        if name == "fleet_marts.robot_state_intervals" and row["started_at"] == row["ended_at"]:
            continue
        if name == "fleet_marts.robot_mtbf" and row["mttr_hours"] is not None:
            row["mttr_hours"] *= row["repaired_failure_count"]  # a sum has no half milliseconds
        yield tuple(plain(row[column], column) for column in columns)


def plain(value: Any, column: str) -> Any:
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, Decimal):
        return int(value * 1000)
    if isinstance(value, float) and column.endswith("_hours"):
        return round(value * HOUR)
    return value


def oracle(log: Log) -> dict[str, Iterator[Row]]:
    """What each mart must hold."""
    states = {
        robot: found
        for robot, events in log.by["robot_id"].items()
        if (found := intervals(events, log.end))
    }
    failed = {
        robot: failures(events, states.get(robot, []), log.end)
        for robot, events in log.by["robot_id"].items()
    }
    deliveries = [Delivery(name, log) for name in log.by["delivery_id"]]
    return {
        "fleet_marts.robot_state_intervals": state_rows(states, log),
        "fleet_marts.supply_hours": hour_rows(states, log.end),
        "fleet_marts.robot_failures": failure_rows(failed),
        "fleet_marts.robot_mtbf": mtbf_rows(states, failed, log.end),
        "fleet_intermediate.int_assignment_windows": window_rows(deliveries),
        "fleet_marts.delivery_sessions": map(session_row, deliveries),
        "fleet_marts.funnel_orders": order_rows(log, deliveries),
    }


def state_rows(states: Mapping[str, list[Interval]], log: Log) -> Iterator[Row]:
    for robot, of_robot in states.items():
        for one in of_robot:
            if one.start < one.end:
                yield (
                    *(robot, one.event.id, one.start, one.end, one.shown, one.basis, one.reason),
                    *(one.lost, one.illegal, *versions(log.by["robot_id"][robot], one.start)),
                )


def hour_rows(states: Mapping[str, list[Interval]], end: int) -> Iterator[Row]:
    for robot, of_robot in states.items():
        for (hour, state, reason), (lasted, ready, busy) in hours(of_robot, end).items():
            yield robot, hour, state, reason, lasted, ready, busy, ready + busy


def failure_rows(failed: Mapping[str, list[Failure]]) -> Iterator[Row]:
    for robot, of_robot in failed.items():
        for one in of_robot:
            start, last, (name, component, code) = one.signs[0], one.last, one.root
            yield (
                *(name, robot, component, code, one.consequences, start.state),
                *(
                    last.basis,
                    len(one.errors),
                    one.is_charged,
                    last.basis is None,
                    start.start,
                    last.end,
                ),
            )


def mtbf_rows(
    states: Mapping[str, list[Interval]], failed: Mapping[str, list[Failure]], end: int
) -> Iterator[Row]:
    operating: dict[tuple[str, Any], int] = {}
    for robot, of_robot in states.items():
        for (hour, state, _), (lasted, _, _) in hours(of_robot, end).items():
            key = robot, month(hour)
            operating.setdefault(key, 0)
            operating[key] += lasted if STATES[state].operating else 0
    begun: dict[tuple[str, Any], list[Failure]] = {}
    for robot, found in failed.items():
        for one in found:
            begun.setdefault((robot, month(one.signs[0].start)), []).append(one)
    for key in operating.keys() | begun.keys():
        charged = [one for one in begun.get(key, []) if one.is_charged]
        over = [
            one.last.end - one.signs[0].start
            for one in charged
            if one.last.basis not in (None, "retired")
        ]
        yield (
            *(*key, operating.get(key, 0), len(charged), len(begun.get(key, [])) - len(charged)),
            *(sum(one.last.basis is None for one in charged), len(over)),
            sum(over) if over else None,
        )


def month(at: int) -> Any:
    return datetime.fromtimestamp(at / 1000, UTC).date().replace(day=1)


def window_rows(deliveries: list[Delivery]) -> Iterator[Row]:
    found = windows(deliveries)
    for delivery in deliveries:
        for one in delivery.assignments:
            start, end, reason, is_inferred = found[one.event.id]
            basis = "inferred" if is_inferred else "reported"
            yield one.event.id, delivery.id, one.robot, start, end, reason, basis


def session_row(delivery: Delivery) -> Row:
    outcome, basis, event, ended = delivery.end
    times = delivery.times()
    robots = [one.robot for one in delivery.assignments]
    of_outcome = [robot for robot in robots if event and robot == event["robot_id"]]
    return (
        *(delivery.id, outcome, basis, event.at if event else None, ended),
        next(iter([*of_outcome, *robots[::-1]]), None),
        *times.values(),
        *leg_columns(legs(times)),
        delivery.wait("pickup_arrived", "pickup_completed"),
        delivery.wait("dropoff_arrived", "dropoff_completed"),
        *(len(delivery.orders), len(set(robots))),
    )


def leg_columns(found: Mapping[str, int | None]) -> Row:
    """The legs, NULL for negative ones, and how many those are."""
    shown = [None if leg is not None and leg < 0 else leg for leg in found.values()]
    return (*shown, sum(leg is not None and leg < 0 for leg in found.values()))


def order_rows(log: Log, deliveries: list[Delivery]) -> Iterator[Row]:
    for key, order in orders(log, deliveries).items():
        chosen = order.chosen
        yield (
            *(key, chosen.id if chosen else None, order.lost_step, len(order.deliveries)),
            order.handed_over(chosen) if chosen else None,
            *leg_columns(order.legs),
        )
