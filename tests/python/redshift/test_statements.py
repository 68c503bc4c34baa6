"""Statements other than queries: what is translated, what is refused, COPY, keys and views."""

import pytest
from redshift_connector.error import ProgrammingError

from tests.python.redshift.standin.grammar import RefusedError
from tests.python.redshift.standin.translate import NOTHING, translate
from tests.python.redshift.warehouse import IAM_ROLE, StandIn

COPY = f"copy s.lines (payload) from 's3://bucket/{{}}' iam_role '{IAM_ROLE}' format json 'noshred'"


@pytest.mark.parametrize(
    ("redshift", "postgres"),
    [
        ('select "A" from T', 'SELECT "a" FROM T'),
        ("/* dbt */ select 1;", "SELECT 1"),
        ("\n-- one\n /* two */-- three\nselect '--' ;", "SELECT '--'"),
        ("-- nothing", ""),
        ("select payload.a.b from t", "SELECT redshift.navigate(payload, 'a', 'b') AS b FROM t"),
        ("select t.a from t", "SELECT t.a FROM t"),
        ("select 1 from s.t where s.t.a > 1", "SELECT 1 FROM s.t WHERE s.t.a > 1"),
        ("select d[0]::int from t", "SELECT CAST(redshift.navigate(d, '0') AS INT) FROM t"),
        ("select cast(null as super)", "SELECT CAST(NULL AS JSONB)"),
        (
            "select cast(a as varchar(max)) from t",
            "SELECT CAST(redshift.first_bytes(CAST(a AS TEXT), 65535) AS VARCHAR(65535)) FROM t",
        ),
        ("select extract(hour from a) from t", "SELECT redshift.date_part('hour', a) FROM t"),
        ("select datediff(hour, a, b) from t", "SELECT redshift.datediff('hour', a, b) FROM t"),
        ("select sysdate", "SELECT redshift.sysdate()"),
        ("grant select on t to role analyst, group g", "grant select on t to analyst, g"),
        ("revoke select on t from role analyst", "revoke select on t from analyst"),
        ("grant role loader to ann", "grant loader to ann"),
        ("grant create for copy jobs in database dev to role r", NOTHING),
        ("create user ann password disable", "create user ann "),
        ('create schema if not exists "dev"."s"', 'create schema if not exists "s"'),
        ("set query_group to 'nightly'", "set redshift.query_group to 'nightly'"),
        ("set enable_result_cache_for_session to off", NOTHING),
        ("vacuum t", NOTHING),
        (
            "explain select payload.a from t",
            "explain SELECT redshift.navigate(payload, 'a') AS a FROM t",
        ),
        ("explain verbose delete from t", "explain DELETE FROM t"),
        ("select d.s.t.a from d.s.t", "SELECT d.s.t.a FROM d.s.t"),
        (
            "select d.s.t.p.a::int from d.s.t",
            "SELECT CAST(redshift.navigate(d.s.t.p, 'a') AS INT) FROM d.s.t",
        ),
        ("alter table t add column a super", "alter table t add column a jsonb"),
        ('alter table "T" rename column "A" to "B"', 'alter table "t" rename column "a" to "b"'),
        ('grant select on "S"."T" to ann', 'grant select on "s"."t" to ann'),
        ("""comment on table "T" is '#1 "T"'""", """comment on table "t" is '#1 "T"'"""),
        ('comment on table "T" is $a$it\'s "T"$a$', 'comment on table "t" is $a$it\'s "T"$a$'),
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
            "create view v as select a from s.t with no schema binding",
            """select redshift.create_late_binding_view('v', 'SELECT a FROM s.t', '["s.t"]')""",
        ),
        ("refresh materialized view m", "select redshift.refresh_materialized_view('m')"),
        ("drop materialized view if exists m cascade", "drop view if exists m cascade"),
        ("create schema s quota 10 gb", "create schema s"),
        ("alter schema s quota unlimited", NOTHING),
        (
            "create local temp table t (a int)",
            '/*keys {"sortkeys": []} keys*/ CREATE TEMPORARY TABLE t (a INT)',
        ),
        ("select a from #t", 'SELECT a FROM "#t"'),
        ("drop table #t", 'drop table "#t"'),
        ("delete t where a > 1", "DELETE FROM t WHERE a > 1"),
        ("start transaction read only", "start transaction read only"),
        ("alter table t add column a decimal(9, 2)", "alter table t add column a decimal(9, 2)"),
        ("update t as u set a = 1 where u.b > 2", "UPDATE t AS u SET a = 1 WHERE u.b > 2"),
        ("select a, max(b), c from t group by all", "SELECT a, max(b), c FROM t GROUP BY 1, 3"),
    ],
)
def test_translations(redshift: str, postgres: str) -> None:
    assert translate(redshift, False) == postgres


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("merge into t using s on t.a = s.a remove duplicates", "syntax error"),
        ("create table t (a varchar(3) collate case_insensitive)", "is not emulated"),
        ("create view v as select a from t with no schema binding", "names the schema"),
        ("select a from t as u qualify rank() over (order by a) = 1", "QUALIFY is not emulated"),
        ("select nvl2(a, 1, 2) from t", r"nvl2\(\) is not emulated"),
        ("alter table t append from s", "APPEND FROM is not emulated"),
        ("analyze compression t", "ANALYZE COMPRESSION is not emulated"),
        ("create or replace procedure p() as $$ begin end $$", "PROCEDURE is not emulated"),
        ("alter table t add column a integer, add column b integer", "one table or column"),
        ("truncate t, s", "one table or column at a time"),
        ("select a from stl_query", "the view stl_query is not emulated"),
        ("create or replace table t (a integer)", "no CREATE TABLE of this form"),
        ("create index i on t (a)", "no CREATE INDEX"),
        ("create table t (a varchar(65536))", "65535 bytes"),
        ("explain select a from t where a ->> 'b' = 1", "no JSON operators"),
        ("explain analyze select 1", r"syntax error|EXPLAIN \[VERBOSE\] takes"),
        ("explain create view v as select 1", r"EXPLAIN \[VERBOSE\] takes a query"),
        # Its own catalog is PostgreSQL's, and nothing else is, whatever a comment or a text says.
        ("select string_agg(a, ',') from t -- pg_class", "not a function of Redshift"),
        ("select a from t, lateral (select 'svv_all') as u", "no LATERAL"),
        ("select string_agg(t.a, ',') from t join pg_class c on t.a = c.relname", "not a function"),
    ],
)
def test_refusals(sql: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        translate(sql, False)


def test_the_catalog_is_read_as_it_is() -> None:
    sql = "select string_agg(relname, ',') from pg_catalog.pg_class c -- of all"
    assert translate(sql, False) == sql
    columns = 'with t as (select 1 from information_schema."columns") select 1 from t'
    assert translate(columns, False) == "with t as (select 1 from redshift.columns) select 1 from t"


@pytest.mark.parametrize("sql", ["alter table t alter column a type varchar(64)", "vacuum t"])
def test_what_cannot_run_in_a_transaction(sql: str) -> None:
    assert translate(sql, False)
    with pytest.raises(RefusedError, match="transaction block"):
        translate(sql, True)


def test_a_refusal_reaches_the_client_and_the_session_goes_on(standin: StandIn) -> None:
    with pytest.raises(ProgrammingError, match=r"no LATERAL"):
        standin.rows("select 1 from pg_temp.t, lateral (select 1) as u")
    assert standin.rows("select 1") == [(1,)]


# r_correlated_subqueries. `b` is a column of s.outer_ alone, so each takes it from there.
CORRELATED = {
    "skip-level": "select b from s.outer_ where not exists (select 1 from s.inner_ where not exists"
    " (select 1 from s.deepest where d = b))",
    "on of an outer join": "select 1 from s.outer_ left join s.inner_ on a = c"
    " and c = (select max(d) from s.deepest where d = b)",
    "window function": "select a from s.outer_ where a not in"
    " (select sum(c) over () from s.inner_ where c = b)",
    "group by": "select (select count(c) from s.inner_ where c = b) as n from s.outer_"
    " group by n, b",
    "update": "update s.outer_ set a = (select max(c) from s.inner_ where c = b)",
    "delete": "delete from s.outer_ where a in (select c from s.inner_ where c = b)",
    "union": "select a from s.outer_ where a in (select c from s.inner_ union all"
    " select d from s.deepest where d = b)",
    "in a with": "with o as (select b as p from s.outer_), q as (select p from o where exists"
    " (select 1 from s.inner_ where c = p)) select p from q",
}


@pytest.mark.parametrize("shape", CORRELATED)
def test_a_sub_query_takes_no_column_from_around_it(schema: StandIn, shape: str) -> None:
    schema.rows("create table s.outer_ (a integer, b integer)")
    schema.rows("create table s.inner_ (c integer)")
    schema.rows("create table s.deepest (d integer)")
    with pytest.raises(ProgrammingError, match=r'column "[bp]" does not exist'):
        schema.rows(CORRELATED[shape])


def test_a_sub_query_of_its_own_columns_runs(schema: StandIn) -> None:
    schema.rows("create table s.t as select 1 as a union all select 2")
    counts = (
        "with one as (select 1 as b), twice as (select a from s.t where a in (select b from one)"
        " union all select a from s.t where a > (select max(b) from (select b from one) as u))"
        " select count(*), (select max(a) from twice) from twice"
    )
    assert schema.rows(counts) == [(2, 2)]
    schema.rows("delete from s.t where a in (select max(a) from s.t)")
    assert schema.rows("select a from s.t") == [(1,)]


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


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"a": NaN}',
        "{'a': 1}",
        "1 2",
        '{"a": 1},',
        '{"a": [{"b": 1, "b": 2}]}',  # super-configurations
        f'{{"a": ["{"x" * 65534}ä"]}}',  # limitations-super: a string of 65,536 bytes
        f'{{"a": [{"1, " * 1_400_000} 1]}}',  # copy-parameters-data-format: more than 4 MB
    ],
    ids=lambda line: line[:24],
)
def test_copy_loads_all_lines_or_none(schema: StandIn, line: str) -> None:
    schema.rows("create table s.lines (payload super)")
    schema.put("bucket/bad/1.gz", ['{"a": 1}', line])
    with pytest.raises(ProgrammingError, match="line 2"):
        schema.rows(COPY.format("bad/") + " gzip")
    assert schema.rows("select count(*) from s.lines") == [(0,)]


def test_copy_loads_what_is_just_within_the_limits(schema: StandIn) -> None:
    schema.rows("create table s.lines (payload super)")
    lines = [f'{{"a": "{"x" * 65533}ä"}}', f'{{"a": {{"b": 1}}, "b": [{"1, " * 1_300_000} 1]}}']
    schema.put("bucket/long/1.gz", lines)
    schema.rows(COPY.format("long/") + " gzip")
    sizes = "select octet_length(payload.a::varchar(max)), get_array_length(payload.b) from s.lines"
    assert schema.rows(sizes) == [(65535, None), (None, 1_300_001)]


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
