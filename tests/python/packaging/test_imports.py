"""Imports run one way: dashboard → fleet → fleet_events, and nothing needs tests or benchmarks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
FORBIDDEN = {
    "clients/python/src": {"fleet", "dashboard", "tests", "benchmarks"},
    "fleet": {"dashboard", "tests", "benchmarks"},
    "dashboard": {"tests", "benchmarks"},
    "benchmarks": {"tests"},
}
# They measure the tests themselves.
OF_TESTS = {PROJECT / "benchmarks" / name for name in ("judges.py", "mutants.py")}


def imported(code: str) -> Iterator[str]:
    """Top-level names that the code imports, also inside functions."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_imports_are_found_wherever_they_stand() -> None:
    code = "import a.b\ndef f():\n    from c.d import e\n    from . import g\n"
    assert set(imported(code)) == {"a", "c"}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_run_one_way(folder: str) -> None:
    files = sorted((PROJECT / folder).rglob("*.py"))
    assert files
    wrong = {
        str(file.relative_to(PROJECT)): names
        for file in files
        if file not in OF_TESTS
        and (names := FORBIDDEN[folder].intersection(imported(file.read_text("utf-8"))))
    }
    assert wrong == {}
