"""Event files in Amazon S3, or in anything that speaks its protocol.

Region, credentials and endpoint come from where boto3 takes them: AWS_PROFILE, AWS_ENDPOINT_URL
and the other AWS_ variables, the files in ~/.aws, or the role of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

SCHEME = "s3://"
READERS = 16
"""Requests under way at once when many objects are read; most of their time is waiting."""


class S3Error(OSError):
    """S3 refused a request or could not be reached; says so in one sentence without an end."""


def is_url(location: str) -> bool:
    """Whether a location is an `s3://` URL rather than a folder."""
    return location.startswith(SCHEME)


def list_objects(url: str) -> Iterator[tuple[str, int]]:
    """Yield the objects below a URL in name order: name relative to it, and size in bytes.

    Raises:
        S3Error: there is no such bucket, or it cannot be listed.
    """
    bucket, prefix = _split(url.rstrip("/"))
    prefix = f"{prefix}/" if prefix else ""
    with connect() as s3:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield found["Key"].removeprefix(prefix), found["Size"]


def read_object(s3: Any, url: str) -> bytes:
    """The bytes of an object as they are stored, whatever its Content-Encoding says.

    Raises:
        S3Error: it cannot be read.
    """
    bucket, key = _split(url)
    with _told(), closing(s3.get_object(Bucket=bucket, Key=key)["Body"]) as body:
        content: bytes = body.read()
    return content


def write_object(s3: Any, url: str, content: bytes) -> None:
    """Write a gzipped event file as Vector does.

    Raises:
        S3Error: it cannot be written.
    """
    bucket, key = _split(url)
    with _told():
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content,
            ContentEncoding="gzip",
            ContentType="application/x-ndjson",
        )


@contextmanager
def connect() -> Iterator[Any]:
    """A client, safe to share between threads."""
    # Imported here: it takes longer than all else a run without S3 imports.
    import boto3
    from botocore.config import Config

    # Other servers seldom resolve bucket.host, which is what boto3 would ask for.
    elsewhere = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
    style = {"addressing_style": "path"} if elsewhere else None
    with _told():
        client = boto3.client("s3", config=Config(s3=style, max_pool_connections=READERS))
    with _told(), closing(client):
        yield client


@contextmanager
def _told() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise S3Error(str(error).rstrip(".")) from error


def _split(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix(SCHEME).partition("/")
    return bucket, key
