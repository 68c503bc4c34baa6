"""Each rule refuses what it is for and accepts what comes closest; no rule lacks either case."""

import pytest

from tests.python.redshift.standin.grammar import RefusedError, parse
from tests.python.redshift.standin.rules import RULES, check, violations
from tests.python.redshift.standin.syntax import Parts

WHENS = "when matched then delete when not matched then insert values (u.a)"

# Of each rule: a statement that keeps it, as close to the other as can be, and one that breaks it.
CASES = {
    "function": (
        "select split_part(a, '/', 2) from t",
        "select string_agg(a, ',') from t",
    ),
    "leader_node_function": (
        "select getdate() from t",
        "select current_timestamp from t",
    ),
    "filter": (
        "select sum(case when b then a end) from t",
        "select sum(a) filter (where b) from t",
    ),
    "distinct_on": (
        "select distinct a from t",
        "select distinct on (a) a, b from t",
    ),
    "count_of_one": (
        "select count(distinct a) from t",
        "select count(distinct a, b) from t",
    ),
    "lateral": (
        "select t.a from t, (select b from s) as u",
        "select t.a from t, lateral (select b from s) as u",
    ),
    "sample": (
        "select a from t where random() < 0.1",
        "select a from t tablesample bernoulli (10)",
    ),
    "values": (
        "insert into t values (1), (2)",
        "select a from (values (1), (2)) as t (a)",
    ),
    "distinct_from": (
        "select a from t where a <> b or a is null",
        "select a from t where a is distinct from b",
    ),
    "frame_required": (
        "select sum(a) over (partition by b order by c rows unbounded preceding) from t",
        "select sum(a) over (partition by b order by c) from t",
    ),
    "frame_forbidden": (
        "select lag(a) over (order by c) from t",
        "select lag(a) over (order by c rows unbounded preceding) from t",
    ),
    "frame_of_rows": (
        "select sum(a) over (order by c rows between 1 preceding and current row) from t",
        "select sum(a) over (order by c range between 1 preceding and current row) from t",
    ),
    "frame_exclude": (
        "select sum(a) over (order by c rows 1 preceding) from t",
        "select sum(a) over (order by c rows 1 preceding exclude current row) from t",
    ),
    "distinct_window": (
        "select count(a) over (partition by b) from t",
        "select count(distinct a) over (partition by b) from t",
    ),
    "lag_default": (
        "select lag(a, 1) over (order by c) from t",
        "select lag(a, 1, 0) over (order by c) from t",
    ),
    "window_clause": (
        "select rank() over (order by c) from t",
        "select rank() over w from t window w as (order by c)",
    ),
    "asof": (
        "select t.a from t inner join s on t.a = s.a",
        "select t.a from t asof join s on t.a = s.a and t.b >= s.b",
    ),
    "super_outer_join": (
        "select t.a from t left join s on t.d.a::int = s.a",
        "select t.a from t full join s on t.d.a::int = s.a",
    ),
    "json_operator": (
        "select payload.a::varchar(8) from t",
        "select payload ->> 'a' from t",
    ),
    "literal": (
        "select payload[0] from t",
        "select a[1:2] from t",
    ),
    "set_operation_all": (
        "select a from t union all select a from s",
        "select a from t intersect all select a from s",
    ),
    "fetch": (
        "select a from t limit 3",
        "select a from t fetch first 3 rows only",
    ),
    "row_lock": (
        "select a from t",
        "select a from t for update",
    ),
    "correlated_subquery": (
        "select t.a from t where t.a in (select s.a from s)",
        "select t.a from t where exists (select 1 from s where s.a = t.a)",
    ),
    "recursive_columns": (
        "with recursive u (n) as (select 1 union all select n + 1 from u) select n from u",
        "with recursive u as (select 1 as n union all select n + 1 from u) select n from u",
    ),
    "one_ordering": (
        "select listagg(a, ',') within group (order by b), median(b) from t",
        "select listagg(a, ',') within group (order by c), median(b) from t",
    ),
    "compute_node_function": (
        "with u as (select a from t) select median(a) from u",
        "with u as (select 1 as a) select median(a) from u",
    ),
    "type": (
        "select a::super from t",
        "select a::json from t",
    ),
    "varchar_width": (
        "create table t (a varchar(65535))",
        "create table t (a varchar(65536))",
    ),
    "decimal_precision": (
        "select cast(a as decimal(38, 2)) from t",
        "select cast(a as decimal(39, 2)) from t",
    ),
    "reserved_word": (
        'select "tag", t.tag, a as tag from t',
        "select tag from t",
    ),
    "target_alias": (
        "delete from t where t.a = 1",
        "delete from t as u where u.a = 1",
    ),
    "merge_source": (
        f"merge into t using s as u on t.a = u.a {WHENS}",
        f"merge into t using (select 1 as a) as u on t.a = u.a {WHENS}",
    ),
    "merge_clauses": (
        f"merge into t using s as u on t.a = u.a and t.b > 1 {WHENS}",
        "merge into t using s as u on t.a = u.a when not matched then insert values (u.a)",
    ),
    "materialized_order": (
        "create materialized view v as select a, rank() over (order by b) as r from t",
        "create materialized view v as select a from t order by a",
    ),
    "check_constraint": (
        "create table t (a integer not null)",
        "create table t (a integer check (a > 0))",
    ),
    "table_attribute": (
        "create temp table t diststyle even sortkey (a) as select 1 as a",
        "create table t (a integer) inherits (s)",
    ),
    "insert_clauses": (
        "insert into t select a from s",
        "insert into t select a from s on conflict do nothing",
    ),
}


