"""Who may do what, on the stand-in: pipeline/redshift as an administrator runs it, dbt as its user.

PostgreSQL decides here, which shares its rights on schemas and tables with Redshift; IAM, COPY JOB
and how roles differ from users only a cluster can show.
"""

import re
from pathlib import Path

import pytest
from redshift_connector.error import ProgrammingError

from tests.python.conftest import ROOT
from tests.python.redshift.standin.postgres import ADMIN
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn, statements

PIPELINE = ROOT / "pipeline" / "redshift"
# Other tests own the schemas fleet_* and the user dbt.
SCHEMA = "rights"
USERS = {
    "loader": "event_loader",
    "transformer": "rights_dbt",
    "sigma": "sigma_service",
    "analyst": "some_analyst",
}


def as_here(statement: str) -> str:
    """A statement of the pipeline for this database; PostgreSQL has roles for users, too."""
    statement = re.sub(r"\bfleet_", f"{SCHEMA}_", statement)
    return re.sub(r"\bdbt\b", USERS["transformer"], statement)


@pytest.fixture(scope="module")
def rights(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """Rights as an administrator gives them, and every table made, empty, by dbt's user.

    The stand-in has the roles, users and raw tables of the pipeline already.
    """
    standin.rows(f"create user {USERS['transformer']} password disable", user=ADMIN)
    standin.rows(f"grant role transformer to {USERS['transformer']}", user=ADMIN)
    for statement in statements(PIPELINE / "3_rights.sql"):
        standin.rows(as_here(statement), user=ADMIN)
    standin.rows(f"create user {USERS['analyst']}", user=ADMIN)
    standin.rows(f"grant role analyst to {USERS['analyst']}", user=ADMIN)

    where = {**standin.where, "user": USERS["transformer"]}
    dbt = RedshiftWarehouse(where, SCHEMA, tmp_path_factory.mktemp(SCHEMA))
    dbt(
        "build",
        "--empty",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
    )
    return standin


def tables(standin: StandIn, schema: str) -> list[str]:
    named = standin.rows(
        "select table_schema, table_name from information_schema.tables"
        f" where table_schema like '{schema}'",
        user=ADMIN,
    )
    assert named
    return [f'"{schema}"."{table}"' for schema, table in named]


def assert_refused(standin: StandIn, sql: str, user: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|cannot delete from view"):
        standin.rows(sql, user=user)


@pytest.mark.parametrize("role", ["analyst", "sigma"])
def test_readers_read_every_mart_and_nothing_else(rights: StandIn, role: str) -> None:
    user = USERS[role]
    for table in tables(rights, f"{SCHEMA}_marts"):
        assert rights.rows(f"select count(*) from {table}", user=user)
        assert_refused(rights, f"delete from {table}", user)
    others = ("event_log", "%_seeds", "%_staging", "%_intermediate", "%_runs")
    for schema in others:
        name = schema.replace("%", SCHEMA)
        for table in tables(rights, name):
            assert_refused(rights, f"select * from {table}", user)
    assert_refused(rights, f"create table {SCHEMA}_marts.mine (id int)", user)


def test_the_transformer_reads_the_raw_layer_and_cannot_write_it(rights: StandIn) -> None:
    user = USERS["transformer"]
    for table in tables(rights, "event_log"):
        rights.rows(f"select count(*) from {table}", user=user)
        assert_refused(rights, f"delete from {table}", user)
        assert_refused(rights, f"insert into {table} select * from {table}", user)
    assert_refused(rights, "create table event_log.mine (id int)", user)
    assert_refused(rights, "create schema mine", user)


def test_the_loader_adds_lines_and_does_nothing_else(rights: StandIn, tmp_path: Path) -> None:
    user = USERS["loader"]
    rights.put("rights/events/one.ndjson.gz", ['{"event_id": "of-the-loader"}'])
    loader = RedshiftWarehouse({**rights.where, "user": user}, SCHEMA, tmp_path)
    loader.load("s3://rights/events/")
    added = "from event_log.event_lines where json_serialize(payload) like '%of-the-loader%'"
    assert rights.rows(f"select count(*) {added}", user=ADMIN) == [(1,)]
    rights.rows("delete " + added, user=ADMIN)

    assert_refused(rights, "select * from event_log.event_lines", user)
    assert_refused(rights, "delete from event_log.event_lines", user)
    assert_refused(rights, "insert into event_log.loaded_files values ('a', 1, 0)", user)
    for table in tables(rights, f"{SCHEMA}_marts"):
        assert_refused(rights, f"select * from {table}", user)


def test_every_statement_that_makes_a_table_names_its_model(rights: StandIn) -> None:
    """By this, 6_monitoring.sql adds up what a model cost."""
    made = re.compile(
        rf'create\s+(?:table|view)\s+"\w+"\."{SCHEMA}_(?:staging|marts)"\."(\w+?)(?:__dbt_tmp)?"'
    )
    found = {}
    for statement in rights.statements():
        for name in made.findall(statement):
            found[name] = re.findall(r'"node_id": "([^"]+)"', statement)
    assert len(found) > 20
    assert found == {name: [f"model.delivery_sessions.{name}"] for name in found}
