"""Log files of any origin: which there are, and their lines."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from fleet.errors import FleetError
from fleet.warehouse import storage
from fleet.warehouse.storage import Folder, Objects, StoredFile

PLAIN = (".ndjson", ".jsonl", ".json", ".log", ".txt", ".csv")
PACKED = (".gz", ".zst")
ENDINGS = (*PLAIN, *(name + packed for name in PLAIN for packed in PACKED))
CHUNK = 1 << 20
LONGEST_LINE = 1 << 26


class LogError(FleetError):
    """A log cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Log:
    """A log file.

    Attributes:
        name: its path below the folder or the prefix that was named, or its own name.
        stored: how it was when it was listed.
        top: the folder or URL that it was found below; enough to open it again elsewhere.
    """

    name: str
    stored: StoredFile
    top: str


def find_logs(places: Sequence[str]) -> list[Log]:
    """The log files that are named or lie below the named folders and s3:// prefixes.

    Raises:
        LogError: there is none, one cannot be listed, or two have the same name.
    """
    logs: list[Log] = []
    for place in places:
        found = list(_find(place))
        if not found:
            raise LogError(
                f"{place} has no log files: their names end in {', '.join(PLAIN)}, "
                "with .gz or .zst behind it where they are packed."
            )
        logs += found
    names: dict[str, Log] = {}
    for log in logs:
        other = names.setdefault(log.name, log)
        if other is not log:
            raise LogError(
                f"{other.top} and {log.top} both have a log {log.name}: name the folder above "
                "both, so that their events can be told apart."
            )
    return logs


def _find(place: str) -> Iterator[Log]:
    try:
        if "://" in place:
            listed = Objects(place).find(ENDINGS).files
            if not listed:
                listed = _one_object(place)
        elif Path(place).is_file():
            path = Path(place)
            about = path.stat()
            modified_at = about.st_mtime_ns // 1000
            listed = [StoredFile(path.name, about.st_size, modified_at, None, str(path))]
        else:
            listed = Folder(place).find(ENDINGS).files
    except FileNotFoundError:
        raise LogError(f"There is no log file or folder {place}.") from None
    except storage.StorageError as error:
        raise LogError(f"{place} cannot be listed ({error}).") from error
    for stored in listed:
        yield Log(stored.name, stored, place)


def _one_object(url: str) -> list[StoredFile]:
    files, path = storage.connect(url)
    with storage.errors():
        if not files.isfile(path):
            return []
        about = files.info(path)
    return [StoredFile(path.rsplit("/", 1)[-1], about["size"], None, about.get("ETag"), path)]


def read_lines(log: Log, kind: str) -> Iterator[list[bytes]]:
    """The lines of a log, some thousand at a time; of a table each row as a JSON object.

    A row with more or fewer columns than the table comes as the text that it is, which is no
    JSON object.

    Raises:
        LogError: the file cannot be read to its end.
    """
    try:
        with _opened(log) as text:
            yield from _rows(text) if kind == "csv" else _lines(text)
    except Exception as error:
        if isinstance(error, LogError):
            raise
        raise LogError(f"{log.name} cannot be read ({storage.reason(error)}).") from error


@contextmanager
def _opened(log: Log) -> Iterator[BinaryIO]:
    place = Objects(log.top) if "://" in log.top else Folder(log.top)
    with place.open(log.stored) as stored:
        if log.name.endswith(".gz"):
            with gzip.open(stored) as text:
                yield cast("BinaryIO", text)
        elif log.name.endswith(".zst"):
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(stored, mode="r"), "zstd") as text:
                yield cast("BinaryIO", text)
        else:
            yield stored


def _lines(text: BinaryIO) -> Iterator[list[bytes]]:
    rest = b""
    while chunk := text.read(CHUNK):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if len(rest) > LONGEST_LINE:
            raise ValueError(f"it has a line of more than {LONGEST_LINE:,} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _rows(text: BinaryIO) -> Iterator[list[bytes]]:
    rows = csv.reader(_Decoded(text))
    columns = next(rows, None)
    if columns is None:
        return
    some: list[bytes] = []
    for row in rows:
        if len(row) == len(columns):
            some.append(msgspec.json.encode(dict(zip(columns, row, strict=True))))
        elif row:
            written = io.StringIO()
            csv.writer(written, lineterminator="").writerow(row)
            some.append(written.getvalue().encode())
        if len(some) == 4096:
            yield some
            some = []
    if some:
        yield some


class _Decoded:
    """Lines of a table as text, with their ends, as the csv module wants them."""

    def __init__(self, text: BinaryIO) -> None:
        self._chunks = _lines(text)
        self._is_first = True

    def __iter__(self) -> Iterator[str]:
        for lines in self._chunks:
            for line in lines:
                yield (
                    line.decode("utf-8-sig" if self._is_first else "utf-8", "backslashreplace")
                    + "\n"
                )
                self._is_first = False


def as_text(line: bytes) -> str:
    r"""A line as text; bytes that are not UTF-8 as ``\xNN``."""
    return line.decode(errors="backslashreplace")


def as_object(line: bytes) -> dict[str, Any] | None:
    """What a line says, None where it is no JSON object."""
    try:
        said = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
