"""NOTICE names the licence of every package that pip installs, as the installed metadata has it."""

import importlib.metadata
import re
from email.message import Message
from pathlib import Path

import pytest

from fleet.warehouse import notice
from tests.python.conftest import ROOT

LOCK = (ROOT / notice.LOCK).read_text("utf-8")


def test_it_is_up_to_date() -> None:
    written = (ROOT / notice.NOTICE).read_text("utf-8")
    assert written == notice.render(LOCK), "run python -m fleet.warehouse.notice"


def test_it_names_every_package_of_the_lock() -> None:
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", LOCK, re.MULTILINE))
    every = notice.render(LOCK).partition("All packages\n")[2]
    assert set(re.findall(r"^([\w.-]+) ", every, re.MULTILINE)) == pinned
    # What `make setup` installs is part of it.
    first = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", read("requirements.lock"), re.MULTILINE))
    assert first <= pinned


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("psycopg2-binary", r"\(LGPL\); needed by dbt-postgres$"),
        ("text-unidecode", r"Artistic License; GNU General Public License .*by python-slugify$"),
        ("certifi", r"MPL-2\.0.*; needed by requests$"),
    ],
)
def test_licences_that_ask_for_more_stand_first(name: str, said: str) -> None:
    apart = notice.render(LOCK).partition("All packages\n")[0]
    (line,) = [line for line in apart.splitlines() if line.startswith(f"{name} ")]
    assert re.search(said, line)


def test_a_lock_names_packages_and_who_needs_them() -> None:
    lock = """
one==1 ; python_version < '3.12' \\
    --hash=sha256:00
    # via
    #   -c requirements.lock
    #   three
    #   (pyproject.toml)
two[extra]==2 \\
    --hash=sha256:00
    # via one
"""
    assert notice.locked(lock) == {"one": ["three"], "two": ["one"]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("License-Expression", "MIT"), ("License", "Other")], "MIT"),
        ([("License", "BSD"), ("Classifier", "License :: OSI Approved :: BSD License")],
         "BSD; BSD License"),
        ([("License", "Copyright\nand so on"), ("Classifier", "License :: X :: Y")], "Y"),
        ([("Classifier", "Topic :: Z")], "says none: see its files"),
    ],
)  # fmt: skip
def test_a_licence_is_one_line(
    monkeypatch: pytest.MonkeyPatch, fields: list[tuple[str, str]], said: str
) -> None:
    package = Message()
    for name, value in fields:
        package[name] = value
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: package)
    assert notice.licence("any") == said


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notice.LOCK.write_text(LOCK)
    notice.main()
    assert notice.NOTICE.read_text() == notice.render(LOCK)
