"""Which lines of an event file are taken as events' lines, and which are rejected and why.

DuckDB's own readers cannot decide this: they accept some malformed JSON, turn a bad line into a
NULL row, and give up a whole file for one byte that is not UTF-8. Whatever is accepted here DuckDB
accepts as well, so it is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from fleet.registry_constants import QuarantineReason

MALFORMED, NOT_AN_OBJECT = QuarantineReason.MALFORMED, QuarantineReason.NOT_AN_OBJECT
JSON_WHITESPACE = b" \t\r\n"

# Check JSON whole and build nothing from it; a number too large for a float stays valid.
_raw = msgspec.json.Decoder(msgspec.Raw)
_check, _check_lines = _raw.decode, _raw.decode_lines


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
    r"""Accept each line that is a JSON object by the letter of RFC 8259.

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
    """Whether each line is a JSON object without blanks around it; most files hold nothing else.

    One call for a whole file takes a third of the time of one per line. msgspec minds neither two
    values on a line nor one value over two. But no JSON has a line feed between } and {, so lines
    that begin with { and end with } hold whole values, and one each if there are as many values.
    """
    if not (content.startswith(b"{") and content.endswith(b"}\n")):
        return False
    letters = np.frombuffer(content, np.uint8)
    if (letters[feeds - 1] != ord("}")).any() or (letters[feeds[:-1] + 1] != ord("{")).any():
        return False
    try:
        if not content.isascii():
            content.decode()
        return len(_check_lines(content)) == len(feeds)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return False


def refusal(line: bytes) -> str | None:
    """Say why a line is refused; None when it is a JSON object by the letter of RFC 8259."""
    try:
        line.decode()
        _check(line)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return MALFORMED
    return None if line.lstrip(JSON_WHITESPACE).startswith(b"{") else NOT_AN_OBJECT


def _unwrapped(line: bytes) -> tuple[str, str]:
    try:
        rejected = _read_rejected(line)
    except msgspec.DecodeError:
        return line.decode(), MALFORMED
    return rejected.line, rejected.reason
