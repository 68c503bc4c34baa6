"""Where event files lie: a folder, or Amazon S3 and what speaks its protocol, through fsspec.

Region, credentials and endpoint of S3 come from where every AWS client takes them:
AWS_PROFILE, AWS_ENDPOINT_URL and the other AWS_ variables, the files in ~/.aws, or the role of
the machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

SCHEME = "s3://"
CONNECTIONS = 16
"""Requests under way at once when many objects are read; most of their time is waiting."""


class StorageError(OSError):
    """The storage refused or could not be reached; says so in one sentence without an end."""


class StoredFile(NamedTuple):
    """A file as it was when it was listed."""

    name: str
    """Its path below the location; bytes and characters that no terminal shows are escaped."""
    byte_count: int
    modified_at: int | None
    """Microseconds since 1970 in UTC; None where the storage does not say."""
    etag: str | None
    """What S3 knows its content by; None in a folder."""
    path: str
    """What the location opens it by."""


OTHER_NAME = "a name that does not end in .ndjson or .ndjson.gz"
FOLDER_LINK = "a link to a folder"
NO_FILE = "a pipe, a socket or a device"
DEAD_LINK = "a link to nothing"


class Listing(NamedTuple):
    """What lies below a location."""

    files: list[StoredFile]
    """In name order."""
    passed_over: list[tuple[str, str]]
    """What else lies there: why it is no event file, and its name; in order."""


class Location(Protocol):
    """Files at any depth below one place."""

    is_written_at_once: bool
    """Whether a file is there whole or not at all, so that nobody meets one half written."""

    def find(self, endings: tuple[str, ...]) -> Listing:
        """List the regular files whose names end so, without reading any, and what else is there.

        A file or a folder of which the storage tells nothing is among the files; to read it tells
        why. A folder's name ends in a slash.

        Raises:
            FileNotFoundError: There is no such folder. S3 has none: a prefix without objects is
                one that is yet to be filled.
            StorageError: The location refuses.
        """

    def read(self, files: Sequence[StoredFile]) -> list[bytes | Exception]:
        """Read files whole: the bytes of each, or why it cannot be read."""

    def open(self, file: StoredFile) -> BinaryIO:
        """Open a file that is too large to be read whole."""


class Folder:
    """Files of the local file system. fsspec takes twice as long to list them, and opens pipes."""

    is_written_at_once = False

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, endings: tuple[str, ...]) -> Listing:
        if not Path(self._path).is_dir():
            raise FileNotFoundError(self._path)
        found = Listing([], [])
        folders = [(self._path, "")]
        while folders:
            folder, above = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue  # removed since its parent was listed, as a file below may be
            except OSError as error:
                if not above:
                    raise StorageError(reason(error)) from error
                found.files.append(StoredFile(printable(above), 0, None, None, folder))
                continue
            for entry in entries:
                name = above + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{name}/"))
                elif not entry.name.endswith(endings):
                    is_folder = entry.is_symlink() and Path(entry.path).is_dir()
                    why = FOLDER_LINK if is_folder else OTHER_NAME
                    found.passed_over.append((why, printable(name)))
                else:
                    _add(found, entry, printable(name))
        return Listing(sorted(found.files), sorted(found.passed_over))

    def read(self, files: Sequence[StoredFile]) -> list[bytes | Exception]:
        contents: list[bytes | Exception] = []
        for file in files:
            try:
                with self.open(file) as content:
                    contents.append(content.read())
            except OSError as error:
                contents.append(error)
        return contents

    def open(self, file: StoredFile) -> BinaryIO:
        # What was a file when it was listed may be a pipe by now, and wait for a writer.
        number = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise StorageError("it is no regular file")
            return os.fdopen(number, "rb")
        except BaseException:
            os.close(number)
            raise


def _add(found: Listing, entry: os.DirEntry[str], name: str) -> None:
    """Add an entry of a folder, whose name is that of an event file, to where it belongs."""
    try:
        about = entry.stat()
    except FileNotFoundError:
        if entry.is_symlink():
            found.passed_over.append((DEAD_LINK, name))
    except OSError:
        found.files.append(StoredFile(name, 0, None, None, entry.path))
    else:
        if stat.S_ISREG(about.st_mode):
            modified_at = about.st_mtime_ns // 1000
            found.files.append(StoredFile(name, about.st_size, modified_at, None, entry.path))
        else:
            is_folder = stat.S_ISDIR(about.st_mode)
            found.passed_over.append((FOLDER_LINK if is_folder else NO_FILE, name))


class Objects:
    """Objects of S3, or of whatever else fsspec opens."""

    is_written_at_once = True

    def __init__(self, url: str) -> None:
        self._files, self._top = connect(url)

    def find(self, endings: tuple[str, ...]) -> Listing:
        with errors():
            found = self._files.find(self._top, detail=True)
        files: list[StoredFile] = []
        passed_over: list[tuple[str, str]] = []
        for path, about in found.items():
            if not path.startswith(f"{self._top}/") or about["type"] != "file":
                continue
            if path.endswith("/") and not about["size"]:
                continue  # how consoles show a folder
            name = printable(path.removeprefix(f"{self._top}/"))
            if path.endswith(endings):
                modified_at, etag = _microseconds(about.get("LastModified")), about.get("ETag")
                files.append(StoredFile(name, about["size"], modified_at, etag, path))
            else:
                passed_over.append((OTHER_NAME, name))
        return Listing(sorted(files), sorted(passed_over))

    def read(self, files: Sequence[StoredFile]) -> list[bytes | Exception]:
        paths = [file.path for file in files]
        # Each from its start to its end; `cat` would take a * in a name for a pattern.
        return cast(
            "list[bytes | Exception]",
            self._files.cat_ranges(paths, None, None, on_error="return"),
        )

    def open(self, file: StoredFile) -> BinaryIO:
        return cast("BinaryIO", self._files.open(file.path, "rb"))


def open_location(location: str) -> Location:
    """Give what lists and reads the files below a folder or a URL.

    Raises:
        StorageError: fsspec cannot open such a URL.
    """
    return Objects(location) if "://" in location else Folder(location)


def is_s3(location: str) -> bool:
    """Whether a location is an `s3://` URL rather than a folder."""
    return location.startswith(SCHEME)


def connect(location: str) -> tuple[Any, str]:
    """Find fsspec's file system for a location, and the location's path in it.

    Nothing is kept from one call to the next: neither a listing, which would hide new files, nor
    credentials, which may have changed.

    Raises:
        StorageError: fsspec cannot open such a location.
    """
    # Imported here: a run of the `fleet` command seldom reads event files.
    from fsspec.core import url_to_fs

    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if is_s3(location):
        # Within one object, that is: more would ask for its size before each read.
        options["max_concurrency"] = 1
        # Other servers seldom resolve bucket.host, which is what s3fs would ask for.
        elsewhere = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
        style = {"addressing_style": "path"} if elsewhere else None
        options["config_kwargs"] = {"max_pool_connections": CONNECTIONS, "s3": style}
    with errors():
        files, path = url_to_fs(location, **options)
    return files, path


@contextmanager
def errors() -> Iterator[None]:
    """Raise StorageError for whatever goes wrong; each storage has error classes of its own."""
    try:
        yield
    except Exception as error:
        raise StorageError(reason(error)) from error


def reason(error: Exception) -> str:
    """What an error says, on one line without an end."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def printable(name: str) -> str:
    r"""Escape what a terminal would not show: ``\xff`` for a byte that is not UTF-8."""
    if name.isprintable():
        return name
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _microseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
