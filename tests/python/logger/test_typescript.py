"""The TypeScript client writes and refuses what the Python package does, for every event."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleet.registry import load_registry
from tests.python.logger.golden import outcome
from tests.python.registry.mutants import mutants

PROJECT = Path(__file__).parents[3]
EMIT = PROJECT / "clients/typescript/dist/test/emit.js"

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and EMIT.is_file()),
    reason="needs Node.js and the built TypeScript client: run `make typescript` first",
)


def typescript(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", str(EMIT)],
        input="".join(json.dumps(case) + "\n" for case in cases),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("env", ["test", "prod"])
def test_both_write_the_same_bytes(env: str) -> None:
    context = {"market": "la", "order_id": "O-5", "trace_id": "t1"}
    cases = [
        {
            "event": event,
            "data": {key: as_in_javascript(value) for key, value in data.items()},
            "env": env,
            "context": context,
        }
        for event, data in mutants(load_registry(PROJECT))
        if 1e300 not in data.values()  # The same number, but 1e300 here and 1e+300 there.
    ]
    written = typescript(cases)
    assert len(written) == len(cases) > 5000
    for case, other in zip(cases, written, strict=True):
        assert other == without_hints(outcome(case)), case


def without_hints(outcome: dict[str, Any]) -> dict[str, Any]:
    """In TypeScript the compiler names the field that was meant."""
    text = re.sub(r" \(did you mean [\w.]+\?\)", "", json.dumps(outcome))
    written: dict[str, Any] = json.loads(text)
    return written


def as_in_javascript(value: Any) -> Any:
    """In JavaScript, as in JSON, 300.0 and 300 are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
