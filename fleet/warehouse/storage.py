"""Where event files lie: a folder, or Amazon S3 and what speaks its protocol; both through fsspec.

Region, credentials and endpoint of S3 come from where every AWS client takes them:
AWS_PROFILE, AWS_ENDPOINT_URL and the other AWS_ variables, the files in ~/.aws, or the role of
the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEME = "s3://"
CONNECTIONS = 16
"""Requests under way at once when many objects are read; most of their time is waiting."""


class StorageError(OSError):
    """The storage refused or could not be reached; says so in one sentence without an end."""


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
    with told():
        files, path = url_to_fs(location, **options)
    return files, path


@contextmanager
def told() -> Iterator[None]:
    """Raise StorageError for whatever goes wrong; each storage has error classes of its own."""
    try:
        yield
    except Exception as error:
        raise StorageError(reason(error)) from error


def reason(error: Exception) -> str:
    """What an error says, on one line without an end."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")
