"""The pages on Redshift name what there is."""

import re

from dbt.contracts.graph.manifest import Manifest

from tests.python.conftest import ROOT

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
