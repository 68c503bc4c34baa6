"""What an id is that somebody typed: the page and `fleet session` find it in the same way."""

from __future__ import annotations

from collections.abc import Callable

from fleet.lookup import queries
from fleet.lookup.stores import Row

LONGEST_ID = 64


def is_id(text: str) -> bool:
    """Whether a log could hold it as an id: short and printable. Other text is not worth a query.

    Bytes that are not UTF-8, as Python hands them over from a command line, are not printable.
    """
    return 0 < len(text) <= LONGEST_ID and text.isprintable()


def find(rows: Callable[[str, tuple[object, ...]], list[Row]], wanted: str) -> tuple[str, str]:
    """What an id is (delivery, order, robot or "") and how the marts write it.

    `rows` runs a query with its bound values.
    """
    if is_id(wanted):
        typed = (wanted, wanted.upper())
        if found := rows(queries.DELIVERY_ID, (*typed, wanted)):
            return "delivery", str(found[0]["id"])
        if found := rows(queries.ORDER_OR_ROBOT, (*typed, *typed)):
            return str(found[0]["what"]), str(found[0]["id"])
    return "", wanted
