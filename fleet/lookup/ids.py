"""What an id is that somebody typed: the page and `fleet session` find it in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from fleet_events.events import ID_PREFIXES

from fleet.lookup import queries
from fleet.lookup.stores import Row

LONGEST_ID = 64
# A text with more ids than this is a log, and no question.
MOST_IDS = 50
ID_IN_TEXT = re.compile(
    rf"(?<![\w-])(?:{'|'.join(filter(None, ID_PREFIXES.values()))})[\w-]+", re.IGNORECASE
)
Ask = Callable[[str, tuple[object, ...]], list[Row]]


def is_id(text: str) -> bool:
    """Whether a log could hold it as an id: short and printable. Other text is not worth a query.

    Bytes that are not UTF-8, as Python hands them over from a command line, are not printable.
    """
    return 0 < len(text) <= LONGEST_ID and text.isprintable()


def find(rows: Ask, wanted: str) -> tuple[str, str]:
    """What an id is (delivery, order, robot, merchant, pilot or "") and how the marts write it.

    `rows` runs a query with its bound values.
    """
    if is_id(wanted):
        typed = (wanted, wanted.upper())
        if found := rows(queries.DELIVERY_ID, (*typed, wanted)):
            return "delivery", str(found[0]["id"])
        for query in (queries.ORDER_OR_ROBOT, queries.MERCHANT_OR_PILOT):
            if found := rows(query, (*typed, *typed)):
                return str(found[0]["what"]), str(found[0]["id"])
    return "", wanted


def find_all(rows: Ask, text: str) -> list[tuple[str, str]]:
    """The known ids of a text, see find(): it may be an id, several, a sentence or an address."""
    text = text.strip()
    whole = find(rows, text)
    if whole[0]:
        return [whole]
    said = dict.fromkeys(ID_IN_TEXT.findall(unquote(text)))
    found = [find(rows, one) for one in list(said)[:MOST_IDS] if one != text]
    return list(dict.fromkeys(one for one in found if one[0]))
