"""Runs a case of `tests/golden/event_lines.json` through the logger."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fleet_events import EventLogger, EventRejected, bind_context
from fleet_events.events import REGISTRY_VERSION

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/event_lines.json").read_text("utf-8"))


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    """What comes of a case: lines, or the message of an error."""
    raw: list[bytes] = []
    logger = EventLogger(
        service="robot-agent",
        env=case.get("env", "test"),
        version="4.2.1",
        host="R-42",
        boot="b7f3",
        write=raw.append,
        clock=lambda: datetime.fromisoformat(GOLDEN["clock"]),
        entropy=lambda count: bytes.fromhex(GOLDEN["entropy"]),
        monotonic_ms=(lambda: case["mono_ms"]) if "mono_ms" in case else None,
    )
    try:
        with bind_context(**case.get("context", {})):
            for _ in range(case.get("times", 1)):
                logger.event(case["event"], case["data"])
    except EventRejected as error:
        return {"error": str(error)}
    version = f'"{REGISTRY_VERSION}"'
    return {"lines": [line.decode().replace(version, '"REGISTRY_VERSION"') for line in raw]}
