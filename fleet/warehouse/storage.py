"""Where event files lie: a folder, or Amazon S3 and what speaks its protocol, through fsspec.

Region, credentials and endpoint of S3 come from where every AWS client takes them:
AWS_PROFILE, AWS_ENDPOINT_URL and the other AWS_ variables, the files in ~/.aws, or the role of
the machine.
"""

from __future__ import annotations

import os
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
    path: str
    """What the location opens it by."""


class Location(Protocol):
    """Files at any depth below one place."""

    def find(self, endings: tuple[str, ...]) -> list[StoredFile]:
        """List the regular files whose names end so, without reading any, in name order.

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

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, endings: tuple[str, ...]) -> list[StoredFile]:
        if not Path(self._path).is_dir():
            raise FileNotFoundError(self._path)
        with errors():
            return sorted(self._walk(endings))

    def _walk(self, endings: tuple[str, ...]) -> Iterator[StoredFile]:
        folders = [(self._path, "")]
        while folders:
            folder, above = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue  # removed since its parent was listed, as a file below may be
            for entry in entries:
                # A regular file: neither a pipe, which would be waited for, nor a device.
                if entry.name.endswith(endings) and entry.is_file():
                    try:
                        about = entry.stat()
                    except FileNotFoundError:
                        continue
                    yield StoredFile(
                        printable(above + entry.name),
                        about.st_size,
                        about.st_mtime_ns // 1000,
                        entry.path,
                    )
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{above}{entry.name}/"))

    def read(self, files: Sequence[StoredFile]) -> list[bytes | Exception]:
        contents: list[bytes | Exception] = []
        for file in files:
            try:
                contents.append(Path(file.path).read_bytes())
            except OSError as error:
                contents.append(error)
        return contents

    def open(self, file: StoredFile) -> BinaryIO:
        return Path(file.path).open("rb")


class Objects:
    """Objects of S3, or of whatever else fsspec opens."""

    def __init__(self, url: str) -> None:
        self._files, self._top = connect(url)

    def find(self, endings: tuple[str, ...]) -> list[StoredFile]:
        with errors():
            found = self._files.find(self._top, detail=True)
        return sorted(
            StoredFile(
                printable(path.removeprefix(f"{self._top}/")),
                about["size"],
                _microseconds(about.get("LastModified")),
                path,
            )
            for path, about in found.items()
            if path.startswith(f"{self._top}/")
            and path.endswith(endings)
            and about["type"] == "file"
        )

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
