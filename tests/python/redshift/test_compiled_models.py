"""Without a server: every model, test and analysis as Redshift gets it breaks no rule."""

from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest
from dbt.adapters.redshift.impl import RedshiftAdapter

from fleet_events.sqlfluff_templater import WITHOUT_WAREHOUSE
from tests.python.conftest import ROOT
from tests.python.redshift.joins import loops
from tests.python.redshift.standin.rules import parse, violations
from tests.python.redshift.warehouse import RedshiftWarehouse

# Cross joins of relations that are small whatever the fleet does, and why.
ALLOWED = {
    "int_spans": "ten digits with themselves, once for each decimal place of 65,536",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """SQL by name, of a full refresh."""
    nowhere = {"host": "nowhere", "port": 5439, "user": "nobody", "dbname": "dev"}
    project = RedshiftWarehouse(nowhere, "fleet", tmp_path_factory.mktemp("compiled"))
    with mock.patch.multiple(RedshiftAdapter, **WITHOUT_WAREHOUSE):
        result = project("compile")
    return {
        done.node.name: done.node.compiled_code
        for done in result.results
        if done.node.resource_type in ("model", "analysis")
        or (done.node.resource_type == "test" and Path(done.node.path).suffix == ".sql")
    }


def test_all_of_the_project_compiles(compiled: Mapping[str, str]) -> None:
    files = {path.stem for path in (ROOT / "models").rglob("*.sql")}
    files |= {path.stem for path in (ROOT / "tests" / "data_tests").glob("*.sql")}
    files |= {path.stem for path in (ROOT / "analyses").glob("*.sql")}
    assert files <= compiled.keys()


def test_no_rule_is_broken(compiled: Mapping[str, str]) -> None:
    broken = {
        name: [f"{rule.id}: {part[:200]}" for rule, part in violations(parse(sql))]
        for name, sql in compiled.items()
    }
    assert {name: parts for name, parts in broken.items() if parts} == {}


def test_no_join_is_a_nested_loop(compiled: Mapping[str, str]) -> None:
    found = {name: loops(parse(sql)) for name, sql in compiled.items() if name not in ALLOWED}
    assert {name: joins for name, joins in found.items() if joins} == {}
