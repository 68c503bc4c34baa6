r"""Which lines name an id that was erased, and what is left of such a line.

A text names an id where it stands by itself: O-12 is in `"O-12"` and `evt/O-12/1`, not in `O-123`
or `O-12-7`. An id counts in whatever way its JSON is written, so also as `O\u002d12`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry

ERASABLE = ("order_id", "delivery_id")
BEFORE, AFTER = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"
# The same for engines that cannot look around.
SQL_BEFORE, SQL_AFTER = "(^|[^A-Za-z0-9_])", "($|[^A-Za-z0-9_.-]|[.]($|[^A-Za-z0-9]))"

TOKENS = re.compile(rb"(?<![A-Za-z0-9_])[A-Z]+-[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
# Ids with other characters, a blank say, where the line gives them as such.
GIVEN = re.compile(rb'\\?"(?:order_id|delivery_id)\\?"\s*:\s*\\?"([^"\\]+)')
ESCAPE = b"\\u00"


def id_hash(salt: str, named: str) -> str:
    """The hash by which an erased id is known."""
    return hashlib.sha256(f"{salt}/{named}".encode()).hexdigest()


def new_salt() -> str:
    return secrets.token_hex(16)


def pattern(ids: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the ids in a text."""
    return re.compile(f"{BEFORE}(?:{'|'.join(map(re.escape, sorted(ids)))}){AFTER}")


def sql_pattern(ids: Iterable[str]) -> str:
    """The same as a POSIX regular expression, to be searched for in a text."""
    words = [re.sub(r"([^A-Za-z0-9_ -])", r"\\\1", one) for one in sorted(ids)]
    return f"{SQL_BEFORE}({'|'.join(words)}){SQL_AFTER}"


def decoded(text: str) -> str:
    """A text with what JSON may have escaped, so that a search finds it."""
    if "\\u00" not in text:
        return text
    return re.sub(r"\\u00([2-7][0-9a-fA-F])", lambda found: chr(int(found[1], 16)), text)


def names(text: str, found: re.Pattern[str]) -> bool:
    """Whether a text names one of the ids of `pattern`."""
    return bool(found.search(decoded(text)))


@cache
def optional_ids() -> dict[str, frozenset[str]]:
    """Of each event of the registry: which of ERASABLE it may do without."""
    registry = load_registry(find_project_dir())
    return {
        event.name: frozenset(
            name for name in ERASABLE if registry.event_ids(event).get(name) == "optional"
        )
        for event in registry.events
    }


@cache
def _registered() -> frozenset[str]:
    registry = load_registry(find_project_dir())
    return frozenset([*registry.ids, *(key.path[0] for key in registry.envelope_values), "data"])


def blanked(line: str, found: re.Pattern[str]) -> str | None:
    """A line without the ids, or None where nothing of it may stay.

    A line about a robot that also says which delivery the robot had is still true without the id:
    the robot's hours and failures follow from it. A line about the order or the delivery itself, or
    one that names it anywhere but in the key that is made for it, is not kept.
    """
    try:
        document = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        name = msgspec.json.decode(document["evt"], type=dict[str, msgspec.Raw])["name"]
        optional = optional_ids().get(msgspec.json.decode(name, type=str))
    except (KeyError, ValueError, msgspec.DecodeError):
        return None
    if optional is None or "event_id" not in document:
        return None
    naming = {key for key, value in document.items() if names(bytes(value).decode(), found)}
    if not naming or naming & (_registered() - optional):
        return None
    kept = {key: value for key, value in document.items() if key not in naming}
    left = msgspec.json.encode(kept).decode()
    return None if names(left, found) else left


@dataclass(frozen=True)
class ErasedIds:
    """The ids that were erased, as hashes, for lines that come again.

    hashes  of the ids, by the salt that they were made with
    """

    hashes: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]]) -> ErasedIds:
        """From rows of event_log.erased_ids: salt and hash."""
        found: dict[str, set[str]] = {}
        for salt, hashed in rows:
            found.setdefault(salt, set()).add(hashed)
        return cls({salt: frozenset(hashes) for salt, hashes in found.items()})

    def among(self, tokens: Iterable[str]) -> set[str]:
        """Those that were erased."""
        return {
            token
            for token in tokens
            if any(id_hash(salt, token) in hashes for salt, hashes in self.hashes.items())
        }

    def named_in(self, text: bytes) -> set[str]:
        """The erased ids that a text of lines names."""
        if not self.hashes:
            return set()
        if ESCAPE in text:
            text = b"\n".join([text, decoded(text.decode(errors="replace")).encode()])
        tokens = {*TOKENS.findall(text), *GIVEN.findall(text)}
        return self.among(token.decode(errors="replace") for token in tokens)

    def without(self, text: bytes) -> bytes:
        """Lines as they may be loaded: those of erased ids are left out, or lack the id."""
        return without_ids(text, self.named_in(text))[0] if self.hashes else text


@dataclass(frozen=True)
class Change:
    """A line that names an erased id: its number from 1, and what is left of it."""

    number: int
    left: bytes | None


def without_ids(text: bytes, ids: set[str]) -> tuple[bytes, list[Change]]:
    """Lines without those of the ids, and what was changed; a wrapped line goes as a whole."""
    if not ids:
        return text, []
    found = pattern(ids)
    changes: list[Change] = []
    kept: list[bytes] = []
    for number, line in enumerate(_lines(text), 1):
        content = line.rstrip(b"\r\n")
        said = content.decode(errors="backslashreplace")
        if not names(said, found):
            kept.append(line)
            continue
        left = blanked(said, found)
        changes.append(Change(number, None if left is None else left.encode()))
        if left is not None:
            kept.append(left.encode() + line[len(content) :])
    return b"".join(kept), changes


def _lines(text: bytes) -> Iterator[bytes]:
    # splitlines() would also cut at a lone carriage return, which is no end of a line here.
    start = 0
    while start < len(text):
        end = text.find(b"\n", start) + 1 or len(text)
        yield text[start:end]
        start = end
