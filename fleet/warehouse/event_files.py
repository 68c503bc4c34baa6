"""Reads event files for the macro ``load_event_lines`` on DuckDB (a dbt-duckdb plugin).

DuckDB's own readers cannot do this part: they accept some malformed JSON, turn a bad line into a
NULL row, and give up a whole file for one byte that is not UTF-8. So a folder and an s3:// URL
are both listed and read through fsspec, the one in the same way as the other. The Redshift target
does not use this module; COPY reads the files there.
"""

import atexit
import gzip
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import PythonUDFType

from fleet.duckdb_file import DatabaseError, open_database
from fleet.registry_constants import QuarantineReason
from fleet.warehouse import storage

MALFORMED, NOT_AN_OBJECT = QuarantineReason.MALFORMED, QuarantineReason.NOT_AN_OBJECT
JSON_WHITESPACE = b" \t\r\n"
WAIT_SECONDS = 2

REJECTS = "/rejects/v1/"
"""Where Vector puts lines that it could not take for an event, each wrapped with its reason."""

_FILES = pa.list_(pa.struct([("source_file", pa.string()), ("byte_count", pa.int64())]))
_LISTING = pa.struct([("error", pa.string()), ("files", _FILES)])

# Checks the whole line and builds nothing from it; a number too large for a float stays valid.
_check = msgspec.json.Decoder(msgspec.Raw).decode


class Rejected(msgspec.Struct):
    """A line that Vector rejected, as pipeline/vector/programs/shape.vrl writes it."""

    line: str
    reason: str


_read_rejected = msgspec.json.Decoder(Rejected).decode


class Plugin(BasePlugin):
    """Adds two SQL functions to every connection, and says in words when the file is in use.

    ``list_event_files(landing_path)`` gives ``(error, files)``: the event files below a folder or
    an s3:// URL as a list of ``(source_file, byte_count)`` in name order, ``source_file`` relative
    to it, or why they cannot be listed. ``read_event_file(landing_path, source_file)`` gives
    ``(error, lines)``: the lines of one file as a list of ``(line, reason)``, or why the file
    cannot be read. Neither ever raises for what a file holds.
    """

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Open the database once before dbt does, which would answer a refusal with a traceback.

        Raises RuntimeError, which dbt-duckdb reports as its own error, in one sentence. A file in
        use is tried again for WAIT_SECONDS: every look-up of the dashboard opens it for a moment.
        """
        try:
            open_database(Path(creds.path), config, wait_seconds=WAIT_SECONDS).close()
        except DatabaseError as error:
            raise RuntimeError(error.message) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions."""
        conn.create_function(
            "list_event_files",
            lambda paths: pa.array(map(list_event_files, paths.to_pylist()), _LISTING),
            ["VARCHAR"],
            "STRUCT(error VARCHAR, files STRUCT(source_file VARCHAR, byte_count BIGINT)[])",
            type=PythonUDFType.ARROW,
            side_effects=True,
        )
        conn.create_function(
            "read_event_file",
            lambda places, names: read_event_files(places[0].as_py(), names.to_pylist()),
            ["VARCHAR", "VARCHAR"],
            "STRUCT(error VARCHAR, lines STRUCT(line VARCHAR, reason VARCHAR)[])",
            type=PythonUDFType.ARROW,
            side_effects=True,
        )
        # A connection still open when the interpreter ends is reported as leaked.
        atexit.register(close_if_alive, weakref.ref(conn))


def close_if_alive(connection: weakref.ref[duckdb.DuckDBPyConnection]) -> None:
    if alive := connection():
        alive.close()


def list_event_files(landing_path: str) -> dict[str, Any]:
    """Find the event files below a folder or an s3:// URL, at any depth, in name order.

    Returns one `(error, files)`; the error is a sentence that says what to do.
    """
    try:
        files, top = storage.connect(landing_path)
        with storage.told():
            # S3 has no folders: a prefix without objects is one that is yet to be filled.
            if not storage.is_s3(landing_path) and not files.isdir(top):
                return {
                    "error": f"There is no landing folder {landing_path}; make one with "
                    "`fleet simulate`, or name yours with --vars 'landing_path: FOLDER'."
                }
            found = files.find(top, detail=True)
    except storage.StorageError as error:
        return {
            "error": f"{landing_path} cannot be listed ({error}): check the bucket's name, your "
            "AWS_ variables, and that your role may list it."
        }
    return {
        "files": [
            {"source_file": path.removeprefix(f"{top}/"), "byte_count": about["size"]}
            for path, about in sorted(found.items())
            if path.startswith(f"{top}/") and path.endswith((".ndjson", ".ndjson.gz"))
        ]
    }


def read_event_files(landing_path: str, source_files: list[str]) -> pa.StructArray:
    """Read files whole, column by column because a Python object per line would take twice as long.

    Returns one ``(error, lines)`` per file.
    """
    files, top = storage.connect(landing_path)
    paths = [f"{top}/{name}" for name in source_files]
    # Each from its start to its end; `cat` would take a * in a name for a pattern.
    contents = files.cat_ranges(paths, None, None, on_error="return")

    errors: list[str | None] = []
    ends = [0]
    texts: list[str] = []
    reasons: list[str | None] = []
    for path, content in zip(paths, contents, strict=True):
        try:
            if isinstance(content, Exception):
                raise content
            whole = decompress(path, content)
        except Exception as error:
            errors.append(storage.reason(error))
        else:
            errors.append(None)
            for text, reason in (unwrap if REJECTS in path else split)(whole):
                texts.append(text)
                reasons.append(reason)
        ends.append(len(texts))
    lines = pa.StructArray.from_arrays(
        [pa.array(texts, pa.large_string()), pa.array(reasons, pa.string())], ["line", "reason"]
    )
    return pa.StructArray.from_arrays(
        [pa.array(errors, pa.string()), pa.ListArray.from_arrays(ends, lines)], ["error", "lines"]
    )


def decompress(path: str, content: bytes) -> bytes:
    if not path.endswith(".gz"):
        return content
    if not content:
        # gzip would take no bytes at all for an empty file; only a write cut short leaves that.
        raise EOFError("the file is empty, a complete one has at least a gzip header")
    return gzip.decompress(content)


def split(content: bytes) -> Iterator[tuple[str, str | None]]:
    r"""Yield each line as text with the reason to refuse it, or None for a JSON object.

    A line ends at a line feed, and nowhere else; a carriage return before it is dropped. Bytes
    that are not UTF-8 appear in the text as ``\xNN``.
    """
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        line = line.removesuffix(b"\r")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            yield line.decode(errors="backslashreplace"), MALFORMED
        else:
            yield text, refusal(line)


def unwrap(content: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield each line that Vector rejected with its reason, out of the record it is kept in."""
    for text, reason in split(content):
        try:
            rejected = _read_rejected(text)
        except msgspec.DecodeError:
            yield text, reason or MALFORMED
        else:
            yield rejected.line, rejected.reason


def refusal(line: bytes) -> str | None:
    """Say why a line is refused; None when it is a JSON object by the letter of RFC 8259."""
    try:
        _check(line)
    except (msgspec.DecodeError, RecursionError):
        return MALFORMED
    return None if line.lstrip(JSON_WHITESPACE).startswith(b"{") else NOT_AN_OBJECT
