"""Where lines go, and how to write a value that JSON has no form for."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import datetime

TEXT_LENGTH = 4096
ITEMS = 100
DEPTH = 4


def write_stdout(line: bytes) -> None:
    """Write one line to standard output, whole and at once."""
    # Text printed before must not end up in the middle of the line.
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(line.decode())
    else:
        buffer.write(line)
    sys.stdout.flush()


def to_jsonable(value: object, depth: int = DEPTH) -> object:
    """The value as JSON can carry it and of bounded size.

    Numbers beyond JSON become text, objects become `<TypeName>`: their `repr` might show what must
    not be logged, or fail.
    """
    match value:
        case None | bool():
            return value
        case int():
            return int(value) if abs(value) < 2**63 else f"<int of {value.bit_length()} bits>"
        case float():
            return float(value) if math.isfinite(value) else str(float(value))
        case str():
            return value[:TEXT_LENGTH].encode("utf-8", "replace").decode()
        case datetime():
            return value.isoformat()
    if depth:
        try:
            if isinstance(value, Mapping):
                return {
                    str(to_jsonable(key, 0)): to_jsonable(item, depth - 1)
                    for key, item in list(value.items())[:ITEMS]
                }
            if isinstance(value, list | tuple | set | frozenset):
                return [to_jsonable(item, depth - 1) for item in list(value)[:ITEMS]]
        except Exception:
            pass
    return f"<{type(value).__name__}>"
