"""Without a server: nothing that Redshift gets from this project breaks a rule."""

import pytest

from tests.python.conftest import ROOT
from tests.python.redshift.conftest import Compile
from tests.python.redshift.standin.rules import parse, violations


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
