"""The marts equal the truth of a clean simulation, and the score notices what does not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from fleet.simulator.score import Score, score_marts
from tests.python.conftest import Warehouse
from tests.python.simulator.conftest import Simulated

OpenWarehouse = Callable[[Path], Warehouse]


def build(open_warehouse: OpenWarehouse, folder: Path, run: Simulated) -> Path:
    warehouse = open_warehouse(folder)
    landing = str(run.out / "landing")
    warehouse("run-operation", "load_event_lines", landing_path=landing)
    warehouse("build", "--exclude-resource-type", "test", "unit_test", landing_path=landing)
    # dbt keeps its file open in this process, with settings of its own.
    warehouse.rows("checkpoint")
    return Path(shutil.copy(warehouse.database, folder / "built.duckdb"))


@pytest.fixture(scope="module")
def clean_database(
    open_warehouse: OpenWarehouse,
    tmp_path_factory: pytest.TempPathFactory,
    clean: Simulated,
) -> Path:
    return build(open_warehouse, tmp_path_factory.mktemp("clean"), clean)


@pytest.fixture(scope="module")
def clean_score(clean_database: Path, clean: Simulated) -> Score:
    return score_marts(clean_database, clean.out / "truth")


@pytest.fixture
def altered(clean_database: Path, clean: Simulated, tmp_path: Path) -> Callable[[str], Score]:
    """Score a copy of the clean marts after a change."""

    def change(sql: str) -> Score:
        database = Path(shutil.copy(clean_database, tmp_path / "altered.duckdb"))
        with duckdb.connect(database) as connection:
            connection.execute(sql)
        return score_marts(database, clean.out / "truth")

    return change


def test_clean_marts_equal_the_truth(clean_score: Score) -> None:
    assert clean_score.is_exact


def test_there_was_something_of_everything(clean_score: Score, clean: Simulated) -> None:
    ((pairs, cells, deliveries),) = clean.truth(
        "select (select count(*) from memberships where relation = 'about'),"
        " (select count(*) from state_hours), (select count(*) from deliveries)"
    )
    assert clean_score.membership.right == pairs > 0
    assert clean_score.supply.right == cells > 0
    assert clean_score.outcomes.right == deliveries > 0
    assert clean_score.failures.right > 0


def test_missing_and_surplus_events_are_noticed(
    altered: Callable[[str], Score], clean_score: Score
) -> None:
    score = altered(
        """
        delete from fleet_marts.delivery_session_events where event_id = (
            select min(event_id) from fleet_marts.delivery_session_events
            where match_method = 'delivery_id'
        );
        insert into fleet_marts.delivery_session_events by name
        select * replace ('D-0' as delivery_id)
        from fleet_marts.delivery_session_events
        where match_method = 'delivery_id'
        limit 2;
        """
    )
    before, after = clean_score.membership, score.membership
    assert (after.missed, after.wrong - before.wrong) == (1, 2)
    assert after.right == before.right - 1
    assert after.avoidable == before.avoidable + 3
    assert not score.is_exact


def test_what_a_robot_does_after_its_work_is_neither_right_nor_wrong(
    altered: Callable[[str], Score], clean_score: Score, clean: Simulated
) -> None:
    """Until it takes another delivery: a session may have a tail, of whatever length."""
    ((event_id, delivery_id),) = clean.truth(
        "select event_id, delivery_id from memberships where relation = 'afterwards' limit 1"
    )
    for change in (
        "delete from fleet_marts.delivery_session_events"
        f" where event_id = '{event_id}' and delivery_id = '{delivery_id}'",
        "insert into fleet_marts.delivery_session_events by name"
        f" select * replace ('{event_id}' as event_id, '{delivery_id}' as delivery_id)"
        " from fleet_marts.delivery_session_events limit 1",
    ):
        assert altered(change).membership == clean_score.membership


def test_another_outcome_is_noticed(altered: Callable[[str], Score], clean_score: Score) -> None:
    score = altered(
        "update fleet_marts.delivery_sessions set outcome = 'open' where delivery_id ="
        " (select min(delivery_id) from fleet_marts.delivery_sessions where outcome = 'completed')"
    )
    assert score.outcomes.right == clean_score.outcomes.right - 1
    assert score.outcomes.pairs["completed", "open"] == 1
    assert sum(score.outcomes.causes.values()) == 1


def test_a_millisecond_in_the_wrong_state_is_noticed(altered: Callable[[str], Score]) -> None:
    score = altered(
        """
        update fleet_marts.supply_hours set duration_seconds = duration_seconds + 0.001
        where (robot_id, hour_at, state, reason) = (
            select (robot_id, hour_at, state, reason) from fleet_marts.supply_hours
            where state = 'available' limit 1
        )
        """
    )
    assert score.supply.differing == 1
    assert score.supply.hours_off == pytest.approx(0.001 / 3600)


@pytest.mark.parametrize(("seconds", "is_found"), [(1, True), (3, False)])
def test_a_failure_is_found_within_two_seconds(
    altered: Callable[[str], Score],
    clean_score: Score,
    clean: Simulated,
    seconds: int,
    is_found: bool,
) -> None:
    ((robot_id, began_at),) = clean.truth(
        "select robot_id, began_at from outages where len(event_ids) > 1 order by all limit 1"
    )
    score = altered(
        f"update fleet_marts.robot_failures set started_at = started_at - interval {seconds} second"
        f" where robot_id = '{robot_id}' and started_at = timestamptz '{began_at}'"
    )
    lost = 0 if is_found else 1
    before, after = clean_score.failures, score.failures
    assert (after.right, after.missed, after.wrong) == (
        *(before.right - lost, before.missed + lost, before.wrong + lost),
    )


def test_every_difference_of_a_troubled_log_has_a_cause(
    open_warehouse: OpenWarehouse, tmp_path: Path, troubled: Simulated
) -> None:
    score = score_marts(build(open_warehouse, tmp_path, troubled), troubled.out / "truth")
    membership = score.membership
    assert not score.is_exact
    assert sum(membership.causes.values()) == membership.missed + membership.wrong
    assert sum(score.failures.causes.values()) == score.failures.missed + score.failures.wrong
    assert sum(score.supply.causes.values()) == score.supply.differing
    for told in (score.outcomes, score.diagnoses):
        assert sum(told.causes.values()) == told.total - told.right
    # What no log could tell is known, and is what did not come through.
    assert {"lost before the log: robot silent", "lost before the log: line lost"} <= (
        membership.causes.keys()
    )
    ((lost,),) = troubled.truth(
        "select count(*) from memberships inner join events using (event_id)"
        " where relation = 'about' and (is_lost or is_silenced or is_malformed)"
    )
    ((damaged,),) = troubled.truth(
        "select count(*) from memberships inner join events using (event_id)"
        " where relation = 'about' and is_damaged"
    )
    assert lost <= membership.unavoidable <= lost + damaged
    times = score.times
    assert times.near <= times.events
    assert 0 < times.p99_seconds <= times.worst_seconds
    figures = score.figures()
    assert figures["pairs_off_to_lost_ratio"] == membership.avoidable / membership.unavoidable
