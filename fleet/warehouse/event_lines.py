"""Which lines of an event file are taken as events' lines, and which are rejected and why.

DuckDB's own readers cannot decide this: they accept some malformed JSON, turn a bad line into a
NULL row, and give up a whole file for one byte that is not UTF-8. Whatever is accepted here DuckDB
accepts as well, so it is not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from fleet.registry_constants import QuarantineReason

MALFORMED, NOT_AN_OBJECT = QuarantineReason.MALFORMED, QuarantineReason.NOT_AN_OBJECT
JSON_WHITESPACE = b" \t\r\n"

# Checks JSON whole and builds nothing from it; a number too large for a float stays valid.
_check = msgspec.json.Decoder(msgspec.Raw).decode
_decode_lines = msgspec.json.Decoder().decode_lines
_encode_lines = msgspec.json.Encoder().encode_lines
AT_ONCE = 1 << 20
"""Bytes of which the values are built at once."""


class Rejected(msgspec.Struct):
    """A line that Vector rejected, as pipeline/vector/programs/shape.vrl writes it."""

    line: str
    reason: str


_read_rejected = msgspec.json.Decoder(Rejected).decode


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file, or of a part of one."""

    accepted: bytes
    """Those that are JSON objects, one right after the other."""
    sizes: npt.NDArray[np.int64]
    """The bytes of each of them."""
    rejected: list[tuple[str, str]]
    """Text and reason of the others."""

    @property
    def count(self) -> int:
        return len(self.sizes) + len(self.rejected)


def check(content: bytes, *, wrapped: bool = False) -> Lines:
    r"""Accept each line that is a JSON object by the letter of RFC 8259, with no key twice.

    A line ends at a line feed, and nowhere else; a carriage return before it is dropped. Bytes
    that are not UTF-8 appear in the text of a rejected line as ``\xNN``. Lines that are `wrapped`
    were rejected by Vector: they are taken out of the record that each is kept in, with its
    reason.
    """
    if not wrapped:
        feeds = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
        if _are_objects(content, feeds):
            return Lines(content.replace(b"\n", b""), np.diff(feeds, prepend=-1) - 1, [])
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    accepted: list[bytes] = []
    rejected: list[tuple[str, str]] = []
    for line in lines:
        line = line.removesuffix(b"\r")
        refused = refusal(line)
        if refused:
            rejected.append((line.decode(errors="backslashreplace"), refused))
        elif wrapped:
            rejected.append(_unwrapped(line))
        else:
            accepted.append(line)
    sizes = np.fromiter(map(len, accepted), np.int64, len(accepted))
    return Lines(b"".join(accepted), sizes, rejected)


def _are_objects(content: bytes, feeds: npt.NDArray[np.int64]) -> bool:
    """Whether each line is an object without blanks and with no key twice; nearly all lines are.

    Of a key given twice the last value is built, so what is written from the values is shorter. One
    call for many lines takes a third of the time of one per line.
    """
    if not content.endswith(b"\n"):
        return False
    try:
        for lines in _pieces(content, feeds):
            values = _decode_lines(lines)
            if _encode_lines(values) != lines or not all(type(value) is dict for value in values):
                return False
    except (ValueError, msgspec.DecodeError, RecursionError):
        return False
    return True


def _pieces(content: bytes, feeds: npt.NDArray[np.int64]) -> Iterator[bytes]:
    """Cut into pieces of whole lines, of about AT_ONCE bytes."""
    if len(content) <= AT_ONCE:
        yield content
        return
    places = np.searchsorted(feeds, np.arange(AT_ONCE, len(content), AT_ONCE))
    ends = np.unique(np.append(feeds[places], feeds[-1])) + 1
    start = 0
    for end in ends.tolist():
        yield content[start:end]
        start = end


def refusal(line: bytes) -> str | None:
    """Say why a line is refused; None when it is a JSON object by the letter of RFC 8259.

    That leaves open what a key given twice means, and readers differ: it is refused at any depth.
    """
    try:
        text = line.decode()
        _check(line)
        if not _is_written_once(line):
            _keys_once(text)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError, _KeyTwiceError):
        return MALFORMED
    return None if line.lstrip(JSON_WHITESPACE).startswith(b"{") else NOT_AN_OBJECT


def _is_written_once(line: bytes) -> bool:
    """Whether writing a valid line's values gives it again, so that it has no key twice."""
    try:
        return msgspec.json.encode(msgspec.json.decode(line)) == line
    except (ValueError, msgspec.DecodeError, RecursionError):
        return False  # such as a number too large for a float


class _KeyTwiceError(ValueError):
    """An object has a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _KeyTwiceError


# Numbers are not built: a long one would be refused.
_keys_once = json.JSONDecoder(object_pairs_hook=_once, parse_int=len, parse_float=len).decode


def _unwrapped(line: bytes) -> tuple[str, str]:
    try:
        rejected = _read_rejected(line)
    except msgspec.DecodeError:
        return line.decode(), MALFORMED
    return rejected.line, rejected.reason
