"""`logger.event()`: one checked, numbered JSON line per business event."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from fleet_events.check import PayloadCheck, check_for, did_you_mean, is_id
from fleet_events.context import bound_context, bound_ids, bound_trace
from fleet_events.events import (
    ID_PREFIXES,
    REGISTRY_VERSION,
    Envelope,
    Events,
    TypedEventLogger,
)
from fleet_events.service_tags import constant, service_tags
from fleet_events.signals import is_not_ours
from fleet_events.sink import (
    ROOM,
    STDOUT,
    TURNS,
    Outcome,
    Turns,
    encode,
    raise_held,
    to_bounded,
    to_jsonable,
)

STRICT_ENVS = ("dev", "test")
REASON_LENGTH = 256
NAME_LENGTH = 128
ID_LENGTH = 256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_END_MS = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_T = TypeVar("_T")


class EventRejected(ValueError):  # noqa: N818 - reads as what happened
    """The event does not fit the registry; the message names the event and each field."""


class EventLogger:
    """Writes events as JSON lines. Safe to share between threads and signal handlers, across forks.

    `get_logger` gives the same object with each event typed; use this class where the event is
    a variable. In the envs dev and test a fault raises. Anywhere else `event` raises nothing of its
    own: what does not fit is written with `evt.valid` false and reported as
    `telemetry.event_rejected`, what cannot be written is counted. What a signal handler raises
    meanwhile goes on to the program.

    A forked process is an emitter of its own. To standard output its lines go whole beside those
    of the others, whatever their length; a `write` of your own must see to that itself.

    Args:
        service: name of the program.
        env: environment; DD_ENV, or else dev, by default.
        version: version of the program; DD_VERSION, or else unknown, by default.
        host: machine or robot; the host name by default.
        write: takes each line, newline included, or raises; standard output by default.
        clock: gives the time, aware; the system's by default.
        entropy: gives that many random bytes; the system's by default.
        boot: names this run of the program; random by default.
        monotonic_ms: milliseconds since boot by a clock that is never set; left out by default.

    Raises:
        TypeError, ValueError: `service`, `env`, `version`, `host` or `boot` is no text that the
            warehouse can read, in any env.

    Attributes:
        emitter_id: service/host/boot; `seq` counts from 1 within it.
        lost: events of this emitter_id that could not be written.
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
        self._strict = self.env in STRICT_ENVS
        # Loggers that share standard output take turns.
        self._turns = Turns() if write else TURNS
        self._write: Callable[[bytes], object] = write or STDOUT.write
        self._clock_ms = self._guarded(clock and (lambda: _to_ms(clock())), _now_ms, _is_ms)
        self._random = self._guarded(
            entropy and (lambda: entropy(10)), lambda: os.urandom(10), _is_ten_bytes
        )
        self._monotonic_ms: Callable[[], int | None] | None = monotonic_ms and self._guarded(
            monotonic_ms, _no_reading, _is_int
        )
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
        outcome: Outcome = []
        try:
            event_id = self._event(event, data, outcome)
        except BaseException as error:
            if self._strict:
                raise
            # Nothing is called before it is counted: a second handler may raise then.
            if not outcome:
                self.lost += 1
                self._tell_loss(error)
            if is_not_ours(error):
                raise
            return ""
        raise_held(outcome)
        return event_id

    def _event(self, event: Events, data: Mapping[str, object], outcome: Outcome) -> str:
        context = bound_context()
        try:
            check = check_for(event)
            payload = check.validate(data, context)
        except Exception as error:
            if is_not_ours(error):
                raise
            # Not an event or not a mapping: _refuse finds out what it is.
            payload = None
        if payload is None:
            return self._refuse(event, data, context, outcome)
        try:
            return self._emit(
                check.evt,
                check.spec.status,
                check.message(payload),
                {name: payload[name] for name in check.ids if name in payload},
                {name: payload[name] for name in check.fields if name in payload},
                context,
                outcome,
            )
        except _UnwritableError:
            return self._refuse(event, data, context, outcome)

    def _emit(
        self,
        evt: dict[str, object],
        status: str,
        message: str,
        ids: Mapping[str, object],
        data: Mapping[str, object],
        context: Mapping[str, str],
        outcome: Outcome,
    ) -> str:
        write = partial(self._write_line, evt, status, message, ids, data, context)
        event_id, _, _ = self._turns.run(self._stamp, write, self._lose, outcome)
        return event_id

    def _stamp(self) -> tuple[str, int, int | None]:
        now_ms = self._clock_ms()
        mono_ms = self._monotonic_ms() if self._monotonic_ms else None
        return _uuid7(now_ms, self._random()), now_ms, mono_ms

    def _write_line(
        self,
        evt: dict[str, object],
        status: str,
        message: str,
        ids: Mapping[str, object],
        data: Mapping[str, object],
        context: Mapping[str, str],
        stamp: tuple[str, int, int | None],
        outcome: Outcome,
    ) -> None:
        # Number, time and write in one turn: the order of the lines is that of `seq`.
        event_id, now_ms, mono_ms = stamp
        seq = self._seq + 1
        line: Envelope = {
            "event_id": event_id,
            "evt": evt,
            "occurred_at": self._time_text(now_ms),
            "service": self.service,
            "env": self.env,
            "version": self.version,
            "emitter_id": self.emitter_id,
            "seq": seq,
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
            encoded = encode(line) + b"\n"
        except Exception as error:
            if is_not_ours(error):
                raise
            raise _UnwritableError from None
        # The number stays used when the write fails: the gap shows the loss.
        self._seq = seq
        try:
            # In one step of the interpreter: a handler may raise after it, not within.
            outcome.extend(map(self._write, (encoded,)))
        except Exception as error:
            if self._strict or outcome or is_not_ours(error):
                raise
            self.lost += 1
            outcome.append(None)
            self._tell_loss(error)

    def _refuse(
        self, event: object, data: object, context: Mapping[str, str], outcome: Outcome
    ) -> str:
        name = str(to_jsonable(event))[:NAME_LENGTH]
        check, reasons = _examine(event, data, context)
        if self._strict:
            raise EventRejected(f"{name}: {'; '.join(reasons)}.")
        payload, fits = to_bounded(data)
        if not isinstance(payload, dict):
            payload = {"payload": payload}
        sample = encode(payload)
        if not fits or len(sample) > ROOM:
            payload = {}
            reasons.append(f"the payload is longer than {ROOM} bytes and was left out")
        given = {**bound_ids(context), **payload}
        ids = {
            key: str(given[key])[:ID_LENGTH]
            for key in ID_PREFIXES
            if isinstance(given.get(key), str)
        }
        payload = {key: value for key, value in payload.items() if key not in ids}
        version = {"version": check.spec.version} if check else {}
        report = check_for(Events.TELEMETRY_EVENT_REJECTED)
        facts: dict[str, object] = {
            "rejected_name": name,
            "reasons": [reason[:REASON_LENGTH] for reason in reasons],
            "sample_hash": hashlib.sha256(sample).hexdigest()[:16],
        }
        reported: Outcome = []
        try:
            event_id = self._emit(
                {"name": name, **version, "valid": False},
                check.spec.status if check else "warn",
                f"Event {name} does not fit the registry",
                ids,
                payload,
                context,
                outcome,
            )
            self._emit(
                report.evt,
                report.spec.status,
                report.message(facts),
                {key: value for key, value in ids.items() if _is_id(key, value)},
                facts,
                context,
                reported,
            )
        except BaseException as error:
            if not reported:
                self.lost += 1
                self._tell_loss(error)
            raise
        raise_held(reported)
        return event_id

    def _time_text(self, now_ms: int) -> str:
        second, ms = divmod(now_ms, 1000)
        # Most events share their second with the one before.
        if second != self._second:
            text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            # Nothing is called between the two: a handler that raises cannot part them.
            self._second_text = text
            self._second = second
        return f"{self._second_text}.{ms:03}Z"

    def _lose(self, error: BaseException) -> None:
        self.lost += 1
        self._tell_loss(error)

    def _tell_loss(self, error: BaseException) -> None:
        if self.lost > 1:
            return
        try:
            sys.stderr.write(
                f"{self.emitter_id}: an event could not be written ({type(error).__name__}); "
                "further losses are only counted.\n"
            )
        except Exception as failure:
            if is_not_ours(failure):
                raise

    def _begin(self, boot: str) -> None:
        """Start counting under a new emitter_id."""
        self.emitter_id = f"{self.service}/{self.host}/{boot}"
        self.lost = 0
        self._seq = 0

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
            except Exception as error:
                if self._strict or is_not_ours(error):
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
    except (ValueError, TypeError) as error:
        if is_not_ours(error):
            raise
        name = str(to_jsonable(event))
        return None, [f"is not a registered event{did_you_mean(name, Events)}"]
    if not isinstance(data, Mapping):
        return check, [f"the payload must be a mapping, not {type(data).__name__}"]
    try:
        reasons = check.explain(data, context)
    except Exception as error:
        if is_not_ours(error):
            raise
        return check, [f"the payload cannot be read ({type(error).__name__})"]
    return check, reasons or ["the payload cannot be written as JSON"]


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
    TURNS.begin()
    for logger in _loggers:
        logger._turns.begin()
        logger._begin(os.urandom(4).hex())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
