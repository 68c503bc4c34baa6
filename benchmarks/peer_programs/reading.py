"""Reads event files for the peers that have no fast reader of broken JSON lines: with msgspec."""

from __future__ import annotations

import gc
import gzip
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

TEXTS = (
    *("event_id", "occurred_at", "received_at", "emitter_id", "order_id", "delivery_id"),
    *("robot_id", "merchant_id", "pilot_id", "name", "disposition", "to_state"),
    "session_id",
)
FILES_AT_ONCE = 400
Frame = TypeVar("Frame")


class Evt(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None


class Data(msgspec.Struct, frozen=True, gc=False):
    disposition: Any = None
    to_state: Any = None
    session_id: Any = None
    is_failure: Any = None


class Line(msgspec.Struct, gc=False):
    event_id: str | None = None
    occurred_at: str | None = None
    received_at: str | None = None
    emitter_id: str | None = None
    order_id: str | None = None
    delivery_id: str | None = None
    robot_id: str | None = None
    merchant_id: str | None = None
    pilot_id: str | None = None
    seq: int | None = None
    evt: Evt = Evt()
    data: Data = Data()


PATHS = {
    name: f"evt.{name}"
    if name == "name"
    else f"data.{name}"
    if name in Data.__struct_fields__
    else name
    for name in (*TEXTS, "seq", "is_failure")
}


def read_columns(paths: list[Path]) -> tuple[dict[str, tuple[Any, ...]], Counter[str]]:
    """The columns of all lines that are objects, and how many others there are, by reason."""
    gc.disable()
    decode = msgspec.json.Decoder(Line).decode
    lines: list[Line] = []
    refused: Counter[str] = Counter()
    for path in paths:
        for text in gzip.decompress(path.read_bytes()).split(b"\n"):
            try:
                lines.append(decode(text))
            except msgspec.ValidationError:
                refused["bad_type" if text[:1] == b"{" else "not_an_object"] += 1
            except (msgspec.DecodeError, UnicodeDecodeError):
                # The last line ends with a line feed, too.
                refused["malformed"] += bool(text)
    columns = zip(*map(attrgetter(*PATHS.values()), lines), strict=True) if lines else ((),) * 18
    return dict(zip(PATHS, columns, strict=True)), refused


def read(
    landing: Path, frame: Callable[[list[Path]], tuple[Frame, Counter[str]]]
) -> tuple[list[Frame], Counter[str]]:
    """Frames of all files in their order, each made by `frame` in a process, and refused lines."""
    paths = sorted(landing.rglob("*.ndjson.gz"))
    shares = [paths[n : n + FILES_AT_ONCE] for n in range(0, len(paths), FILES_AT_ONCE)]
    context = multiprocessing.get_context("forkserver")
    frames: list[Frame] = []
    refused: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        made: Iterator[tuple[Frame, Counter[str]]] = pool.map(frame, shares)
        for one, counts in made:
            frames.append(one)
            refused += counts
    return frames, refused
