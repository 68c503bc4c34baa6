"""pipeline/redshift: statements that Redshift's grammar takes, and that agree with dbt's own."""

import json
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import sqlfluff
import sqlglot
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.redshift.connections import RedshiftConnectionManager
from dbt.adapters.redshift.impl import RedshiftAdapter
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode, SeedNode
from dbt_common.clients.agate_helper import table_from_rows
from sqlglot import exp

from fleet.warehouse.dbt_runner import DbtError, DbtRunner
from tests.python.conftest import ROOT, Warehouse
from tests.python.redshift.conftest import nothing
from tests.python.redshift.warehouse import statements

PIPELINE = ROOT / "pipeline" / "redshift"
FILES = sorted(PIPELINE.glob("*.sql"))

URL = "s3://acme-event-lake/events/v1/"
ROLE = "arn:aws:iam::123456789012:role/redshift-event-reader"
Operation = Callable[..., list[str]]
JOB = re.compile(r"\s+job create (?P<name>\w+)\s+auto on$")


def plain(sql: str) -> str:
    return " ".join(sql.split())


def test_files_are_numbered_in_the_order_to_run_them() -> None:
    assert [path.name[:2] for path in FILES] == [f"{number}_" for number in range(1, 8)]
    readme = (PIPELINE / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in FILES] == re.findall(r"^\| `(\d_\w+\.sql)`", readme, re.M)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_statement_is_redshift_sql(path: Any) -> None:
    assert statements(path)
    for statement in statements(path):
        # sqlfluff knows neither the ending that makes a COPY a job nor default privileges of roles.
        known = JOB.sub("", statement)
        if known.startswith("alter default privileges"):
            known = known.replace(" to role ", " to group ")
        sqlfluff.parse(known + ";", dialect="redshift")


def test_a_statement_that_is_no_redshift_sql_is_refused() -> None:
    with pytest.raises(sqlfluff.api.simple.APIParsingError):
        sqlfluff.parse("copy raw.event_lines form 's3://bucket/';", dialect="redshift")


@pytest.fixture
def run_operation(redshift_manifest: Manifest, redshift_dbt: DbtRunner) -> Operation:
    """Call load_event_lines for Redshift with vars; returns the statements it would send."""

    def run(has_raw_layer: bool = True, **variables: str) -> list[str]:
        sent: list[str] = []

        def execute(adapter: RedshiftAdapter, sql: str, *arguments: Any, **options: Any) -> Any:
            sent.append(sql)
            is_there = [[1]] if has_raw_layer and "pg_tables" in sql else []
            return AdapterResponse("OK"), table_from_rows(is_there, ["value"])

        with (
            mock.patch.object(RedshiftAdapter, "clear_transaction", nothing),
            mock.patch.object(RedshiftConnectionManager, "rollback_if_open", nothing),
            mock.patch.object(RedshiftAdapter, "execute", execute),
        ):
            redshift_dbt("run-operation", "load_event_lines", variables=variables)
        return [plain(sql) for sql in sent if "pg_tables" not in sql]

    return run


def test_without_a_raw_layer_it_says_what_to_run(run_operation: Operation) -> None:
    with pytest.raises(DbtError, match=r"an administrator run pipeline/redshift/2_raw_tables\.sql"):
        run_operation(has_raw_layer=False, landing_url=URL, iam_role=ROLE)


def test_the_raw_tables_have_the_columns_of_those_on_duckdb(dbt: Warehouse) -> None:
    dbt.load()
    made = dbt.rows(
        "select table_name, list(column_name order by ordinal_position)"
        " from information_schema.columns where table_schema = 'event_log' group by 1"
    )
    trees = [
        sqlglot.parse_one(statement, dialect="redshift")
        for statement in statements(PIPELINE / "2_raw_tables.sql")
    ]
    written = {
        tree.this.this.name: [column.name for column in tree.find_all(exp.ColumnDef)]
        for tree in trees
        if isinstance(tree.this, exp.Schema)
    }
    assert dict(made) == written


