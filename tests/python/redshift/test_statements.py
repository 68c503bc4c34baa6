"""Statements other than queries: what is translated, what is refused, COPY, keys and views."""

from collections.abc import Iterator

import pytest
from redshift_connector.error import ProgrammingError

from tests.python.redshift.standin.rules import RefusedError
from tests.python.redshift.standin.translate import NOTHING, translate
from tests.python.redshift.warehouse import IAM_ROLE, StandIn

COPY = f"copy s.lines (payload) from 's3://bucket/{{}}' iam_role '{IAM_ROLE}' format json 'noshred'"


@pytest.fixture
def schema(standin: StandIn) -> Iterator[StandIn]:
    standin.rows("create schema s")
    yield standin
    standin.rows("drop schema s cascade")


@pytest.mark.parametrize(
    ("redshift", "postgres"),
    [
        ('select "A" from T', 'SELECT "a" FROM T'),
        ("/* dbt */ select 1;", "SELECT 1"),
        ("\n-- one\n /* two */-- three\nselect '--' ;", "SELECT '--'"),
        ("-- nothing", ""),
        ("select payload.a.b from t", "SELECT redshift.navigate(payload, 'a', 'b') AS b FROM t"),
        ("select t.a from t", "SELECT t.a FROM t"),
        ("select 1 from s.t where s.t.a = 1", "SELECT 1 FROM s.t WHERE s.t.a = 1"),
        ("select d[0]::int from t", "SELECT CAST(redshift.navigate(d, '0') AS INT) FROM t"),
        ("select cast(null as super)", "SELECT CAST(NULL AS JSONB)"),
        ("select cast(a as varchar(max)) from t", "SELECT CAST(a AS VARCHAR(65535)) FROM t"),
        ("select extract(hour from a) from t", "SELECT redshift.date_part('hour', a) FROM t"),
        ("select datediff(hour, a, b) from t", "SELECT redshift.datediff('hour', a, b) FROM t"),
        ("select sysdate", "SELECT redshift.sysdate()"),
        ("grant select on t to role analyst, group g", "grant select on t to analyst, g"),
        ("revoke select on t from role analyst", "revoke select on t from analyst"),
        ("grant role loader to ann", "grant loader to ann"),
        ("grant create for copy jobs in database dev to role r", NOTHING),
        ("create user ann password disable", "create user ann "),
        ('create schema if not exists "dev"."s"', 'create schema if not exists "s"'),
        ("set query_group to 'nightly'", NOTHING),
        ("vacuum t", NOTHING),
        ("alter table t add column a super", "alter table t add column a jsonb"),
        ("insert into t (a) values ($1)", "insert into t (a) values ($1)"),
        ("show schemas from database dev", "select * from redshift.show_schemas(null)"),
        ('show tables from schema "dev"."s"', "select * from redshift.show_tables('s')"),
        (
            'show columns from table "dev"."s"."t"',
            "select * from redshift.show_columns('s', 't')",
        ),
        ('show grants on table "dev"."s"."t"', "select * from redshift.show_grants('s', 't')"),
        (
            "create table t (a varchar(8)) diststyle key distkey (a) sortkey (a)",
            '/*keys {"sortkeys": ["a"], "diststyle": "KEY(a)", "distkey": "a"} keys*/'
            ' CREATE TABLE t (a VARCHAR(8) CHECK (octet_length("a") <= 8))',
        ),
        (
            "create temporary table t diststyle all compound sortkey (a) as (select 1 as a)",
            '/*keys {"sortkeys": ["a"], "diststyle": "ALL"} keys*/'
            " CREATE TEMPORARY TABLE t AS (SELECT 1 AS a)",
        ),
        (
            "create view v as select a from t with no schema binding",
            "select redshift.create_late_binding_view('v', 'SELECT a FROM t')",
        ),
    ],
)
def test_translations(redshift: str, postgres: str) -> None:
    assert translate(redshift, False) == postgres


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("merge into t using s on t.a = s.a when matched then delete", "MERGE is not emulated"),
        ("select a from t as u qualify rank() over (order by a) = 1", "QUALIFY is not emulated"),
        ("select nvl2(a, 1, 2) from t", r"nvl2\(\) is not emulated"),
        ("alter table t append from s", "APPEND FROM is not emulated"),
        ("create or replace table t (a integer)", "no CREATE TABLE of this form"),
        ("create index i on t (a)", "no CREATE INDEX"),
        ("create table t (a varchar(65536))", "65535 bytes"),
    ],
)
def test_refusals(sql: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        translate(sql, False)


def test_a_column_is_not_widened_in_a_transaction() -> None:
    widen = "alter table t alter column a type varchar(64)"
    assert translate(widen, False) == widen
    with pytest.raises(RefusedError, match="transaction block"):
        translate(widen, True)


def test_a_refusal_reaches_the_client_and_the_session_goes_on(standin: StandIn) -> None:
    with pytest.raises(ProgrammingError, match=r"no LATERAL"):
        standin.rows("select 1 from pg_temp.t, lateral (select 1) as u")
    assert standin.rows("select 1") == [(1,)]


def test_widths_are_bytes_and_256_without_one(schema: StandIn) -> None:
    schema.rows("create table s.t (a varchar(4), b varchar)")
    schema.rows(f"insert into s.t values ('aäb', '{'x' * 256}')")
    for values in ("'aäbb', ''", f"'', '{'x' * 257}'"):
        with pytest.raises(ProgrammingError):
            schema.rows(f"insert into s.t values ({values})")


def test_keys_are_kept_and_must_be_columns_that_can_be_keys(schema: StandIn) -> None:
    schema.rows("create table s.t diststyle key distkey (a) sortkey (b) as select 1 as a, 2 as b")
    keys = "select diststyle, sortkey1, sortkey_num from svv_table_info where \"schema\" = 's'"
    assert schema.rows(keys) == [("KEY(a)", "b", 1)]
    with pytest.raises(ProgrammingError, match='"c" named in the DISTKEY or SORTKEY'):
        schema.rows("create table s.u distkey (c) as select 1 as a")
    with pytest.raises(ProgrammingError, match="SUPER column"):
        schema.rows("create table s.u sortkey (a) as select json_parse('1') as a")


def test_a_late_binding_view_outlives_its_table_and_a_bound_one_does_not(schema: StandIn) -> None:
    schema.rows("create table s.t as select 1 as a")
    schema.rows("create view s.bound as select a from s.t")
    schema.rows("create view s.late as select a from s.t with no schema binding")
    schema.rows("drop table s.t cascade")
    schema.rows("create table s.t as select 2 as a")
    assert schema.rows("select a from s.late") == [(2,)]
    with pytest.raises(ProgrammingError, match="does not exist"):
        schema.rows("select a from s.bound")
    kinds = "show tables from schema dev.s"
    assert {(row[2], row[10]) for row in schema.rows(kinds)} == {
        ("t", "REGULAR TABLE"),
        ("late", "LATE BINDING VIEW"),
    }


def test_copy_loads_every_file_of_a_prefix_and_fills_in_defaults(schema: StandIn) -> None:
    schema.rows("create table s.lines (payload super, loaded_at timestamp default getdate())")
    schema.put("bucket/a/1.gz", ['{"a": "it\'s \\\\n"}', "", "[1]"])
    schema.put("bucket/a/2.gz", ['{"a": 2}'])
    schema.put("bucket/b/1.gz", ['{"a": 3}'])
    schema.rows(COPY.format("a/") + " gzip")
    rows = schema.rows("select payload.a::varchar(9), loaded_at is not null from s.lines")
    assert rows == [("it's \\n", True), (None, True), ("2", True)]


def test_copy_reads_the_files_of_a_manifest(schema: StandIn) -> None:
    schema.rows("create table s.lines (payload super)")
    schema.put("bucket/a/1.gz", ["1"])
    (schema.s3 / "bucket" / "m.manifest").write_text(
        '{"entries": [{"url": "s3://bucket/a/1.gz", "mandatory": true}]}'
    )
    schema.rows(COPY.format("m.manifest") + " gzip manifest")
    assert schema.rows("select count(*) from s.lines") == [(1,)]


@pytest.mark.parametrize("line", ["{", '{"a": NaN}', "{'a': 1}", "1 2", '{"a": 1},'])
def test_copy_loads_all_lines_or_none(schema: StandIn, line: str) -> None:
    schema.rows("create table s.lines (payload super)")
    schema.put("bucket/bad/1.gz", ['{"a": 1}', line])
    with pytest.raises(ProgrammingError, match="line 2"):
        schema.rows(COPY.format("bad/") + " gzip")
    assert schema.rows("select count(*) from s.lines") == [(0,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (COPY.format("none/") + " gzip", "prefix 'none/' does not exist"),
        (COPY.format("a/") + " gzip maxerror 10", "option maxerror is not emulated"),
        (COPY.format("a/").replace("noshred", "auto"), "'noshred' only"),
        (COPY.format("a/").replace(f"iam_role '{IAM_ROLE}'", ""), "needs credentials"),
    ],
)
def test_copies_that_are_refused(schema: StandIn, sql: str, message: str) -> None:
    schema.rows("create table s.lines (payload super)")
    schema.put("bucket/a/1.gz", ["1"])
    with pytest.raises(ProgrammingError, match=message):
        schema.rows(sql)
