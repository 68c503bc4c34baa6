"""``UNLOAD ('select …') TO 's3://…' FORMAT JSON``: what it would write, kept in redshift.unloaded.

A row for each row of the query, as the JSON object that a line of the file would be. Redshift
Developer Guide: r_UNLOAD.
"""

import re
from collections.abc import Callable

from tests.python.redshift.standin.grammar import RefusedError

UNLOAD = re.compile(
    r"unload\s*\(\s*'(?P<query>(?:[^'\\]|''|\\.)+)'\s*\)\s+to\s+'(?P<url>s3://[^']+)'"
    r"\s+iam_role\s+'[^']+'\s+format(?:\s+as)?\s+json\s+gzip",
    re.IGNORECASE | re.DOTALL,
)


def unload_as_insert(sql: str, translate: Callable[[str], str]) -> str:
    """INSERT of what the UNLOAD would write; raises RefusedError."""
    found = UNLOAD.fullmatch(sql)
    if not found:
        raise RefusedError("stand-in: UNLOAD is emulated as UNLOAD ('…') TO '…' FORMAT JSON GZIP")
    query = re.sub(r"''|\\(.)", lambda part: part[1] or "'", found["query"])
    return (
        f"insert into redshift.unloaded select '{found['url']}', to_jsonb(lines)"
        f" from ({translate(query)}) as lines"
    )
