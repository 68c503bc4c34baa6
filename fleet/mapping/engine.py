"""Runs the program of a mapping over many lines, by the engine that Vector has in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vrl_python import VRLRuntime

from fleet.errors import FleetError
from fleet.mapping.loader import Mapping
from fleet.mapping.program import AN_EVENT, MALFORMED, NOT_AN_OBJECT, import_program
from fleet.registry import Registry

AT_ONCE = 1000
"""Lines of one call; more are no faster, and their values would crowd the processor's cache."""


class Mapped(NamedTuple):
    """What a line became.

    Attributes:
        rule: the number of its rule from 1; 0 where none fits or the line is none to look at.
        fault: MALFORMED or NOT_AN_OBJECT, of a line that cannot be read.
        is_event: whether the line was an event of the registry already.
        events: the JSON of each event.
    """

    rule: int = 0
    fault: str | None = None
    is_event: bool = False
    events: Sequence[str] = ()


UNREAD = {
    MALFORMED: Mapped(fault=MALFORMED),
    NOT_AN_OBJECT: Mapped(fault=NOT_AN_OBJECT),
}


class Engine:
    """The program of a mapping, ready to run.

    Raises:
        FleetError: the program does not compile, such as for a look-ahead in a `matches`.
    """

    def __init__(self, mapping: Mapping, registry: Registry) -> None:
        self.source = import_program(mapping, registry)
        self._runtime = VRLRuntime()
        try:
            self._runtime.compile(self.source)
        except Exception as error:
            said = " ".join(str(error).split("= see")[0].split())
            raise FleetError(f"{mapping.file}: Vector would refuse its program: {said}") from None

    def run(self, lines: Sequence[str], file: str, boot: str) -> list[Mapped]:
        """What becomes of each line; none has a line feed in it."""
        if not lines:
            return []
        record = {"text": "\n".join(lines), "file": file, "boot": boot}
        out = self._runtime.execute(self.source, record).processed_event["out"]
        return [self._read(said) for said in out]

    @staticmethod
    def _read(said: str) -> Mapped:
        head, *events = said.split("\n")
        if head.isdigit():
            return Mapped(int(head), events=events)
        if head == AN_EVENT:
            return Mapped(is_event=True, events=events)
        return UNREAD[head]
