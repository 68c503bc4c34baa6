"""Without a server: nothing that Redshift gets from this project breaks a rule."""

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.python.conftest import ROOT
from tests.python.redshift.conftest import Compile
from tests.python.redshift.standin.grammar import parse
from tests.python.redshift.standin.rules import violations


def test_no_file_is_left_out(compiled: Compile) -> None:
    folders = ("models", "tests/data_tests", "analyses")
    files = {path.stem for folder in folders for path in (ROOT / folder).rglob("*.sql")}
    assert files == compiled(False).keys()


@pytest.mark.parametrize("nightly", [False, True], ids=["full refresh", "night"])
def test_no_rule_is_broken(compiled: Compile, nightly: bool) -> None:
    broken = {
        name: [f"{rule.id}: {part[:200]}" for rule, part in violations(parse(sql))]
        for name, sql in compiled(nightly).items()
    }
    assert {name: parts for name, parts in broken.items() if parts} == {}


def test_every_fixture_of_a_unit_test_has_a_row_without_null(redshift_manifest: Manifest) -> None:
    """dbt-redshift takes a column's type from such a row, and stops where there is none."""
    lacking = [
        f"{unit_test.name}: {given.input}"
        for unit_test in redshift_manifest.unit_tests.values()
        for given in unit_test.given
        if isinstance(given.rows, list)
        and given.rows
        and not any(None not in row.values() for row in given.rows)
    ]
    assert lacking == []
