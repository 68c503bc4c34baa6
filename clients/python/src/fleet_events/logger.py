"""`logger.event()`: one checked, numbered JSON line per business event."""

from __future__ import annotations

import difflib
import hashlib
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from fleet_events.check import PayloadCheck, check_for, is_id
from fleet_events.context import bound_context, bound_ids, bound_trace
from fleet_events.events import (
    ID_PREFIXES,
    REGISTRY_VERSION,
    Envelope,
    Events,
    TypedEventLogger,
)
from fleet_events.service_tags import constant, service_tags
from fleet_events.sink import to_jsonable, write_stdout

STRICT_ENVS = ("dev", "test")
PAYLOAD_BYTES = 200_000
"""Largest payload a refused event keeps, so that no line passes the 256 KB of the transport."""
REASONS = 20
REASON_LENGTH = 256
NAME_LENGTH = 128

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_END_MS = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_T = TypeVar("_T")


def _plain(value: object) -> object:
    """A subclass of text, which the check lets through, as text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_encode = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number").encode


class EventRejected(ValueError):  # noqa: N818 - reads as what happened
    """The event does not fit the registry; the message names the event and each field."""


class EventLogger:
    """Writes events as JSON lines. Safe to share between threads and across forks.

    `get_logger` gives the same object with each event typed; use this class where the event is
    a variable. In the envs dev and test a fault raises. Anywhere else `event` never raises:
    what does not fit is written with `evt.valid` false and reported as `telemetry.event_rejected`,
    what cannot be written is counted.

    Args:
        service: name of the program.
        env: environment; DD_ENV, or else dev, by default.
        version: version of the program; DD_VERSION, or else unknown, by default.
        host: machine or robot; the host name by default.
        write: takes each line, newline included; standard output by default.
        clock: gives the time, aware; the system's by default.
        entropy: gives that many random bytes; the system's by default.
        boot: names this run of the program; random by default.
        monotonic_ms: milliseconds since boot by a clock that is never set; left out by default.

    Raises:
        TypeError, ValueError: `service`, `env`, `version`, `host` or `boot` is no text that the
            warehouse can read, in any env.

    Attributes:
        emitter_id: service/host/boot; `seq` counts from 1 within it.
        lost: events that could not be written.
    """

    def __init__(
        self,
        *,
        service: str,
        env: str | None = None,
        version: str | None = None,
        host: str | None = None,
        write: Callable[[bytes], None] | None = None,
        clock: Callable[[], datetime] | None = None,
        entropy: Callable[[int], bytes] | None = None,
        boot: str | None = None,
        monotonic_ms: Callable[[], int] | None = None,
    ) -> None:
        # Wrong ones raise in every env: they would spoil each line, and are seen at the start.
        tags = service_tags(service, env, version)
        self.service, self.env, self.version = tags["service"], tags["env"], tags["version"]
        self.host = constant("host", host, socket.gethostname(), "unknown")
        self.lost = 0
        self._strict = self.env in STRICT_ENVS
        self._write = write or write_stdout
        self._clock_ms = self._guarded(clock and (lambda: _to_ms(clock())), _now_ms, _is_ms)
        self._random = self._guarded(
            entropy and (lambda: entropy(10)), lambda: os.urandom(10), _is_ten_bytes
        )
        self._monotonic_ms: Callable[[], int | None] | None = monotonic_ms and self._guarded(
            monotonic_ms, _no_reading, _is_int
        )
        self._lock = threading.RLock()
        self._seq = 0
        self._second = -1
        self._second_text = ""
        self._begin(constant("boot", boot, os.urandom(4).hex()))
        _loggers.add(self)

    def event(self, event: Events, data: Mapping[str, object]) -> str:
        """Log one event and return its `event_id`.

        Args:
            event: which event.
            data: its ids and fields, as the registry has them.

        Raises:
            EventRejected: the event does not fit the registry (in dev and test only).
        """
        if self._strict:
            return self._event(event, data)
        try:
            return self._event(event, data)
        except Exception as error:
            self._lose(error)
            return ""

    def _event(self, event: Events, data: Mapping[str, object]) -> str:
        context = bound_context()
        try:
            check = check_for(event)
            payload = check.validate(_with_context(data, context, check.optional_ids))
        except Exception:
            # Not an event or not a mapping: _refuse finds out what it is.
            payload = None
        if payload is None:
            return self._refuse(event, data, context)
        try:
            return self._emit(
                check.evt,
                check.spec.status,
                check.message(payload),
                {name: payload[name] for name in check.ids if name in payload},
                {name: payload[name] for name in check.fields if name in payload},
                context,
            )
        except _UnwritableError:
            return self._refuse(event, data, context)

    def _emit(
        self,
        evt: dict[str, object],
        status: str,
        message: str,
        ids: Mapping[str, object],
        data: Mapping[str, object],
        context: Mapping[str, str],
    ) -> str:
        # One lock around number, time and write: the order of the lines is that of `seq`.
        with self._lock:
            now_ms = self._clock_ms()
            event_id = _uuid7(now_ms, self._random())
            mono_ms = self._monotonic_ms() if self._monotonic_ms else None
            self._seq += 1
            line: Envelope = {
                "event_id": event_id,
                "evt": evt,
                "occurred_at": self._time_text(now_ms),
                "service": self.service,
                "env": self.env,
                "version": self.version,
                "emitter_id": self.emitter_id,
                "seq": self._seq,
            }
            if mono_ms is not None:
                line["mono_ms"] = mono_ms
            line["status"] = status
            line["message"] = message
            if context and (trace := bound_trace(context)):
                line["dd"] = trace
            # Ids and payload are not of the envelope; one dict keeps them in the order of the line.
            whole: dict[str, Any] = line  # type: ignore[assignment]
            whole.update(ids)
            line["registry_version"] = REGISTRY_VERSION
            if data:
                whole["data"] = data
            try:
                encoded = _encode(line) + b"\n"
            except Exception:
                self._seq -= 1
                raise _UnwritableError from None
            # The number stays used when the write fails: the gap shows the loss.
            try:
                self._write(encoded)
            except Exception as error:
                if self._strict:
                    raise
                self._lose(error)
        return event_id

    def _refuse(self, event: object, data: object, context: Mapping[str, str]) -> str:
        name = str(to_jsonable(event))[:NAME_LENGTH]
        check, reasons = _examine(event, data, context)
        if self._strict:
            raise EventRejected(f"{name}: {'; '.join(reasons)}.")
        payload = to_jsonable(data)
        if not isinstance(payload, dict):
            payload = {"payload": payload}
        sample = _encode(payload)
        if len(sample) > PAYLOAD_BYTES:
            payload = {}
            reasons.append(f"the payload is longer than {PAYLOAD_BYTES} bytes and was left out")
        given = {**bound_ids(context), **payload}
        ids = {key: str(given[key]) for key in ID_PREFIXES if isinstance(given.get(key), str)}
        payload = {key: value for key, value in payload.items() if key not in ids}
        version = {"version": check.spec.version} if check else {}
        event_id = self._emit(
            {"name": name, **version, "valid": False},
            check.spec.status if check else "warn",
            f"Event {name} does not fit the registry",
            ids,
            payload,
            context,
        )
        report = check_for(Events.TELEMETRY_EVENT_REJECTED)
        facts: dict[str, object] = {
            "rejected_name": name,
            "reasons": [reason[:REASON_LENGTH] for reason in reasons[:REASONS]],
            "sample_hash": hashlib.sha256(sample).hexdigest()[:16],
        }
        self._emit(
            report.evt,
            report.spec.status,
            report.message(facts),
            {key: value for key, value in ids.items() if _is_id(key, value)},
            facts,
            context,
        )
        return event_id

    def _time_text(self, now_ms: int) -> str:
        second, ms = divmod(now_ms, 1000)
        # Most events share their second with the one before.
        if second != self._second:
            self._second = second
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._second_text}.{ms:03}Z"

    def _lose(self, error: Exception) -> None:
        self.lost += 1
        if self.lost > 1:
            return
        with suppress(Exception):
            sys.stderr.write(
                f"{self.emitter_id}: an event could not be written ({type(error).__name__}); "
                "further losses are only counted.\n"
            )

    def _begin(self, boot: str) -> None:
        """Start counting under a new emitter_id."""
        self.emitter_id = f"{self.service}/{self.host}/{boot}"
        self._seq = 0
        # Re-entrant: a signal handler may log while the same thread is writing.
        self._lock = threading.RLock()

    def _guarded(
        self,
        source: Callable[[], _T] | None,
        fallback: Callable[[], _T],
        is_sound: Callable[[Any], bool],
    ) -> Callable[[], _T]:
        """The source given, or the fallback where there is none or, if not strict, it fails."""
        if source is None:
            return fallback

        def read() -> _T:
            try:
                value = source()
                if not is_sound(value):
                    raise TypeError(f"a source given to the logger returned {value!r}")
            except Exception:
                if self._strict:
                    raise
                return fallback()
            return value

        return read


class _UnwritableError(Exception):
    """A value fits its type but has no form in JSON, such as half a surrogate pair."""


def get_logger(
    *,
    service: str,
    env: str | None = None,
    version: str | None = None,
    host: str | None = None,
    write: Callable[[bytes], None] | None = None,
    clock: Callable[[], datetime] | None = None,
    entropy: Callable[[int], bytes] | None = None,
    boot: str | None = None,
    monotonic_ms: Callable[[], int] | None = None,
) -> TypedEventLogger:
    """The logger of this program, with each event typed; see `EventLogger`."""
    return EventLogger(
        service=service,
        env=env,
        version=version,
        host=host,
        write=write,
        clock=clock,
        entropy=entropy,
        boot=boot,
        monotonic_ms=monotonic_ms,
    )


def _examine(
    event: object, data: object, context: Mapping[str, str]
) -> tuple[PayloadCheck | None, list[str]]:
    """The check of a refused event, if it has one, and the reasons."""
    try:
        check = check_for(event)
    except (ValueError, TypeError):
        close = difflib.get_close_matches(str(to_jsonable(event)), list(Events), n=1)
        return None, [
            "is not a registered event" + (f" (did you mean {close[0]}?)" if close else "")
        ]
    if not isinstance(data, Mapping):
        return check, [f"the payload must be a mapping, not {type(data).__name__}"]
    try:
        reasons = check.explain(_with_context(data, context, check.optional_ids))
    except Exception as error:
        return check, [f"the payload cannot be read ({type(error).__name__})"]
    return check, reasons or ["the payload cannot be written as JSON"]


def _with_context(
    data: Mapping[str, object], context: Mapping[str, str], optional_ids: tuple[str, ...]
) -> Mapping[str, object]:
    missing = {name: context[name] for name in optional_ids if name in context and name not in data}
    return {**data, **missing} if missing else data


def _is_id(name: str, value: str) -> bool:
    return 0 < len(value) <= 64 and is_id(value, ID_PREFIXES[name])


def _uuid7(now_ms: int, random: bytes) -> str:
    """UUIDv7 (RFC 9562): 48 bits of time, then the version, the variant and 74 random bits."""
    text = (now_ms.to_bytes(6) + random).hex()
    variant = "89ab"[random[2] >> 4 & 0b11]
    return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _to_ms(instant: datetime) -> int:
    return (instant - _EPOCH) // _MILLISECOND


def _no_reading() -> int | None:
    return None


def _is_int(value: Any) -> bool:
    return isinstance(value, int)


def _is_ms(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < _END_MS


def _is_ten_bytes(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == 10


_loggers: weakref.WeakSet[EventLogger] = weakref.WeakSet()


def _after_fork() -> None:
    # A forked worker would otherwise number its events like its parent, or wait for its lock.
    for logger in _loggers:
        logger._begin(os.urandom(4).hex())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
