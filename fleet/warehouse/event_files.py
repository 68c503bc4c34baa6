"""Loads event files into the raw tables on DuckDB (a dbt-duckdb plugin).

The macro load_event_lines calls it. A folder and an s3:// URL are loaded alike. The Redshift
target does not use this module; COPY reads the files there.
"""

from __future__ import annotations

import atexit
import functools
import gzip
import itertools
import json
import os
import time
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from fleet.duckdb_file import DatabaseError, open_database
from fleet.errors import FleetError
from fleet.warehouse import storage
from fleet.warehouse.erased_ids import ErasedIds
from fleet.warehouse.event_lines import Lines, check
from fleet.warehouse.storage import Listing, StoredFile

WAIT_SECONDS = 2

ENDINGS = (".ndjson", ".ndjson.gz")
REJECTS = "/rejects/v1/"
"""Where Vector puts lines that it could not take for an event, each wrapped with its reason."""

LOAD_BYTES, LOAD_FILES = 1 << 29, 5000
"""Text and files of one transaction, as far as the files' sizes tell."""
PART_BYTES, PART_FILES = 1 << 24, 250
"""The same of what one thread reads at once."""
WHOLE_BYTES = 1 << 25
"""Text of a file, as far as its size tells, from which it is read part by part."""
PART_LINES = 1 << 18
"""Lines of a part: blank ones take far more memory than text."""
GZIP_RATIO = 10
"""Bytes of text in a gzipped byte of events."""
LONGEST_LINE = 1 << 26
MOST_BYTES = 1 << 34
"""Text in one file, for a few megabytes of gzip can hold more than any disk."""
MOST_REJECTED = 1 << 20
"""Lines of one file that are rejected, for it can hold a billion that say nothing."""
NAMED = 3
"""Files of a kind that are named."""
READERS = min(4, os.cpu_count() or 1)

# The metadata says to DuckDB that the text is JSON, which it would else parse once more.
ACCEPTED = pa.schema(
    [
        pa.field("payload", pa.large_string(), metadata={"ARROW:extension:name": "arrow.json"}),
        pa.field("source_file", pa.dictionary(pa.int32(), pa.string())),
    ]
)
REJECTED = pa.schema(
    [("source_file", pa.string()), ("line", pa.large_string()), ("reason", pa.string())]
)

KNOWN_FILES = """
    select source_file, byte_count, epoch_us(modified_at), etag from event_log.loaded_files
"""
ERASED_IDS = "select salt, id_hash from event_log.erased_ids"
FORGET_FOLDERS = "delete from event_log.failed_files where source_file like '%/'"
NEXT_LOADED_AT = """
    select greatest(
        cast(now() at time zone 'UTC' as timestamp),
        (select max(loaded_at) from event_log.loaded_files) + interval 1 microsecond,
        (select max(loaded_at) from event_log.event_lines) + interval 1 microsecond,
        (select max(loaded_at) from event_log.rejected_lines) + interval 1 microsecond
    )
"""
INSERT_LINES = """
    insert into event_log.event_lines (payload, source_file, loaded_at)
    select payload, source_file, $1 from accepted
"""
INSERT_REJECTED = """
    insert into event_log.rejected_lines (line, reason, source_file, loaded_at)
    select line, reason, source_file, $1 from rejected
"""
TAKE_BACK = [
    f"delete from event_log.{table} where loaded_at = $1 and source_file = $2"
    for table in ("event_lines", "rejected_lines")
]
RECORD_LOADED = """
    insert into event_log.loaded_files
        (source_file, line_count, rejected_count, loaded_at, byte_count, modified_at, etag)
    select source_file, line_count, rejected_count, $1, byte_count, modified_at, etag
    from read_files
    where fault is null
"""
RECORD_FAILED = """
    insert into event_log.failed_files (source_file, reason, failed_at)
    select source_file, fault, $1 from read_files where fault is not null
"""
FORGET_FAILURES = """
    delete from event_log.failed_files
    where source_file in (select source_file from read_files)
"""


