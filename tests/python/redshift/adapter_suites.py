"""dbt's own adapter suites on the stand-in: ``python -m tests.python.redshift.adapter_suites``.

The package dbt-tests-adapter has one class for each thing that an adapter must do; here every class
is run as it is, with the settings of adapter_settings.py where it asks for some. Prints what passed
and what failed, suite by suite. Ends with 1 where NOT_THE_STANDINS does not tell of a failure.
"""

import argparse
import importlib
import inspect
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt.tests.adapter.simple_seed.seeds import seed__actual_csv

from tests.python.conftest import ROOT
from tests.python.redshift.adapter_settings import (
    NOT_OF_REDSHIFT,
    NOT_THE_STANDINS,
    SETTINGS,
    USERS,
)
from tests.python.redshift.warehouse import run_standin

PACKAGE = "dbt.tests.adapter"
PACKAGES = ("dbt-tests-adapter", "dbt-core", "dbt-redshift", "redshift_connector")
CONFTEST = """\
import pytest

from tests.python.redshift.adapter_settings import one_statement_at_a_time

pytest_plugins = ["dbt.tests.fixtures.project"]


@pytest.fixture(scope="class")
def project(project):
    return one_statement_at_a_time(project)


@pytest.fixture(scope="class")
def dbt_profile_target():
    return {target!r}
"""


def main() -> None:
    """Run the suites, or those whose names contain one of some words."""
    parser = argparse.ArgumentParser(prog="python -m tests.python.redshift.adapter_suites")
    parser.add_argument("words", nargs="*", default=[""], help="parts of the names to run")
    parser.add_argument("--processes", default="0", help="pytest's: how many at once")
    parser.add_argument("--folder", type=Path, help="where pytest's output and dbt's logs stay")
    arguments = parser.parse_args()
    chosen = [name for name in suites() if any(word in name for word in arguments.words)]
    with ExitStack() as stack:
        folder = arguments.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        cases = run(chosen, folder, arguments.processes)
    raise SystemExit(report(cases))


def suites() -> Iterator[str]:
    """Each class with tests, as `suite.module.Class`, other than those that are not Redshift's."""
    (folder,) = importlib.import_module(PACKAGE).__path__
    for path in sorted(Path(folder).rglob("*.py")):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        if path.name.startswith("_") or is_left_out(module):
            continue
        name = f"{PACKAGE}.{module}"
        for class_ in vars(importlib.import_module(name)).values():
            is_own = inspect.isclass(class_) and class_.__module__ == name
            if is_own and not class_.__name__.startswith(("Test", "_")):
                full = f"{module}.{class_.__name__}"
                if any(test.startswith("test") for test in dir(class_)) and not is_left_out(full):
                    yield full


def is_left_out(name: str) -> bool:
    return any(name == left or name.startswith(f"{left}.") for left in NOT_OF_REDSHIFT)


def class_to_run(name: str) -> type[Any]:
    """A class that pytest runs, of the suite's with this name and the settings for it."""
    bases = (*SETTINGS.get(name, ()), name)
    found = [class_of(base) if isinstance(base, str) else base for base in bases]
    return type(f"Test_{name}", tuple(found), {})


def class_of(name: str) -> type[Any]:
    module, _, class_ = name.rpartition(".")
    found: type[Any] = getattr(importlib.import_module(f"{PACKAGE}.{module}"), class_)
    return found


def run(names: list[str], folder: Path, processes: str) -> list[ET.Element]:
    """Run the classes in a process of pytest; its test cases as JUnit has them."""
    lines = ["from tests.python.redshift.adapter_suites import class_to_run", ""]
    for name in names:
        lines.append(f"Test_{name.replace('.', '__')} = class_to_run({name!r})")
    (folder / "test_suites.py").write_text("\n".join(lines))
    # Beside the tests, where one of them looks for it.
    (folder / "seed_bom.csv").write_text("\ufeff" + seed__actual_csv, "utf-8")
    with run_standin(folder) as standin:
        for user in USERS:
            standin.rows(f"create user {user} password disable")
        target = {
            **{"type": "redshift", "pass": "unused", "sslmode": "disable", "threads": 4},
            **standin.where,
        }
        (folder / "conftest.py").write_text(CONFTEST.format(target=target))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
        command += ["--override-ini=addopts=", f"--rootdir={folder}", "--junitxml=junit.xml"]
        command += [f"--basetemp={folder / 'pytest'}", "--tb=short"]
        command += [f"--numprocesses={processes}", "--dist=loadscope", "test_suites.py"]
        path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        environment = {**os.environ, "PYTHONPATH": path}
        environment |= {f"DBT_TEST_USER_{n}": user for n, user in enumerate(USERS, start=1)}
        with (folder / "pytest.txt").open("w") as output:
            subprocess.run(
                command, cwd=folder, env=environment, stdout=output, stderr=output, check=False
            )
    return list(ET.parse(folder / "junit.xml").iter("testcase"))


def report(cases: list[ET.Element]) -> int:
    """Print the figures; how many failures are the stand-in's."""
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    told: list[str] = []
    ours = 0
    for case in cases:
        class_ = case.attrib["classname"].rpartition(".Test_")[2].replace("__", ".")
        suite = class_.split(".")[0]
        failure: Any = case.find("failure")
        if failure is None:
            failure = case.find("error")
        if failure is None:
            passed[suite] += case.find("skipped") is None
            continue
        failed[suite] += 1
        why = next((why for name, why in NOT_THE_STANDINS.items() if class_.startswith(name)), "")
        ours += not why
        message = " ".join(failure.attrib.get("message", "").split())[:200]
        told.append(f"  {class_}::{case.attrib['name']}\n    {why or message}")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for suite in sorted(passed | failed):
        print(f"{suite:28}{passed[suite]:4} passed{failed[suite]:4} failed")
    total = f"{passed.total()} passed, {failed.total()} failed, {ours} of them by the stand-in"
    print(f"{total}; {len(NOT_OF_REDSHIFT)} suites and classes left out (adapter_settings.py)")
    if told:
        print("\nFailed:", *told, sep="\n")
    return min(ours, 1)


if __name__ == "__main__":
    main()
