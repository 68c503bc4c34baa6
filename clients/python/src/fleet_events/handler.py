"""Ordinary log records as JSON lines beside the events, with the same names and ids."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fleet_events.check import time_text
from fleet_events.context import bound_context, bound_ids, bound_trace
from fleet_events.events import Envelope
from fleet_events.service_tags import service_tags
from fleet_events.signals import is_not_ours
from fleet_events.sink import STDOUT, TURNS, Outcome, Turns, encode, raise_held, to_jsonable

STATUS = {"WARNING": "warn"}
_OWN_ATTRIBUTES = frozenset([*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"])


class EventLogHandler(logging.Handler):
    """Writes records of the standard library's `logging` to the stream of the events.

    A line has the envelope of an event without `evt`: it goes where logs go, not to the lake.
    What was given as `extra` is in `data`.

    Args:
        service: name of the program.
        env: environment; DD_ENV, or else dev, by default.
        version: version of the program; DD_VERSION, or else unknown, by default.
        write: takes each line, newline included; standard output by default.
        level: lowest level written.

    Raises:
        TypeError, ValueError: as `EventLogger` does.
    """

    def __init__(
        self,
        *,
        service: str,
        env: str | None = None,
        version: str | None = None,
        write: Callable[[bytes], None] | None = None,
        level: int | str = logging.NOTSET,
    ) -> None:
        super().__init__(level)
        self._tags = service_tags(service, env, version)
        self._turns = Turns() if write else TURNS
        self._write: Callable[[bytes], object] = write or STDOUT.write

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a failure goes to `logging`'s own `handleError`."""
        outcome: Outcome = []
        try:
            line = encode(self._line(record)) + b"\n"
            self._turns.run(
                lambda: None,
                lambda _, outcome: outcome.extend(map(self._write, (line,))),
                lambda error: self.handleError(record),
                outcome,
            )
        except Exception as error:
            if is_not_ours(error):
                raise
            self.handleError(record)
        raise_held(outcome)

    def _line(self, record: logging.LogRecord) -> dict[str, Any]:
        context = bound_context()
        envelope: Envelope = {
            "occurred_at": time_text(datetime.fromtimestamp(record.created, UTC)),
            **self._tags,
            "status": STATUS.get(record.levelname, record.levelname.lower()),
            "message": str(to_jsonable(record.getMessage())),
        }
        line: dict[str, Any] = {**envelope, "logger": {"name": record.name}}
        if trace := bound_trace(context):
            line["dd"] = trace
        line.update(bound_ids(context))
        if record.exc_info and record.exc_info[0]:
            line["error"] = {
                "kind": record.exc_info[0].__name__,
                "message": to_jsonable(str(record.exc_info[1])),
                "stack": to_jsonable(logging.Formatter().formatException(record.exc_info)),
            }
        extra = {key: value for key, value in vars(record).items() if key not in _OWN_ATTRIBUTES}
        if extra:
            line["data"] = to_jsonable(extra)
        return line