def test_a_backfill_is_the_copy_of_the_job(run_operation: Operation) -> None:
    copied, committed = run_operation(landing_url=URL, iam_role=ROLE)
    assert committed.endswith("commit")
    job, _, _ = statements(PIPELINE / "4_copy_job.sql")
    assert JOB.search(job)
    assert copied.endswith(plain(JOB.sub("", job)))


def test_a_backfill_by_manifest_is_the_one_of_the_pipeline(run_operation: Operation) -> None:
    manifest = "s3://acme-event-lake/backfills/2026-11-02.manifest"
    copied, _ = run_operation(landing_url=manifest, iam_role=ROLE)
    (written,) = statements(PIPELINE / "5_backfill.sql")
    assert copied.endswith(plain(written))


def test_an_export_comes_back_with_its_columns(
    redshift_manifest: Manifest, redshift_dbt: DbtRunner
) -> None:
    sent: list[str] = []

    def execute(adapter: RedshiftAdapter, sql: str, *arguments: Any, **options: Any) -> Any:
        sent.append(plain(sql))
        return AdapterResponse("OK"), table_from_rows([], ["value"])

    place = "s3://lake/exports/trimmed_at=20261102T030000000000Z"
    with (
        mock.patch.object(RedshiftAdapter, "clear_transaction", nothing),
        mock.patch.object(RedshiftConnectionManager, "rollback_if_open", nothing),
        mock.patch.object(RedshiftAdapter, "execute", execute),
    ):
        given = json.dumps({"export": f"{place}/", "iam_role": ROLE})
        redshift_dbt("run-operation", "restore_raw_lines", "--args", given)
    (copy,) = [sql[sql.index("copy ") :] for sql in sent if "copy " in sql]
    # The whole row, so that lines have the loaded_at that they had.
    assert copy == (
        f"copy event_log.event_lines from '{place}/lines_' iam_role '{ROLE}'"
        " format json 'auto' gzip"
    )
    sqlfluff.parse(f"{copy};", dialect="redshift")
    assert any(f"where exported_to = '{place}'" in sql for sql in sent)


def test_a_quote_in_a_prefix_stays_in_it(run_operation: Operation) -> None:
    copied, _ = run_operation(landing_url="s3://lake/o'hare/", iam_role=ROLE)
    assert "from 's3://lake/o''hare/' iam_role" in copied


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"iam_role": ROLE}, "needs the var landing_url; give it with --vars"),
        ({"landing_url": URL}, "needs the var iam_role; give it with --vars"),
        ({"landing_url": "data/landing", "iam_role": ROLE}, "write it as s3://bucket/prefix/"),
        ({"landing_url": URL, "iam_role": "default"}, "write the role's ARN"),
    ],
)
def test_a_backfill_without_what_it_needs_says_so(
    run_operation: Operation, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(DbtError, match=message):
        run_operation(**variables)


def test_the_schemas_that_dbt_writes_are_its_own(redshift_manifest: Manifest) -> None:
    rights = "\n".join(statements(PIPELINE / "3_rights.sql"))
    owned = re.findall(r"create schema if not exists (\w+) authorization dbt", rights)
    nodes = redshift_manifest.nodes.values()
    made = {node.schema for node in nodes if isinstance(node, ModelNode | SeedNode)}
    # The ledger of runs is not a model: macros/incremental/run_ledger.sql.
    assert set(owned) == made | {"fleet_runs"}


def test_marts_alone_are_granted_to_readers(redshift_manifest: Manifest) -> None:
    for node in redshift_manifest.nodes.values():
        if isinstance(node, ModelNode | SeedNode):
            is_mart = node.schema == "fleet_marts"
            readers = ["role:analyst", "role:developer", "role:sigma"]
            expected = {"select": readers} if is_mart else {}
            assert node.config.grants == expected, node.name


def test_no_secret_is_written_into_a_file() -> None:
    users = re.findall(r"create user \w+ (.*)", "\n".join(statements(PIPELINE / "1_roles.sql")))
    assert set(users) == {"password disable"}
