"""The tests of the project as judges of databases whose models were changed.

Pytest runs test files once, as always. Of each test that passed and only asked a database by
`Warehouse.rows`, its function and arguments are kept. Then models of that database can be rebuilt
otherwise, and the function called again.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.python.conftest import ROOT, Warehouse


@dataclass(frozen=True)
class Check:
    """A test that passed, and the one database that it asked."""

    name: str
    call: Callable[[], object]
    database: Path

    def passes(self, connection: Any) -> bool:
        """Whether it passes with what a connection sees; any error is a no."""

        def asked(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
            return rows

        try:
            with mock.patch.object(Warehouse, "rows", asked):
                self.call()
        except Exception:
            return False
        return True


@dataclass
class Recorder:
    """Plugin of pytest that keeps the checks."""

    checks: list[Check] = field(default_factory=list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out tests that build a database of their own: it is not asked again."""
        items[:] = [item for item in items if "dbt" not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        databases: set[Path] = set()
        commands: list[tuple[str, ...]] = []
        ask, run = Warehouse.rows, Warehouse.__call__

        def asked(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
            databases.add(warehouse.database)
            return ask(warehouse, sql)

        def ran(warehouse: Warehouse, *words: str, **options: Any) -> Any:
            commands.append(words)
            return run(warehouse, *words, **options)

        with (
            mock.patch.object(Warehouse, "rows", asked),
            mock.patch.object(Warehouse, "__call__", ran),
        ):
            result = yield
        if len(databases) == 1 and not commands:
            names = inspect.signature(pyfuncitem.obj).parameters
            arguments = {name: pyfuncitem.funcargs[name] for name in names}
            test = pyfuncitem.obj
            self.checks.append(Check(pyfuncitem.name, lambda: test(**arguments), databases.pop()))
        return result


def checks(tests: Sequence[str], folder: Path) -> list[Check]:
    """Run tests, named as for pytest below tests/python; their databases stay in the folder.

    Raises:
        AssertionError: a test fails.
    """
    recorder = Recorder()
    said = io.StringIO()
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
    named = [f"{ROOT / 'tests' / 'python' / name}" for name in tests]
    with contextlib.redirect_stdout(said):
        code = pytest.main([*options, f"--basetemp={folder}", *named], plugins=[recorder])
    assert code == pytest.ExitCode.OK, said.getvalue()[-4000:]
    return recorder.checks
