"""A small DuckDB file with the marts that `fleet session` reads, filled by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result

from fleet.cli import main

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
Run = Callable[..., Result]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def delivery(delivery_id: str, **columns: Any) -> dict[str, Any]:
    """Row of delivery_sessions: a completed one unless `columns` say otherwise."""
    row: dict[str, Any] = {"delivery_id": delivery_id, "outcome": "completed", "robot_id": "R-1"}
    row |= {
        "outcome_basis": "reported",
        "window_basis": "reported",
        "market": "la",
        "started_at": at(0),
        "last_event_at": at(0),
        "last_loaded_at": at(0),
    }
    row |= dict.fromkeys(
        ("event_count", "error_count", "takeover_count", "illegal_transition_count"), 0
    )
    return row | {"lost_transition_count": 0, "session_revision": 1, "robot_count": 1} | columns


# (seconds, event, summary, ids, how it was matched to D-10 or None, further columns)
EVENTS: list[tuple[float, str, str, dict[str, str], str | None, dict[str, Any]]] = [
    (0, "order.created", "Order placed", {"order_id": "O-10", "merchant_id": "M-1"},
     "order_id", {}),
    (5, "dispatch.assigned", "Assigned", {"delivery_id": "D-10", "robot_id": "R-1"},
     "delivery_id", {"robot_state": "assigned"}),
    (60, "robot.heartbeat", "Alive", {"robot_id": "R-1"}, "robot_window", {}),
    (120, "robot.heartbeat", "Alive", {"robot_id": "R-1"}, "robot_window", {}),
    (600, "robot.heartbeat", "Alive", {"robot_id": "R-1"}, "robot_window", {}),
    (610.5, "robot.error", "Error LID-401 of [bold]lid[/nonsense]\x1b[2J", {"robot_id": "R-1"},
     "robot_window", {"robot_state": "fault", "is_error": True, "is_ambiguous": True}),
    (620, "pilot.control_changed", "Control to remote", {"pilot_id": "P-1"}, "pilot_session",
     {"is_takeover": True}),
    (700, "delivery.dropoff_failed", "Dropoff failed", {"delivery_id": "D-10", "robot_id": "R-1"},
     "delivery_id", {"is_error": True}),
    (9000, "robot.heartbeat", "Alive much later", {"robot_id": "R-1"}, None, {}),
]  # fmt: skip


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"insert into fleet_marts.{table} ({', '.join(row)}) values ({marks})", list(row.values())
    )


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marts with the columns of their contracts; one delivery failed, was completed, cancelled."""
    path = tmp_path_factory.mktemp("session") / "warehouse.duckdb"
    models = yaml.safe_load((ROOT / "models/marts/deliveries/_deliveries__models.yml").read_text())
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema fleet_marts")
        for model in models["models"]:
            columns = ", ".join(f"{row['name']} {row['data_type']}" for row in model["columns"])
            connection.execute(f"create table fleet_marts.{model['name']} ({columns})")
        for row in (
            delivery(
                "D-10",
                order_id="O-10",
                merchant_id="M-1",
                outcome="failed",
                outcome_event_name="delivery.dropoff_failed",
                outcome_reason="lid_fault",
                ended_by="robot",
                probable_cause="lid_fault",
                probable_cause_basis="shown",
                probable_cause_sequence_number=6,
                probable_cause_sentence="The lid of robot R-1 failed.",
                first_error_code="LID-401",
                first_error_at=at(610.5),
                seconds_from_error_to_arrival=-72,
                missing_steps="pickup_arrived",
                previous_delivery_id="D-9",
                next_delivery_id="D-11",
                order_created_at=at(0),
                dispatched_at=at(5),
                order_to_dispatch_seconds=5,
                outcome_at=at(690),
                ended_at=at(695),
                last_event_at=at(700),
                event_count=8,
                error_count=2,
                local_date=at(0).date(),
                takeover_count=1,
            ),
            delivery("D-11"),
            delivery(
                "D-12",
                outcome="cancelled",
                ended_by="system",
                probable_cause="cancelled_by_system",
                probable_cause_basis="reported",
                probable_cause_sentence="The system cancelled: other.",
                started_at=at(9),
                last_event_at=at(9),
                local_date=at(0).date(),
            ),
        ):
            insert(connection, "delivery_sessions", row)
        insert(connection, "delivery_orders", {"delivery_id": "D-10", "order_id": "O-10"})
        previous = 0.0
        for number, (seconds, name, summary, ids, method, more) in enumerate(EVENTS, start=1):
            event: dict[str, Any] = {"event_id": f"e{number}", "event_name": name}
            event |= {"stream": name.split(".")[0]}
            event |= {"summary": summary, "event_at": at(seconds), "is_error": False} | ids | more
            session_only: dict[str, Any] = {"is_ambiguous": event.pop("is_ambiguous", False)}
            insert(connection, "event_timeline", event | {"seq": number, "emitter_id": "robot"})
            if method:
                session_only |= {"delivery_id": "D-10", "match_method": method}
                session_only |= {"match_basis": "reported"}
                session_only |= {"sequence_number": number, "seconds_since_start": seconds}
                session_only |= {"seconds_since_previous_event": seconds - previous}
                insert(connection, "delivery_session_events", event | session_only)
                previous = seconds
    return path


@pytest.fixture
def fleet_session(database: Path) -> Run:
    """Run `fleet session` with the words given, on the database."""

    def run(*words: str, database: Path = database) -> Result:
        return CliRunner().invoke(main, ["session", "--database", str(database), *words])

    return run


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a pipe: pytest's own processes are told the width of its terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)
