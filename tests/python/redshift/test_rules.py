"""Each rule refuses what it is for and accepts what comes closest; no rule lacks either case."""

import pytest

from tests.python.redshift.standin.rules import RULES, RefusedError, check, parse, violations

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
    "lateral": (
        "select t.a from t, (select b from s) as u",
        "select t.a from t, lateral (select b from s) as u",
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
    "type": (
        "select a::super from t",
        "select a::json from t",
    ),
    "varchar_width": (
        "create table t (a varchar(65535))",
        "create table t (a varchar(65536))",
    ),
    "json_operator": (
        "select payload.a::varchar(8) from t",
        "select payload ->> 'a' from t",
    ),
    "literal": (
        "select payload[0] from t",
        "select a[1:2] from t",
    ),
    "group_by_all": (
        "select a, count(*) from t group by a",
        "select a, count(*) from t group by all",
    ),
    "correlated_subquery": (
        "select t.a from t where t.a in (select s.a from s)",
        "select t.a from t where exists (select 1 from s where s.a = t.a)",
    ),
    "target_alias": (
        "delete from t where t.a = 1",
        "delete from t as u where u.a = 1",
    ),
    "one_ordering": (
        "select listagg(a, ',') within group (order by b), median(b) from t",
        "select listagg(a, ',') within group (order by c), median(b) from t",
    ),
    "compute_node_function": (
        "with u as (select a from t) select median(a) from u",
        "with u as (select 1 as a) select median(a) from u",
    ),
    "check_constraint": (
        "create table t (a integer not null)",
        "create table t (a integer check (a > 0))",
    ),
    "insert_clauses": (
        "insert into t select a from s",
        "insert into t select a from s on conflict do nothing",
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


def test_a_refusal_names_rule_page_and_place() -> None:
    with pytest.raises(RefusedError, match=r"FILTER: SUM\(a\) FILTER.*\[filter, c_unsupported"):
        check(parse("select sum(a) filter (where b) from t"))


@pytest.mark.parametrize("sql", ["select a // 2 from t", "select from where"])
def test_what_is_not_redshifts_grammar_is_a_syntax_error(sql: str) -> None:
    with pytest.raises(RefusedError, match="syntax error"):
        check(parse(sql))