# More that the rules are for, and what must not be taken for it.
OTHERS = {
    "leader_node_function": (
        [
            "select now()",
            "select version from t",
            "select has_table_privilege('t', 'select') from pg_class",
        ],
        [
            "select has_table_privilege('t', 'select') from t",
            "select version() from svv_table_info",
            "insert into t select localtime from s",
        ],
    ),
    "set_operation_all": (
        ["select a from t minus select a from s"],
        ["select a from t minus all select a from s", "select 1 except all select 2"],
    ),
    "super_outer_join": (
        ["with u as (select d.a::int as a from t) select u.a from u full join s on u.a = s.a"],
        ["select t.d.a from t right join s on t.a = s.a"],
    ),
    "type": (
        [
            "select a::varbyte(3), b::hllsketch, c::interval year to month from t",
            "create table t (a text, b bpchar, c timetz, d geometry, e float8)",
        ],
        [
            *(f"create table t (a {name})" for name in ("bit(3)", "inet", "money", "name", "oid")),
            *(f"create table t (a {name})" for name in ("point", "int4range", "xml", "hstore")),
            *(f"create table t (a {name})" for name in ("serial", "bigserial", "integer[]")),
            "select a::regclass from t",
            'select a::"char" from t',
        ],
    ),
    "reserved_word": (
        [
            "select current_date, user from t",
            "select t.open, d.tag.new from t",
            "select 1 as open",
            "select a, count(*) from t group by all",
        ],
        [
            "create table t (open integer)",
            "insert into t (tag) select a from s",
            "with raw as (select a from t) select a from raw",
            "select new.a from t as new",
            "select a from raw.t",
            "select a from t order by all",
        ],
    ),
    "target_alias": (
        ["update t as u set a = 1 where u.a = 2", "delete from t using s as u where t.a = u.a"],
        ["merge into t as v using s as u on v.a = u.a " + WHENS],
    ),
    "merge_source": (
        [],
        [f"with u as (select 1 as a) merge into t using u on t.a = u.a {WHENS}"],
    ),
    "merge_clauses": (
        [f"merge into t using s as u on t.a = u.a {WHENS.replace('delete', 'update set b = 1')}"],
        [
            "merge into t using s as u on t.a = u.a when matched then delete",
            f"merge into t using s as u on t.a = u.a {WHENS.replace('then', 'and u.b = 1 then')}",
            f"merge into t using s as u on t.a = u.a when matched then update set b = 1 {WHENS}",
        ],
    ),
    "materialized_order": (
        ["create view v as select a from t order by a"],
        ["create materialized view v as select a from t limit 1"],
    ),
    "distinct_window": (
        ["select listagg(distinct a, ',') within group (order by a) over (partition by b) from t"],
        ["select sum(distinct a) over () from t"],
    ),
    "row_lock": (["select 1"], ["select a from t for share"]),
    "table_attribute": (
        ["create table t (a integer not null) diststyle key distkey (a)"],
        [
            "create unlogged table t (a integer)",
            "create table t (a integer) with (fillfactor = 70)",
        ],
    ),
}


def test_every_rule_has_its_cases() -> None:
    assert [rule.id for rule in RULES] == list(CASES)


@pytest.mark.parametrize(("rule", "refused"), [(id_, case[1]) for id_, case in CASES.items()])
def test_a_rule_refuses_its_case_and_no_other_rule_does(rule: str, refused: str) -> None:
    assert [broken.id for broken, _ in violations(parse(refused))] == [rule]


@pytest.mark.parametrize("accepted", [case[0] for case in CASES.values()], ids=list(CASES))
def test_a_rule_accepts_its_nearest_neighbour(accepted: str) -> None:
    assert violations(parse(accepted)) == []


@pytest.mark.parametrize("rule", OTHERS)
def test_a_rule_knows_all_that_it_is_for_and_nothing_else(rule: str) -> None:
    accepted, refused = OTHERS[rule]
    assert [violations(parse(sql)) for sql in accepted] == [[]] * len(accepted)
    assert [[broken.id for broken, _ in violations(parse(sql))] for sql in refused] == [
        [rule]
    ] * len(refused)


def test_a_refusal_names_rule_page_and_place() -> None:
    with pytest.raises(RefusedError, match=r"FILTER: SUM\(a\) FILTER.*\[filter, c_unsupported"):
        check(Parts(parse("select sum(a) filter (where b) from t")))


@pytest.mark.parametrize(
    "sql",
    [
        "select a // 2 from t",
        "select from where",
        "select a::bytea from t",
        "select a::cidr from t",
    ],
)
def test_what_is_not_redshifts_grammar_is_a_syntax_error(sql: str) -> None:
    with pytest.raises(RefusedError, match="syntax error"):
        check(Parts(parse(sql)))