class Plugin(BasePlugin):
    """Adds two SQL functions to every connection, and says in words when the file is in use.

    Both give JSON. ``find_event_files(landing_path, settle_seconds)`` gives what `Loader.find`
    does, or an ``error`` that says what to do; ``load_event_files(number)`` what `Loader.load`
    does. An interrupt takes effect between two calls at the latest.
    """

    _held: duckdb.DuckDBPyConnection | None = None

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Open the database once before dbt does, which would answer a refusal with a traceback.

        Raises RuntimeError, which dbt-duckdb reports as its own error, in one sentence. A file in
        use is tried again for WAIT_SECONDS: every look-up of the dashboard opens it for a moment.
        It stays open until dbt has it, so that no other process gets in between.
        """
        try:
            self._held = open_database(Path(creds.path), config, wait_seconds=WAIT_SECONDS)
        except DatabaseError as error:
            raise RuntimeError(error.message) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions."""
        if self._held:
            self._held.close()
            self._held = None
        loader = Loader(conn)
        find, load = _as_json(loader.find), _as_json(loader.load)
        conn.create_function(
            "find_event_files", find, ["VARCHAR", "DOUBLE"], "VARCHAR", side_effects=True
        )
        conn.create_function("load_event_files", load, ["BIGINT"], "VARCHAR", side_effects=True)
        # A connection still open when the interpreter ends is reported as leaked.
        atexit.register(close_if_alive, weakref.ref(conn))


def close_if_alive(connection: weakref.ref[duckdb.DuckDBPyConnection]) -> None:
    if alive := connection():
        alive.close()


def _as_json(function: Callable[..., Found | Loaded]) -> Callable[..., str]:
    @functools.wraps(function)  # DuckDB asks how many parameters it has
    def called(*arguments: Any) -> str:
        try:
            return json.dumps(asdict(function(*arguments)))
        except LoadError as error:
            return json.dumps({"error": error.message})

    return called


class LoadError(FleetError):
    """Nothing can be loaded."""


@dataclass(frozen=True)
class Found:
    """How many loads the new and changed event files take, and what the user should know."""

    loads: int
    notes: list[str]


@dataclass
class Loaded:
    """Counts of files and lines, and name and fault of each file that could not be read."""

    files: int = 0
    lines: int = 0
    rejected: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class ReadFile(NamedTuple):
    """A file that was read to its end or its fault."""

    file: StoredFile
    line_count: int = 0
    rejected_count: int = 0
    fault: str | None = None


@dataclass(frozen=True)
class Part:
    """Lines as Arrow tables, and the files of which they are the last."""

    accepted: pa.Table
    rejected: pa.Table
    read: list[ReadFile]
    large: Sequence[StoredFile] = ()
    """Files of which nothing is in here, because they have to be read part by part."""
    taken_back: bool = False
    """Whether earlier parts hold lines of the files, which cannot be read to their ends."""


