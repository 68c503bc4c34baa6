"""Log files of any origin: which there are, and their lines."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from fleet.errors import FleetError
from fleet.warehouse import storage
from fleet.warehouse.storage import Folder, Objects, StoredFile

PLAIN = (".ndjson", ".jsonl", ".json", ".log", ".txt", ".csv")
# Behind it a number or a day, where logs are rotated: app.log.1, app.log-20251014.gz.
NAME = re.compile(rf"(?:{'|'.join(map(re.escape, PLAIN))})(?:[.-]\d[\d.T_-]*)?(?:\.gz|\.zst)?$")
IS_TABLE = re.compile(r"\.csv[^/]*$")
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
CHUNK = 1 << 20
LONGEST_LINE = 1 << 26
DELIMITERS = ",;\t|"


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


class Found(NamedTuple):
    """What lies at the places that were named.

    Attributes:
        logs: the log files.
        passed_over: names of other files in the folders, which nobody reads.
    """

    logs: list[Log]
    passed_over: list[str]


def find_logs(places: Sequence[str]) -> list[Log]:
    """The log files that are named or lie below the named folders and s3:// prefixes.

    Raises:
        LogError: there is none, one cannot be listed, or two have the same name.
    """
    return find(places).logs


def find(places: Sequence[str], kind: str | None = None) -> Found:
    """The log files, of one kind where it is named, and what else lies there.

    Raises:
        LogError: as of `find_logs`.
    """
    logs: list[Log] = []
    passed_over: list[str] = []
    for place in places:
        listed, others = _find(place)
        found = [log for log in listed if kind is None or _is_of(log, kind)]
        if listed and not found:
            raise LogError(_OF_ANOTHER_KIND[kind == "csv"].format(place))
        if not found:
            raise LogError(
                f"{place} has no log files: their names end in {', '.join(PLAIN)}, "
                "with .gz or .zst behind it where they are packed."
            )
        passed_over += others + [log.name for log in listed if log not in found]
        logs += found
    names: dict[str, Log] = {}
    for log in logs:
        other = names.setdefault(log.name, log)
        if other is not log:
            raise LogError(
                f"{other.top} and {log.top} both have a log {log.name}: name the folder above "
                "both, so that their events can be told apart."
            )
    return Found(logs, passed_over)


_OF_ANOTHER_KIND = {
    True: "{} holds no table: take `format: csv` out of the mapping, or name tables.",
    False: "{} holds tables alone: say `format: csv` in the mapping, or name other logs.",
}


def _is_of(log: Log, kind: str) -> bool:
    """Whether a mapping of a kind, or a check of events, reads a log."""
    if kind == "events":
        return not log.name.startswith("import/")  # what an import keeps for itself
    if IS_TABLE.search(log.name):
        return kind == "csv"
    # A table may be in a text file.
    return kind != "csv" or not re.search(r"\.(ndjson|jsonl|json)\b[^/]*$", log.name)


def _find(place: str) -> tuple[list[Log], list[str]]:
    """The logs of a place, and the names of what else lies there."""
    try:
        if "://" in place:
            listing = Objects(place).find(("",))
            if not listing.files:
                return [Log(one.name, one, place) for one in _one_object(place)], []
        elif Path(place).is_file():
            path = Path(place)
            about = path.stat()
            modified_at = about.st_mtime_ns // 1000
            stored = StoredFile(path.name, about.st_size, modified_at, None, str(path))
            return [Log(stored.name, stored, place)], []
        else:
            listing = Folder(place).find(("",))
    except FileNotFoundError:
        raise LogError(f"There is no log file or folder {place}.") from None
    except storage.StorageError as error:
        raise LogError(f"{place} cannot be listed ({error}).") from error
    # A folder that cannot be looked into stands among the files: to read it says why.
    logs = [
        Log(one.name, one, place)
        for one in listing.files
        if NAME.search(one.name) or one.name.endswith("/")
    ]
    named = {log.name for log in logs}
    others = [one.name for one in listing.files if one.name not in named]
    return logs, others + [name for _, name in listing.passed_over]


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
    JSON object. Of the kind `events` lines come as a loader sees them.

    Raises:
        LogError: the file cannot be read to its end.
    """
    try:
        with _opened(log) as text:
            yield from _rows(text) if kind == "csv" else _lines(text, as_it_is=kind == "events")
    except Exception as error:
        if isinstance(error, LogError):
            raise
        raise LogError(f"{log.name} cannot be read ({storage.reason(error)}).") from error


@contextmanager
def _opened(log: Log) -> Iterator[BinaryIO]:
    """Open a log, unpacked: by what it begins with, for names are not always true."""
    place = Objects(log.top) if "://" in log.top else Folder(log.top)
    with place.open(log.stored) as stored:
        start = stored.read(len(ZSTD))
        stored.seek(0)
        if start.startswith(GZIP):
            with gzip.open(stored) as text:
                yield cast("BinaryIO", text)
        elif start == ZSTD:
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(stored, mode="r"), "zstd") as text:
                yield cast("BinaryIO", text)
        else:
            yield stored


def _lines(text: BinaryIO, *, as_it_is: bool = False) -> Iterator[list[bytes]]:
    rest = b""
    is_start = not as_it_is
    while chunk := text.read(CHUNK):
        if is_start:
            is_start = False
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in chunk[:8]:
                raise ValueError("it is in UTF-16: write it in UTF-8, such as with iconv")
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if len(rest) > LONGEST_LINE:
            raise ValueError(f"it has a line of more than {LONGEST_LINE:,} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _rows(text: BinaryIO) -> Iterator[list[bytes]]:
    csv.field_size_limit(LONGEST_LINE)
    lines = _decoded(text)
    head = next((line for line in lines if line.strip()), None)
    if head is None:
        return
    # The sign that the head has most of; a comma where it has none.
    delimiter = max(DELIMITERS, key=head.count)
    rows = csv.reader(chain([head], lines), delimiter=delimiter)
    columns = _columns(next(rows))
    some: list[bytes] = []
    for row in rows:
        if len(row) == len(columns):
            some.append(msgspec.json.encode(dict(zip(columns, row, strict=True))))
        elif row:
            written = io.StringIO()
            csv.writer(written, delimiter=delimiter, lineterminator="").writerow(row)
            # A quote that is never closed takes in all lines behind it.
            some.append(written.getvalue().replace("\r\n", "\n").replace("\n", "\\n").encode())
        if len(some) == 4096:
            yield some
            some = []
    if some:
        yield some


def _columns(head: list[str]) -> list[str]:
    """Names of a table's columns, each another: a second `id` is `id_2`, one without `column_3`."""
    names: list[str] = []
    for place, said in enumerate(head, start=1):
        name = said.strip() or f"column_{place}"
        again = (f"{name}_{number}" for number in count(2))
        names.append(name if name not in names else next(n for n in again if n not in names))
    return names


def _decoded(text: BinaryIO) -> Iterator[str]:
    """Lines of a table as text, with their ends, as the csv module wants them."""
    for lines in _lines(text):
        for line in lines:
            yield line.decode("utf-8", "backslashreplace") + "\n"


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
