"""Ordinary log records on the stream of the events."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fleet_events import EventLogHandler, bind_context


@pytest.fixture
def log(lines: Any) -> Iterator[logging.Logger]:
    handler = EventLogHandler(service="robot-agent", env="prod", version="4.2.1",
                              write=lines.raw.append)  # fmt: skip
    logger = logging.getLogger("agent.lid")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def test_a_record_has_the_envelope_the_context_and_no_event(
    log: logging.Logger, lines: Any
) -> None:
    with bind_context(delivery_id="D-99", robot_id="R-42", trace_id="t"):
        log.warning("lid is %s", "open", extra={"angle": 12.5, "who": object()})
    line = lines.only()
    assert line.pop("occurred_at").endswith("Z")
    assert line == {
        "service": "robot-agent",
        "env": "prod",
        "version": "4.2.1",
        "status": "warn",
        "message": "lid is open",
        "logger": {"name": "agent.lid"},
        "dd": {"trace_id": "t"},
        "delivery_id": "D-99",
        "robot_id": "R-42",
        "data": {"angle": 12.5, "who": "<object>"},
    }


def test_levels_become_statuses(log: logging.Logger, lines: Any) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "x")
    assert [line["status"] for line in lines.read()] == [
        "debug",
        "info",
        "warn",
        "error",
        "critical",
    ]


def test_an_exception_is_written_with_its_stack(log: logging.Logger, lines: Any) -> None:
    try:
        raise ValueError("no lid")
    except ValueError:
        log.exception("lid failed")
    error = lines.only()["error"]
    assert (error["kind"], error["message"]) == ("ValueError", "no lid")
    assert 'raise ValueError("no lid")' in error["stack"]


def test_a_record_that_cannot_be_made_does_not_stop_the_program(
    lines: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = EventLogHandler(service="robot-agent", write=lines.raw.append)
    for text, value in (("lid is %d", "open"), ("lid is %s", "\ud800")):
        handler.handle(logging.LogRecord("a", logging.INFO, "a.py", 1, text, (value,), None))
    assert lines.only()["message"] == "lid is ?"
    assert "Logging error" in capsys.readouterr().err


def test_records_go_to_standard_output_by_default(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    handler = EventLogHandler(service="robot-agent")
    record = logging.LogRecord("a", logging.INFO, __file__, 1, "hello", (), None)
    handler.handle(record)
    assert json.loads(capfdbinary.readouterr().out)["message"] == "hello"


def test_a_stream_without_bytes_is_written_to_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    EventLogHandler(service="robot-agent").handle(
        logging.LogRecord("a", logging.INFO, __file__, 1, "hello", (), None)
    )
    assert json.loads(stream.getvalue())["message"] == "hello"
