"""Where lines go, and how to write a value that JSON has no form for."""

from __future__ import annotations

import io
import math
import os
import select
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain, islice, starmap
from typing import Any, TypeAlias, TypeVar

import msgspec

from fleet_events.signals import is_not_ours

try:
    from fcntl import LOCK_EX, LOCK_UN, lockf
except ImportError:  # Windows has no locks of this kind.
    lockf = None  # type: ignore[assignment]

_T = TypeVar("_T")

TEXT_LENGTH = 4096
ITEMS = 100
DEPTH = 4
ROOM = 32_000
"""Most bytes of a value, so that no line passes the 65,535 bytes of a text on Redshift."""
ITEM_BYTES = 8
"""What each item counts for besides its text."""

Outcome: TypeAlias = "list[object]"
"""Empty until it is settled what becomes of a line: written, waiting, or counted as lost.

Its item is the exception of a signal handler that is still to be raised, or anything else."""
Job: TypeAlias = Callable[[Any, Outcome], None]
Lose: TypeAlias = Callable[[BaseException], None]


class Turns:
    """Runs jobs one at a time, in the order in which they were asked for.

    A signal handler that logs interrupts the very thread that may be writing a line; no lock keeps
    it out. Its job waits until that line is whole.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget who is at work: in a forked process nobody is."""
        self._lock = threading.RLock()
        self._busy = False
        self._later: deque[tuple[Job, Any, Lose]] = deque()

    def run(self, mark: Callable[[], _T], job: Job, lose: Lose, outcome: Outcome) -> _T:
        """Run the job, or have it run as soon as this thread is done with the one before.

        Args:
            mark: called in turn, also where the job waits; gives the first argument of the job.
            job: does the work and settles the outcome.
            lose: told what a job that waited raises before its outcome is settled.
            outcome: of this job.

        Returns:
            What `mark` gave.
        """
        with self._lock:
            if self._busy:
                marked = mark()
                # In one step of the interpreter: a handler may raise after it, not within.
                outcome.extend(map(self._later.append, ((job, marked, lose),)))
                return marked
            self._busy = True
            try:
                marked = mark()
                job(marked, outcome)
            finally:
                self._busy = False
                if self._later:
                    self._run_later()
            return marked

    def _run_later(self) -> None:
        while True:
            # Before it is looked whether there is one: a handler that comes between would run it.
            self._busy = True
            try:
                if not self._later:
                    return
                job, marked, lose = self._later[0]
                outcome: Outcome = []
                try:
                    job(marked, outcome)
                except BaseException as error:
                    if not outcome:
                        lose(error)
                    if is_not_ours(error):
                        raise
                finally:
                    self._later.popleft()
            finally:
                self._busy = False
            raise_held(outcome)


def raise_held(outcome: Outcome) -> None:
    """Raise what a signal handler raised while the line was written."""
    if outcome and isinstance(outcome[0], BaseException):
        raise outcome[0]


class Stdout:
    """Writes lines to standard output: each whole, or not at all.

    Processes that share a pipe or a file lock it for each line. Without that a line longer than
    PIPE_BUF (4,096 bytes on Linux) may be cut by the lines of others.
    """

    def __init__(self) -> None:
        self._stream: object = None
        self._fd: int | None = None
        self._locks = False
        self._torn = False

    def write(self, line: bytes) -> BaseException | None:
        """Write one line after all text printed before.

        Returns:
            What a signal handler raised when the line, or a part of it, was out already: the rest
            was written first.

        Raises:
            OSError: there is no room or no reader; nothing of the line is left in the output. Only
                where a part of it cannot be taken back does that stand on a line of its own.
        """
        written: list[int] = []
        whole = line
        try:
            stream = sys.stdout
            if stream is not self._stream:
                self._look_at(stream)
            # Text printed before must not end up in the middle of the line.
            stream.flush()
            fd = self._fd
            if fd is None:
                _write_to(stream, line)
                return None
            if self._torn:
                whole = b"\n" + line
            try:
                if self._locks:
                    self._lock(fd)
                try:
                    return self._write(fd, whole, written)
                except BaseException as error:
                    # A handler raised while what another had raised was dealt with.
                    if written and sum(written) < len(whole):
                        return self._write(fd, whole, written, error)
                    raise
            finally:
                if self._locks:
                    lockf(fd, LOCK_UN)
        except BaseException as error:
            if sum(written) == len(whole):
                return error
            raise

    def _look_at(self, stream: object) -> None:
        """Find the file behind the stream; one that alters what is written has none."""
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        # Whoever reopened standard output began a new line.
        self._torn = False
        self._fd = None
        self._locks = False
        if isinstance(raw, io.FileIO):
            mode = os.fstat(raw.fileno()).st_mode
            self._fd = raw.fileno()
            self._locks = lockf is not None and (stat.S_ISFIFO(mode) or stat.S_ISREG(mode))
        self._stream = stream

    def _lock(self, fd: int) -> None:
        try:
            lockf(fd, LOCK_EX)
        except OSError as error:
            if is_not_ours(error):
                raise
            # A file that knows no locks.
            self._locks = False

    def _write(
        self, fd: int, line: bytes, written: list[int], unclear: BaseException | None = None
    ) -> BaseException | None:
        """Write until the line is out, or take back what is.

        Args:
            fd: the file.
            line: what to write.
            written: gets the bytes that each call wrote; empty in the end if the line is not out.
            unclear: what was raised before it was called again with a part of the line written.
        """
        raised: BaseException | None = None
        failed: BaseException | None = None
        is_full = gives_up = False
        # A signal handler may raise anywhere in here. The steps that count are therefore single
        # calls of the interpreter, and whatever is raised only leads to another round.
        while True:
            try:
                if unclear is not None:
                    if is_not_ours(unclear):
                        gives_up = raised is not None and not isinstance(unclear, Exception)
                        raised = unclear
                    else:
                        failed = unclear
                    unclear = None
                done = sum(written)
                if done == len(line):
                    break
                # What is begun is brought to its end, or others would write into it; unless the
                # program is told to end once more, as by a user who waits for a reader in vain.
                if failed is None and not gives_up and (done or raised is None):
                    if is_full:
                        _wait_for_room(fd)
                        is_full = False
                    written.extend(map(os.write, (fd,), (line[done:],)))
                    continue
                if done and not _took_back(fd, done, written):
                    self._torn = True
                    written.clear()
                break
            except BlockingIOError:
                is_full = True
            except BaseException as error:
                unclear = error
        if written:
            self._torn = False
            return raised
        raise raised or failed or OSError("the line could not be written")


