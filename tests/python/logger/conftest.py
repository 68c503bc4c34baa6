"""A logger whose lines can be looked at."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fleet_events import EventLogger


class Lines:
    """Takes what a logger writes; `read` parses it, each line on its own."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []

    def read(self) -> list[dict[str, Any]]:
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in self.raw)
        return [json.loads(line, parse_constant=refuse) for line in self.raw]

    def only(self) -> dict[str, Any]:
        (line,) = self.read()
        return line


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def make(lines: Lines) -> Callable[..., EventLogger]:
    """Make a logger that writes to `lines`."""

    def make_logger(env: str = "test", **options: Any) -> EventLogger:
        values = {"service": "robot-agent", "version": "4.2.1", "host": "R-42", "boot": "b7f3"}
        return EventLogger(**{"env": env, "write": lines.raw.append, **values, **options})

    return make_logger
