"""What counts as a join by equality."""

import pytest

from tests.python.redshift.joins import loops
from tests.python.redshift.standin.rules import parse


@pytest.mark.parametrize(
    "condition",
    [
        "inner join s on t.a = s.a",
        "left join s on t.a = s.a and t.b >= s.b and t.b < s.c",
        "inner join s on (cast(floor(t.a / 256.0) as integer) = s.a)",
        "inner join s using (a)",
    ],
)
def test_an_equality_makes_a_hash_join(condition: str) -> None:
    assert loops(parse(f"select t.a from t {condition}")) == []


@pytest.mark.parametrize(
    "condition",
    [
        "cross join s",
        ", s",
        "inner join s on t.a < s.a",
        "inner join s on t.a = 1",
        "inner join s on s.a = s.b",
        "inner join s on t.a = s.a or t.b = s.b",
        "left join s on t.a between s.a and s.b",
    ],
)
def test_what_lacks_one_is_a_nested_loop(condition: str) -> None:
    assert len(loops(parse(f"select t.a from t {condition}"))) == 1


def test_a_loop_is_found_at_any_depth() -> None:
    nested = "with u as (select t.a from t where t.a in (select s.a from s cross join v)) select 1"
    assert len(loops(parse(nested))) == 1
