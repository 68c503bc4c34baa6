"""Values bound to what runs now, so that every line of it says which delivery it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Unpack

from fleet_events.events import ID_PREFIXES, TRACE_IDS, Context
from fleet_events.sink import to_jsonable

TRACE_ID_BYTES = 64
_NOTHING: Mapping[str, str] = MappingProxyType({})
_bound: ContextVar[Mapping[str, str]] = ContextVar("fleet_events_context", default=_NOTHING)


@contextmanager
def bind_context(**values: Unpack[Context]) -> Iterator[None]:
    """Add ids and trace ids to every line logged inside the block.

    An event takes from it the ids it carries optionally and was not given, and the trace ids; an
    ordinary log record takes all. Blocks nest. Tasks of asyncio inherit the values; a new thread
    does not, as always with contextvars. A value that is not text is left out, and so is a trace id
    that is empty, longer than 64 bytes or has a blank at an end: it would spoil the whole line.

    Raises:
        TypeError: for a name that is neither an id nor `trace_id` nor `span_id`.
    """
    unknown = values.keys() - Context.__annotations__.keys()
    if unknown:
        raise TypeError(f"bind_context takes no {', '.join(sorted(unknown))}")
    texts = {
        name: str(to_jsonable(value)) for name, value in values.items() if isinstance(value, str)
    }
    for name in TRACE_IDS:
        if name in texts and not _is_trace_id(texts[name]):
            del texts[name]
    before = _bound.get()
    mine = {**before, **texts}
    token = _bound.set(mine)
    try:
        yield
    finally:
        try:
            _bound.reset(token)
        except ValueError:
            # A generator may be closed in another context than it was entered in: there the
            # values are bound only if that is a copy.
            if _bound.get() is mine:
                _bound.set(before)


def _is_trace_id(text: str) -> bool:
    return 0 < len(text.encode()) <= TRACE_ID_BYTES and text == text.strip(" ")


def bound_context() -> Mapping[str, str]:
    """What is bound now."""
    return _bound.get()


def bound_ids(context: Mapping[str, str]) -> dict[str, str]:
    """The ids among the bound values, in the order of the log line."""
    return {name: context[name] for name in ID_PREFIXES if name in context}


def bound_trace(context: Mapping[str, str]) -> dict[str, str]:
    """The trace ids among the bound values."""
    return {name: context[name] for name in TRACE_IDS if name in context}
