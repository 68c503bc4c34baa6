"""A delivery, from `logger.event()` through Vector's programs, S3, the load and dbt to its session.

Of Vector itself only sources, buffers and the writing of objects are missing; the programs, the
ways through them and the names of the objects are those of the rendered configuration.
"""

from __future__ import annotations

import gzip
import json
import logging
import subprocess
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fleet_events import EventLogger, EventLogHandler, Events

from fleet.registry import load_registry
from tests.python.conftest import ROOT, Warehouse
from tests.python.pipeline.vector import Record, Vector

TYPESCRIPT = ROOT / "clients/typescript/dist/src/index.js"
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")

# received_at is this machine's own time, and what it receives has to be older.
START = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)

# (seconds, service, event, fields); the ids that the registry requires are filled in.
STORY: list[tuple[float, str, Events, dict[str, Any]]] = [
    (0, "ordering", Events.ORDER_CREATED, {"channel": "app", "items": 2}),
    (20, "dispatch", Events.DISPATCH_REQUESTED, {}),
    (30, "dispatch", Events.DISPATCH_ASSIGNED, {"offer_id": "offer-1", "attempt": 1}),
    (200, "robot", Events.DELIVERY_PICKUP_ARRIVED, {}),
    (260.5, "robot", Events.DELIVERY_PICKUP_COMPLETED, {"wait_s": 60.5}),
    (300, "robot", Events.ROBOT_HEARTBEAT, {"state": "in_transit"}),
    (400, "robot", Events.ROBOT_ERROR, {
        "error_code": "NAV-101", "component": "localization", "severity": "major",
        "is_failure": False,
    }),
    (600, "robot", Events.DELIVERY_DROPOFF_ARRIVED, {}),
    (660, "robot", Events.DELIVERY_DROPOFF_COMPLETED, {}),
]  # fmt: skip
ORDINARY = "an ordinary line, which is not for the lake"


def story(number: int) -> Iterator[dict[str, Any]]:
    """What happens in one delivery, as `event` takes it."""
    registry = load_registry(ROOT)
    ids = {
        "order_id": f"O-{number}",
        "delivery_id": f"D-{number}",
        "robot_id": f"R-{number}",
        "merchant_id": f"M-{number}",
    }
    for seconds, service, event, fields in STORY:
        required = [
            name for name, need in registry.by_name[event].ids.items() if need == "required"
        ]
        yield {
            "service": service,
            "host": f"{service}-{number}",
            "at": (START + timedelta(seconds=seconds)).isoformat(),
            "event": event,
            "data": {name: ids[name] for name in required} | fields,
        }


def log_from_python(events: Iterable[dict[str, Any]]) -> list[str]:
    """The lines that the Python client writes, an ordinary one after each event."""
    lines: list[bytes] = []
    loggers: dict[str, EventLogger] = {}
    times: list[datetime] = []
    handler = EventLogHandler(service="robot", env="prod", write=lines.append)
    for one in events:
        times.append(datetime.fromisoformat(one["at"]))
        logger = loggers.setdefault(
            one["host"],
            EventLogger(
                service=one["service"],
                host=one["host"],
                env="prod",
                version="1.0.0",
                write=lines.append,
                clock=lambda: times[-1],
            ),
        )
        logger.event(one["event"], one["data"])
        handler.emit(logging.LogRecord("test", logging.INFO, "", 0, ORDINARY, None, None))
    return b"".join(lines).decode().splitlines()


def log_from_typescript(events: Iterable[dict[str, Any]]) -> list[str]:
    """The lines that the TypeScript client writes, an ordinary one after each event."""
    if not TYPESCRIPT.is_file():
        pytest.skip("the TypeScript client is not built: run make typescript")
    return subprocess.run(
        ["node", Path(__file__).with_name("log_events.mjs"), TYPESCRIPT, ORDINARY],
        input="".join(json.dumps(one) + "\n" for one in events),
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout.splitlines()


CLIENTS = {"python": log_from_python, "typescript": log_from_typescript}


def ship(vector: Vector, lines: Iterable[str], bucket: Any) -> dict[str, list[Record]]:
    """Send lines through the programs, and what is for S3 into the bucket as Vector writes it.

    Returns the records that each sink got.
    """
    got: dict[str, list[Record]] = defaultdict(list)
    objects: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        source = "robots" if '"service":"robot"' in line else "services"
        agent = {"hostname": "node-1", "ddsource": "python"} if source == "services" else {}
        for name, flows in vector.run(source, {"message": line, **agent}).items():
            if name not in vector.sinks:
                continue
            got[name] += [flow.record() for flow in flows]
            sink = vector.sinks[name]
            if sink["type"] == "aws_s3":
                received_at = datetime.fromisoformat(got[name][-1]["timestamp"][:19])
                objects[received_at.strftime(sink["key_prefix"])].append(got[name][-1]["message"])
    for prefix, messages in objects.items():
        bucket.put_object(
            Key=f"{prefix}{uuid.uuid4()}.ndjson.gz",
            Body=gzip.compress("".join(f"{message}\n" for message in messages).encode()),
            ContentEncoding="gzip",
        )
    return got


@pytest.mark.parametrize("client", CLIENTS)
def test_a_delivery_becomes_a_session(
    vector: Vector, dbt: Warehouse, bucket: Any, client: str
) -> None:
    lines = CLIENTS[client](story(7))
    assert len(lines) == 2 * len(STORY)
    cut = lines[0][:100]

    got = ship(vector, [*lines, cut], bucket)
    dbt("run-operation", "load_event_lines", landing_path=f"s3://{bucket.name}")
    dbt(
        "build",
        *("--select", "+delivery_sessions", "+delivery_session_events", "+quarantined_lines"),
        *NO_TESTS,
    )

    assert dbt.rows(
        "select delivery_id, order_id, robot_id, outcome, order_to_dispatch_seconds,"
        " pickup_wait_seconds, order_to_dropoff_seconds, error_count, event_count, missing_steps"
        " from fleet_marts.delivery_sessions"
    ) == [("D-7", "O-7", "R-7", "completed", 30.0, 60.5, 660.0, 1, len(STORY), None)]
    found = dbt.rows(
        "select seconds_since_start, event_name, service, match_method"
        " from fleet_marts.delivery_session_events order by sequence_number"
    )
    assert [row[:3] for row in found] == [
        (seconds, event, service) for seconds, service, event, _ in STORY
    ]
    methods = {name: method for _, name, _, method in found}
    assert methods["robot.heartbeat"] == methods["robot.error"] == "robot_window"
    assert dbt.rows("select reason, line from fleet_marts.quarantined_lines") == [
        ("malformed", cut)
    ]

    # The same events in Datadog, with the ordinary lines and word of the cut one.
    assert len(got["datadog"]) == 2 * len(STORY) + 1
    names = [log["evt"]["name"] for log in got["datadog"] if "evt" in log]
    assert names == [event for _, _, event, _ in STORY]
    assert [log["message"] for log in got["datadog"]].count(ORDINARY) == len(STORY)
    assert [log["quarantine_reason"] for log in got["datadog"] if "quarantine_reason" in log] == [
        "malformed"
    ]
