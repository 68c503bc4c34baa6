"""What becomes of a query that is mutated, and of one whose mutants survive."""

from collections import Counter

import pytest

from benchmarks.mutants import REASONS, Mutant, Reason, figures, mutated, parsed, reasons

SQL = """
select a.id, coalesce(b.n, 0) as n, max(b.at) as last_at,
    sum(b.n) over (partition by a.id order by b.at rows between 1 preceding and current row) as two
from a left join b on a.id = b.id
where b.at > 5 and a.id <> 7
"""


def test_each_place_is_changed_by_itself() -> None:
    _, found = parsed(SQL)
    changed = {key: mutated(SQL, Mutant("m", *key)) for key in found}
    assert None not in changed.values()
    assert len(set(changed.values())) == len(changed)
    assert Counter(kind for kind, _, _ in found) == {
        **{"boundary": 1, "comparison": 2, "join": 1, "predicate": 2, "default": 1},
        **{"aggregate": 1, "frame": 1, "order": 1},
    }


def test_a_place_that_a_query_does_not_have_is_not_changed() -> None:
    assert mutated(SQL, Mutant("m", "boundary", "b.at > 6", 0)) is None


def test_tables_and_days_have_one_name_in_a_night_and_in_a_unit_test() -> None:
    """So that a unit test is asked of a mutant of the night; stretches of days are one place."""
    night = """
        select * from "warehouse"."fleet_intermediate"."int_orders" as orders
        where (orders.first_event_at < cast('2026-11-03' as timestamp) and orders.n > 1)
            or (orders.first_event_at < cast('2026-11-09' as timestamp) and orders.n > 1)
            or orders.day in (cast('2026-11-03' as date), cast('2026-11-09' as date))
            or orders.id in (select "id" from "warehouse"."fleet_marts"."late" where n < 2)
    """
    unit_test = """
        with __dbt__cte__int_orders as (select 1 as n), __dbt__cte__late as (select 1 as n)
        select * from __dbt__cte__int_orders as orders
        where (orders.first_event_at < cast('2026-11-12' as timestamp) and orders.n > 1)
            or orders.day in (cast('2026-11-12' as date))
            or orders.id in (select "id" from __dbt__cte__late where n < 2)
    """
    boundaries = [key for key in parsed(night)[1] if key[0] == "boundary"]
    texts = ["n < 2", "orders.first_event_at < DAYS", "orders.n > 1", "orders.n > 1"]
    assert sorted(text for _, text, _ in boundaries) == texts
    for _, text, place in boundaries:
        found = mutated(unit_test, Mutant("m", "boundary", text, place))
        assert (found is None) == (place == 1)


def test_the_mutants_that_mean_the_same_are_not_real_ones() -> None:
    mutants = [Mutant("m", "order", f"b.at {number}", 0) for number in range(3)]
    same, told = Reason("m", "order", "", equivalent=True), Reason("m", "order", "")
    found = figures(
        100, 20, [(mutants[0], "unseen"), (mutants[1], "survived"), (mutants[2], "unseen")],
        [same, told, None],
    )  # fmt: skip
    assert found["killed"] == 17
    assert found["killed_share"] == pytest.approx(17 / 20, abs=1e-4)
    assert found["killed_share_of_real"] == pytest.approx(17 / 19, abs=1e-4)
    assert (found["survived"], found["unseen"], found["without_reason"]) == (1, 2, 1)


def test_reasons_are_of_places() -> None:
    """None of a whole model: each says where."""
    assert REASONS.exists()
    for reason in reasons():
        assert reason.reason.strip()
        assert len(reason.place) > 3
