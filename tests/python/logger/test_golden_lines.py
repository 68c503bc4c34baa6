"""The lines that every language's logger writes, byte for byte: `tests/golden/event_lines.json`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fleet_events import EventLogger, EventRejected, bind_context
from fleet_events.events import REGISTRY_VERSION, Events

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/event_lines.json").read_text("utf-8"))
CASES = {case["name"]: case for case in GOLDEN["cases"]}


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


@pytest.mark.parametrize("name", CASES)
def test_lines_are_the_golden_ones(name: str) -> None:
    case = CASES[name]
    assert outcome(case) == {key: case[key] for key in ("lines", "error") if key in case}


def test_the_golden_events_are_registered_unless_they_show_a_wrong_name() -> None:
    unknown = {case["event"] for case in CASES.values()} - set(Events)
    assert unknown == {"delivery.pickup_complete", "x"}
