"""Each rule refuses what it is for and accepts what comes closest; no rule lacks either case."""

import pytest

from tests.python.redshift.standin.rules import RULES, RefusedError, Rule, check, parse, violations


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_refuses_its_case_and_no_other_rule_does(rule: Rule) -> None:
    assert [broken.id for broken, _ in violations(parse(rule.refused))] == [rule.id]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_accepts_its_nearest_neighbour(rule: Rule) -> None:
    assert violations(parse(rule.accepted)) == []


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_a_refusal_names_rule_page_and_place() -> None:
    with pytest.raises(RefusedError, match=r"FILTER: SUM\(a\) FILTER.*\[filter, c_unsupported"):
        check(parse("select sum(a) filter (where b) from t"))


@pytest.mark.parametrize("sql", ["select a // 2 from t", "select from where"])
def test_what_is_not_redshifts_grammar_is_a_syntax_error(sql: str) -> None:
    with pytest.raises(RefusedError, match="syntax error"):
        check(parse(sql))
