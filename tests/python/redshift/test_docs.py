"""The pages on Redshift name what there is."""

import re
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.python.conftest import ROOT
from tests.python.redshift.standin.grammar import parse
from tests.python.redshift.standin.rules import violations
from tests.python.redshift.warehouse import StandIn

PAGES = [
    *sorted((ROOT / "docs").glob("redshift-*.md")),
    ROOT / "pipeline" / "redshift" / "README.md",
]
FIRST_HOUR = (ROOT / "docs" / "redshift-first-hour.md").read_text(encoding="utf-8")
DIALECT = (ROOT / "docs" / "dialect.md").read_text(encoding="utf-8")


def test_every_macro_between_the_engines_is_on_the_dialect_page() -> None:
    files = sorted((ROOT / "macros").rglob("*.sql"))
    sql = {path: path.read_text(encoding="utf-8") for path in files}
    dispatched = {
        name
        for text in sql.values()
        for name in re.findall(r"adapter\.dispatch\(\s*\"(\w+)\"", text)
    }
    between = {
        name
        for path, text in sql.items()
        if path.parent.name == "cross_database"
        for name in re.findall(r"{%-?\s*macro (\w+)", text)
        if "__" not in name
    }
    assert len(dispatched) > 5
    assert {name for name in dispatched | between if f"`{name}`" not in DIALECT} == set()


def test_every_macro_on_the_dialect_page_exists(redshift_manifest: Manifest) -> None:
    named = {
        name
        for row in re.findall(r"^\|.*\| (`\w+`(?:, `\w+`)*) \|$", DIALECT, re.M)
        for name in re.findall(r"\w+", row)
    }
    known = {macro.name.split("__")[-1] for macro in redshift_manifest.macros.values()}
    assert named
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_points_to_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = re.findall(r"\b(?:docs|pipeline|tests|benchmarks|macros)/[\w/.-]+\.\w+", text)
    paths += [f"pipeline/redshift/{name}" for name in re.findall(r"`(\d_\w+\.sql)`", text)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def queries(page: str) -> list[str]:
    """What a page has psql run."""
    quoted = re.findall(r'^psql \[\w+\] -c "((?:[^"\\]|\\.)*)"$', page, re.M)
    return [sql.replace("\\", "") for sql in quoted]


def test_queries_of_the_first_hour_break_no_rule() -> None:
    found = [part for sql in queries(FIRST_HOUR) for part in sql.split("; ")]
    assert len(found) > 5
    for sql in found:
        if not sql.startswith("set "):
            assert violations(parse(sql)) == [], sql


def test_the_arithmetic_of_the_first_hour_is_as_it_says(standin: StandIn) -> None:
    (sql,) = [sql for sql in queries(FIRST_HOUR) if "int_division" in sql]
    (row,) = standin.rows(sql)
    (expected,) = re.findall(r"^Expect (`1`, .*)\. Another answer", FIRST_HOUR, re.M)
    assert ", ".join(f"`{value}`" for value in row) == expected


def test_vars_of_the_first_hour_are_known() -> None:
    names = set(re.findall(r"--vars '\{?(\w+):", FIRST_HOUR)) | set(
        re.findall(r", (\w+): ROLE", FIRST_HOUR)
    )
    macros = "".join(path.read_text() for path in (ROOT / "macros").rglob("*.sql"))
    assert names
    assert {name for name in names if f'"{name}"' not in macros} == set()