class Loader:
    """Loads the event files below a landing folder that are new or changed.

    A file is known by its name, size, time and, on S3, ETag: one of which another is known is read
    again, whole. What an earlier version did not keep of a file does not count.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        # Weak, because the connection holds the functions that hold this object.
        self._connection = weakref.ref(connection)
        self._loads: list[list[StoredFile]] = []

    def find(self, landing_path: str, settle_seconds: float) -> Found:
        """Choose what to load of the files below a folder or an s3:// URL, reading none of them.

        A file of a folder is left alone that was modified less than `settle_seconds` ago: it may
        still be written. An object of S3 is there whole or not at all.

        Raises:
            LoadError: There is no such folder, or it cannot be listed.
        """
        self._loads = []
        try:
            self._reader = Reader(landing_path)
            listing = self._reader.find()
        except FileNotFoundError as error:
            raise LoadError(
                f"There is no landing folder {landing_path}; make one with `fleet simulate`, or "
                "name yours with --vars 'landing_path: FOLDER'."
            ) from error
        except storage.StorageError as error:
            check = (
                "check the bucket's name, your AWS_ variables, and that your role may list it."
                if "://" in landing_path
                else "give the user who loads the right to read it."
            )
            raise LoadError(f"{landing_path} cannot be listed ({error}): {check}") from error
        with self._cursor() as cursor:
            rows = cursor.execute(KNOWN_FILES).fetchall()
            self._reader.erased = ErasedIds.of(cursor.execute(ERASED_IDS).fetchall())
            cursor.execute(FORGET_FOLDERS)
        known = set(rows)
        unknown = [
            file
            # A listing in pages may name an object twice that changed meanwhile.
            for file in {file.name: file for file in listing.files}.values()
            if file[:4] not in known
            and (*file[:3], None) not in known
            and (file.name, None, None, None) not in known
        ]
        young = set(self._reader.young(unknown, settle_seconds))
        new = [file for file in unknown if file not in young]
        self._loads = list(shares(new, LOAD_BYTES, LOAD_FILES))
        notes: list[str] = []
        names = {name for name, *_ in rows} if new else set()
        if changed := [file.name for file in new if file.name in names]:
            notes.append(f"Changed since an earlier load, so read again whole: {_some(changed)}.")
        if young:
            notes.append(
                f"Modified less than {settle_seconds:g} s ago, so left to a later load: "
                f"{_some(sorted(file.name for file in young))}."
            )
        for why, entries in itertools.groupby(listing.passed_over, key=itemgetter(0)):
            notes.append(f"Passed over, being {why}: {_some([name for _, name in entries])}.")
        return Found(len(self._loads), notes)

    def load(self, number: int) -> Loaded:
        """Load one share of the files found, in one transaction.

        Whatever stops it, its files are loaded whole or not at all. All its lines have the same
        loaded_at, later than any before.
        """
        read: list[ReadFile] = []
        # Closed before the commit, the cursor takes everything back.
        with self._cursor() as cursor, ThreadPoolExecutor(READERS) as threads:
            cursor.begin()
            moment = cursor.execute(NEXT_LOADED_AT).fetchall()[0]
            for part in self._reader.parts(self._loads[number], threads):
                cursor.register("accepted", part.accepted)
                cursor.execute(INSERT_LINES, moment)
                cursor.register("rejected", part.rejected)
                cursor.execute(INSERT_REJECTED, moment)
                if part.taken_back:
                    for file, *_ in part.read:
                        for statement in TAKE_BACK:
                            cursor.execute(statement, [*moment, file.name])
                read += part.read
            cursor.register("read_files", _ledger(read))
            cursor.execute(FORGET_FAILURES)
            cursor.execute(RECORD_LOADED, moment)
            cursor.execute(RECORD_FAILED, moment)
            cursor.commit()
        loaded = Loaded()
        for file, line_count, rejected_count, fault in read:
            if fault is None:
                loaded.files += 1
                loaded.lines += line_count
                loaded.rejected += rejected_count
            else:
                loaded.failed.append((file.name, fault))
        return loaded

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connection()
        assert connection, "one of its functions is running"
        with connection.cursor() as cursor:
            yield cursor


class Reader:
    """Reads the event files below a landing folder.

    erased  ids of which no line may come back
    """

    def __init__(self, landing_path: str) -> None:
        self._location = storage.open_location(landing_path)
        self._landing_path = landing_path
        self.erased = ErasedIds()

    def find(self) -> Listing:
        return self._location.find(ENDINGS)

    def young(self, files: Iterable[StoredFile], seconds: float) -> list[StoredFile]:
        """Those of the files that may still be written, by the time of their last modification.

        One that was modified in the future, by a clock that is ahead, is none of them.
        """
        if self._location.is_written_at_once:
            return []
        now, least = time.time_ns() // 1000, seconds * 1_000_000
        return [
            file
            for file in files
            if file.modified_at is not None and abs(now - file.modified_at) < least
        ]

    def parts(self, files: Sequence[StoredFile], threads: Executor) -> Iterator[Part]:
        """Read files in threads, no further ahead than keeps them busy; none stops the others."""
        large: list[StoredFile] = []
        waiting: deque[Future[Part]] = deque()
        upcoming = shares(files, PART_BYTES, PART_FILES)
        while True:
            for share in itertools.islice(upcoming, 2 * READERS - len(waiting)):
                waiting.append(threads.submit(self._read, share))
            if not waiting:
                break
            part = waiting.popleft().result()
            large += part.large
            yield part
        for file in large:
            ahead = self._read_large(file)
            following = threads.submit(next, ahead, None)
            while (piece := following.result()) is not None:
                following = threads.submit(next, ahead, None)
                yield piece

    def _read(self, files: Sequence[StoredFile]) -> Part:
        checked: list[tuple[StoredFile, Lines]] = []
        read: list[ReadFile] = []
        large = [file for file in files if text_bytes(file) > WHOLE_BYTES]
        small = [file for file in files if text_bytes(file) <= WHOLE_BYTES]
        for file, content in zip(small, self._location.read(small), strict=True):
            try:
                if isinstance(content, Exception):
                    raise content
                text = unpacked(file, content)
                if text is None or text.count(b"\n") > PART_LINES:
                    large.append(file)
                    continue
                lines = self._check(file, text)
            except Exception as error:
                read.append(ReadFile(file, fault=storage.reason(error)))
            else:
                checked.append((file, lines))
                read.append(ReadFile(file, lines.count, len(lines.rejected)))
        return _part(checked, read, large)

    def _read_large(self, file: StoredFile) -> Iterator[Part]:
        line_count = rejected_count = 0
        try:
            with self._location.open(file) as stored:
                for text in unpacked_parts(file, stored):
                    lines = self._check(file, text)
                    line_count += lines.count
                    rejected_count += len(lines.rejected)
                    if rejected_count > MOST_REJECTED and not self._is_rejects(file):
                        raise ValueError(
                            f"more than {MOST_REJECTED:,} of its lines are no JSON objects"
                        )
                    yield _part([(file, lines)], [])
        except Exception as error:
            yield _part([], [ReadFile(file, fault=storage.reason(error))], taken_back=True)
        else:
            yield _part([], [ReadFile(file, line_count, rejected_count)])

    def _check(self, file: StoredFile, text: bytes) -> Lines:
        return check(self.erased.without(text), wrapped=self._is_rejects(file))

    def _is_rejects(self, file: StoredFile) -> bool:
        return REJECTS in f"{self._landing_path}/{file.name}"


def _some(names: Sequence[str]) -> str:
    """Count files and name the first of them."""
    more = ", …" if len(names) > NAMED else ""
    return f"{len(names):,} file{'s' * (len(names) != 1)} ({', '.join(names[:NAMED])}{more})"


def shares(
    files: Sequence[StoredFile], most_bytes: int, most_files: int
) -> Iterator[list[StoredFile]]:
    """Cut a list of files into lists with at most so much text, as far as sizes tell."""
    share: list[StoredFile] = []
    size = 0
    for file in files:
        text = text_bytes(file)
        if share and (size + text > most_bytes or len(share) == most_files):
            yield share
            share, size = [], 0
        share.append(file)
        size += text
    if share:
        yield share


def text_bytes(file: StoredFile) -> int:
    """How much text a file usually has for its size."""
    return file.byte_count * (GZIP_RATIO if file.name.endswith(".gz") else 1)


def unpacked(file: StoredFile, content: bytes) -> bytes | None:
    """A file's text; None when it has to be unpacked part by part, to its end or its fault."""
    if not file.name.endswith(".gz"):
        return content
    if not content:
        # gzip would take no bytes at all for an empty file; only a write cut short leaves that.
        raise EOFError("the file is empty, a complete one has at least a gzip header")
    gzipped = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = gzipped.decompress(content, max(PART_BYTES, 2 * text_bytes(file)))
    except zlib.error:
        return None
    return text if gzipped.eof and not gzipped.unused_data else None


