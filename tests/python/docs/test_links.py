"""Every page of the docs points to what exists: links, paths, commands, marts and data tests."""

import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from fleet.cli import main
from tests.python.conftest import ROOT

# Made by `make`, by tools or by the reader; not part of the project.
MADE = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}
# Names old places, for those who upgrade.
HISTORY = "CHANGELOG.md"
# In recipes a word in capitals stands for a name that the reader chooses.
PLACEHOLDER = re.compile(r"\b(?:NAME|FOLDER)\b")
LONGEST_README = 110


def find_pages() -> Iterator[Path]:
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if not name.startswith(".") and name not in MADE]
        yield from (Path(folder, file) for file in files if file.endswith(".md"))


PAGES = sorted(find_pages())
TOP = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text("utf-8")), re.M)
    texts = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def commands(text: str, program: str) -> list[str]:
    """What follows a program's name, in a code block or between backticks."""
    blocks = re.findall(r"^ *```(?:[a-z]*)\n(.*?)^ *```$", text, re.M | re.S)
    code = [line.strip() for block in blocks for line in block.splitlines()]
    code += re.findall(r"`([^`\n]+)`", without_code(text))
    parts = chain.from_iterable(re.split(r" && |; |\$\(", one) for one in code)
    pattern = re.compile(rf"(?:[A-Z_]+=\S+ |\$ |\.venv/bin/)*{program} (.+)")
    return [found[1] for part in parts if (found := pattern.match(part))]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != HISTORY], ids=named)
def test_paths_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    paths = re.findall(rf"(?<![\w/.:@-])(?:{TOP})/[\w./*-]*\w", text)
    # What a recipe of the page writes itself.
    written = set(re.findall(r"(?:> |cp \S+ )(\S+)", text))
    missing = {
        path
        for path in paths
        if path not in written
        and not {path, path.split("/")[0]} & MADE
        and not PLACEHOLDER.search(path.replace("_", " "))
        and not any(ROOT.glob(path))
        and not any(page.parent.glob(path))
    }
    assert missing == set()


def test_commands_exist() -> None:
    makefiles = [(ROOT / name).read_text("utf-8") for name in ("Makefile", "run.mk")]
    targets = set(re.findall(r"^([a-z]+):", "\n".join(makefiles), re.M))
    with click.Context(main) as context:
        known = {name: main.get_command(context, name) for name in main.list_commands(context)}
    unknown, found = [], 0
    for page in PAGES:
        if page.name == HISTORY:
            continue
        text = page.read_text("utf-8")
        for words in (command.split() for command in commands(text, "make")):
            found += 1
            if words[0] not in targets:
                unknown.append(f"{named(page)}: make {words[0]}")
        for words in (command.split() for command in commands(text, "fleet")):
            found += 1
            command = known.get(words[0])
            if command is None or (
                isinstance(command, click.Group) and words[1:] and words[1] not in command.commands
            ):
                unknown.append(f"{named(page)}: fleet {' '.join(words[:2])}")
        for module in re.findall(r"python -m ([a-z_.]+)", text):
            path = ROOT / module.replace(".", "/")
            if module.startswith(("benchmarks", "fleet", "tests")):
                found += 1
                if not path.is_dir() and not path.with_suffix(".py").exists():
                    unknown.append(f"{named(page)}: python -m {module}")
    assert found > 50
    assert unknown == []


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= LONGEST_README


def test_every_mart_is_listed() -> None:
    page = (ROOT / "docs/marts.md").read_text("utf-8")
    marts = {path.stem for path in (ROOT / "models/marts").rglob("*.sql")}
    assert marts
    assert {mart for mart in marts if f"`{mart}`" not in page} == set()


def data_tests() -> Iterator[str]:
    """Names of data tests as a failure shows them; the kind, for those without a name."""
    yield from (path.stem for path in (ROOT / "tests/data_tests").rglob("*.sql"))
    for file in chain((ROOT / "models").rglob("*.yml"), (ROOT / "seeds").glob("*.yml")):
        content = yaml.safe_load(file.read_text("utf-8")) or {}
        sources = [table for one in content.get("sources", []) for table in one["tables"]]
        for node in chain(content.get("models", []), content.get("seeds", []), sources):
            for owner in (node, *node.get("columns", [])):
                yield from map(name_of, owner.get("data_tests", []))


def name_of(test: str | dict[str, Any]) -> str:
    if isinstance(test, str):
        return test
    ((kind, settings),) = test.items()
    name = str(settings.get("name", kind.split(".")[-1]))
    return "_primary_key" if name.endswith("_primary_key") else name


def test_on_call_says_what_to_do_for_every_data_test() -> None:
    page = (ROOT / "docs/on-call.md").read_text("utf-8")
    tests = set(data_tests())
    assert {"unique", "assert_states_fill_every_hour", "_primary_key"} <= tests
    assert {test for test in tests if f"`{test}`" not in page} == set()
