"""``COPY ... FORMAT JSON 'noshred'`` from a local folder that stands for S3.

``s3://bucket/prefix`` is every file below ``<folder>/bucket`` whose path there begins with the
prefix. Redshift Developer Guide: r_COPY, copy-usage_notes-copy-from-json,
copy-parameters-data-format, limitations-super, super-configurations,
loading-data-files-using-manifest.
"""

import gzip
import json
import re
from pathlib import Path
from typing import Any

from tests.python.redshift.standin.definitions import quoted
from tests.python.redshift.standin.grammar import RefusedError
from tests.python.redshift.standin.statement_rules import LONGEST_VARCHAR
from tests.python.redshift.standin.translate import stripped

LONGEST_LINE = 4 * 1024 * 1024
COPY = re.compile(
    r"copy\s+(?P<table>[\w.\"]+)\s*\(\s*(?P<column>\w+)\s*\)\s+from\s+'(?P<url>[^']+)'"
    r"(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
OPTIONS = re.compile(
    r"\s*(?P<name>iam_role|format(?:\s+as)?\s+json|gzip|manifest|region|compupdate|statupdate)\b"
    r"\s*(?P<value>'[^']*'|default|on|off|true|false|)(?=\s|$)",
    re.IGNORECASE,
)


def copy_as_insert(sql: str, folder: Path | None) -> str:
    """INSERT of what the COPY would load; raises RefusedError, of all lines when one is bad."""
    found = COPY.fullmatch(stripped(sql))
    if not found:
        raise RefusedError("stand-in: COPY is emulated as COPY table (column) FROM 's3://...'")
    options = _options(found["options"])
    if options.get("format json") != "'noshred'":
        raise RefusedError("stand-in: COPY is emulated with FORMAT JSON 'noshred' only")
    if "iam_role" not in options:
        raise RefusedError("COPY needs credentials: IAM_ROLE")
    if folder is None:
        raise RefusedError("stand-in: started without a folder that stands for S3")

    paths = _files(found["url"], folder)
    if "manifest" in options:
        entries = json.loads(paths[0].read_text())["entries"]
        paths = [path for entry in entries for path in _files(entry["url"], folder)]
    lines = [line for path in paths for line in _lines(path, "gzip" in options)]
    target = f"{found['table']} ({found['column']})"
    # Every line is known to be JSON, so one text with a line each is all that need be sent.
    return (
        f"insert into {target} select line::jsonb from"
        f" unnest(string_to_array({quoted(chr(10).join(lines))}, e'\\n')) as lines (line)"
        f" where line <> ''"
    )


def _options(text: str) -> dict[str, str]:
    options, end = {}, 0
    while text[end:].strip():
        found = OPTIONS.match(text, end)
        if not found:
            raise RefusedError(f"stand-in: COPY option {text[end:].split()[0]} is not emulated")
        name = " ".join(found["name"].lower().split()).replace(" as ", " ")
        options[name] = found["value"].lower()
        end = found.end()
    return options


def _files(url: str, folder: Path) -> list[Path]:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    paths = sorted(path for path in (folder / bucket).rglob("*") if path.is_file())
    found = [p for p in paths if p.relative_to(folder / bucket).as_posix().startswith(prefix)]
    if not found:
        raise RefusedError(f"The specified S3 prefix '{prefix}' does not exist")
    return found


def _lines(path: Path, gzipped: bool) -> list[str]:
    try:
        content = gzip.decompress(path.read_bytes()) if gzipped else path.read_bytes()
    except OSError as error:
        raise RefusedError(f"Load failed: {path.name}: {error}") from None
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                _check_line(line)
        except ValueError as error:
            raise RefusedError(
                "Load into table failed.  Check 'stl_load_errors' system table for details."
                f" {path.name} line {number}: {error}"
            ) from None
    return [line.decode() for line in lines if line.strip()]


def _check_line(line: bytes) -> None:
    """Raises ValueError for a line that COPY would not load."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE} bytes")
    value = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    if len(line) > LONGEST_VARCHAR:
        _check_strings(value)


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        if len(value.encode()) > LONGEST_VARCHAR:
            raise ValueError(f"String value exceeds the max size of {LONGEST_VARCHAR} bytes")
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _check_strings(item)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an attribute is there twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