def unpacked_parts(file: StoredFile, stored: BinaryIO) -> Iterator[bytes]:
    """A file's text in parts of whole lines."""
    size, rest = 0, b""
    with gzip.open(stored) if file.name.endswith(".gz") else stored as content:
        while text := content.read(PART_BYTES):
            size += len(text)
            text = rest + text
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            if size > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
            if len(rest) > LONGEST_LINE:
                raise ValueError(f"it has a line of more than {LONGEST_LINE:,} bytes")
            yield from _parts_of(text[:end])
    if rest:
        yield rest


def _parts_of(text: bytes) -> Iterator[bytes]:
    """Cut whole lines into parts of at most PART_LINES."""
    if text.count(b"\n") <= PART_LINES:
        if text:
            yield text
        return
    feeds = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    start = 0
    for end in [*(feeds[PART_LINES - 1 :: PART_LINES] + 1).tolist(), len(text)]:
        if start < end:
            yield text[start:end]
        start = end


def _part(
    checked: Sequence[tuple[StoredFile, Lines]],
    read: list[ReadFile],
    large: Sequence[StoredFile] = (),
    *,
    taken_back: bool = False,
) -> Part:
    counts = [len(lines.sizes) for _, lines in checked]
    sizes = [lines.sizes for _, lines in checked]
    starts = np.cumsum(np.concatenate([[0], *sizes]), dtype=np.int64)
    text = b"".join(lines.accepted for _, lines in checked)
    payload = pa.LargeStringArray.from_buffers(
        len(starts) - 1, pa.py_buffer(starts), pa.py_buffer(text)
    )
    source_file = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(checked), dtype=np.int32), counts),
        pa.array([file.name for file, _ in checked], pa.string()),
    )
    rejected = [(file.name, *line) for file, lines in checked for line in lines.rejected]
    columns = zip(*rejected, strict=True) if rejected else ((), (), ())
    return Part(
        pa.table([payload, source_file], schema=ACCEPTED),
        pa.table([list(column) for column in columns], schema=REJECTED),
        read,
        large,
        taken_back,
    )


def _ledger(read: Sequence[ReadFile]) -> pa.Table:
    columns = {
        "source_file": ([entry.file.name for entry in read], pa.string()),
        "byte_count": ([entry.file.byte_count for entry in read], pa.int64()),
        "modified_at": ([entry.file.modified_at for entry in read], pa.timestamp("us")),
        "etag": ([entry.file.etag for entry in read], pa.string()),
        "line_count": ([entry.line_count for entry in read], pa.int64()),
        "rejected_count": ([entry.rejected_count for entry in read], pa.int64()),
        "fault": ([entry.fault for entry in read], pa.string()),
    }
    return pa.table({name: pa.array(values, kind) for name, (values, kind) in columns.items()})
