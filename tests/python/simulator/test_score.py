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


def test_clean_marts_equal_the_truth(clean_score: Score, clean: Simulated) -> None:
    assert clean_score.is_exact
    ((pairs, failures, cells),) = clean.truth(
        "select (select count(*) from memberships), (select count(*) from failures), "
        "(select count(*) from state_hours)"
    )
    assert clean_score.membership.right == pairs > 0
    assert clean_score.failures.right == failures > 0
    assert clean_score.supply.right == cells > 0


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
    assert (score.membership.missed, score.membership.wrong) == (1, 2)
    assert score.membership.right == clean_score.membership.right - 1
    assert not score.is_exact


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


def test_a_shifted_failure_is_missed_and_wrong(altered: Callable[[str], Score]) -> None:
    score = altered(
        """
        update fleet_marts.robot_failures set started_at = started_at + interval 1 millisecond
        where failure_id = (select min(failure_id) from fleet_marts.robot_failures)
        """
    )
    assert (score.failures.missed, score.failures.wrong) == (1, 1)


def test_every_difference_of_a_troubled_log_has_a_cause(
    open_warehouse: OpenWarehouse, tmp_path: Path, troubled: Simulated
) -> None:
    score = score_marts(build(open_warehouse, tmp_path, troubled), troubled.out / "truth")
    membership = score.membership
    assert not score.is_exact
    assert sum(membership.causes.values()) == membership.missed + membership.wrong
    assert sum(score.failures.causes.values()) == score.failures.missed + score.failures.wrong
    assert sum(score.supply.causes.values()) == score.supply.differing
    assert "other" not in score.supply.causes