def _wait_for_room(fd: int) -> None:
    # Node.js, for one, makes a pipe that it shares not block.
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    poll.poll()


def _took_back(fd: int, done: int, written: list[int]) -> bool:
    """Cut the last bytes written off a file, the beginning of a line that did not fit."""
    try:
        found = os.fstat(fd)
        end = os.lseek(fd, 0, os.SEEK_CUR)
        if not stat.S_ISREG(found.st_mode) or found.st_size != end:
            return False
        start = end - done
        steps: list[object] = []
        steps.extend(
            chain(
                map(os.ftruncate, (fd,), (start,)),
                starmap(written.clear, [()]),
                map(os.lseek, (fd,), (start,), (os.SEEK_SET,)),
            )
        )
    except OSError as error:
        if is_not_ours(error):
            raise
        return False
    return True


def _write_to(stream: object, line: bytes) -> None:
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(line.decode())  # type: ignore[attr-defined]
    else:
        buffer.write(line)
    stream.flush()  # type: ignore[attr-defined]


def encode(value: object) -> bytes:
    """The value as JSON.

    Raises:
        Exception: it has no form in JSON, such as half a surrogate pair.
    """
    return _encoder.encode(value)


def to_jsonable(value: object) -> object:
    """The value as JSON can carry it and of bounded size; what is too much is left out.

    Numbers beyond JSON become text, objects become `<TypeName>`: their `repr` might show what must
    not be logged, or fail.
    """
    return to_bounded(value)[0]


def to_bounded(value: object) -> tuple[object, bool]:
    """As `to_jsonable`, and whether there was room for it."""
    room = _Room()
    written = _jsonable(value, DEPTH, room)
    return written, room.left > 0


class _Room:
    """How much more may be written; the work is bounded with it."""

    left = ROOM


def _jsonable(value: object, depth: int, room: _Room) -> object:
    room.left -= ITEM_BYTES
    try:
        match value:
            case None | bool():
                return value
            case int():
                if value.bit_length() < 64:
                    return int(value)
                return f"<int of {value.bit_length()} bits>"
            case float():
                return float(value) if math.isfinite(value) else str(float(value))
            case str():
                return _text(value, room)
            case datetime():
                return _text(value.isoformat(), room)
        if depth and isinstance(value, Mapping):
            entries: dict[str, object] = {}
            for key, item in islice(value.items(), ITEMS):
                if room.left <= 0:
                    break
                entries[str(_jsonable(key, 0, room))] = _jsonable(item, depth - 1, room)
            return entries
        if depth and isinstance(value, list | tuple | set | frozenset):
            items: list[object] = []
            for item in islice(value, ITEMS):
                if room.left <= 0:
                    break
                items.append(_jsonable(item, depth - 1, room))
            return items
    except Exception as error:
        if is_not_ours(error):
            raise
    return _text(f"<{type(value).__name__}>", room)


def _text(value: str, room: _Room) -> str:
    written = value[:TEXT_LENGTH].encode("utf-8", "replace")
    room.left -= len(written)
    return written.decode()


def _plain(value: object) -> object:
    """A subclass of text, which the check lets through, as text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_encoder = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")

TURNS = Turns()
STDOUT = Stdout()
