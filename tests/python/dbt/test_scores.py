"""The whole way, from logger.event() to the marts, against the simulator's ground truth."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.simulator.score import Score, score_marts
from tests.python.conftest import Warehouse


@pytest.fixture
def clean_score(clean: tuple[Warehouse, Path]) -> Score:
    return score_marts(clean[0].database, clean[1])


def test_every_event_is_in_its_right_delivery(clean_score: Score) -> None:
    assert clean_score.membership.is_exact
    assert clean_score.membership.right > 1000


def test_every_outcome_is_what_became_of_the_delivery(clean_score: Score) -> None:
    assert clean_score.outcomes.is_exact
    assert len(clean_score.outcomes.pairs) > 2


def test_state_hours_are_exact_to_the_millisecond(clean_score: Score) -> None:
    assert clean_score.supply.is_exact
    assert clean_score.supply.right > 10 * 24


def test_failures_and_mtbf_are_exact(clean_score: Score) -> None:
    assert clean_score.failures.right > 0
    assert clean_score.failures.is_exact
    assert clean_score.mtbf.is_exact


def test_all_ways_of_matching_were_needed(clean: tuple[Warehouse, Path]) -> None:
    methods = clean[0].rows("select distinct match_method from fleet_marts.delivery_session_events")
    assert {"delivery_id", "order_id", "robot_window"} <= {method for (method,) in methods}


def test_with_troubles_every_miss_has_a_cause(troubled: tuple[Warehouse, Path]) -> None:
    score = score_marts(troubled[0].database, troubled[1])
    assert not score.is_exact
    assert score.membership.unavoidable > 0
    for part in (score.membership, score.failures):
        assert sum(part.causes.values()) == part.missed + part.wrong
    assert sum(score.supply.causes.values()) == score.supply.differing
    assert score.membership.right > 10 * score.membership.missed


def test_with_troubles_no_line_is_lost(troubled: tuple[Warehouse, Path]) -> None:
    warehouse, _ = troubled
    in_files = warehouse.rows("select sum(line_count) from event_log.loaded_files")
    judged = warehouse.rows(
        "select (select count(*) from fleet_staging.base_event_log__lines "
        "where line_status <> 'quarantined') "
        "+ (select count(*) from fleet_marts.quarantined_lines)"
    )
    assert in_files == judged
    reasons = warehouse.rows("select distinct reason from fleet_marts.quarantined_lines")
    assert len(reasons) > 3


def test_session_tells_the_story(clean: tuple[Warehouse, Path]) -> None:
    database = str(clean[0].database)
    listed = CliRunner().invoke(main, ["session", "--failed", "--database", database])
    assert listed.exit_code == 0
    ((delivery_id, order_id, robot_id, events),) = clean[0].rows(
        "select delivery_id, order_id, robot_id, event_count from fleet_marts.delivery_sessions "
        "where outcome in ('failed', 'cancelled') and robot_id is not null "
        "and order_id is not null order by started_at desc limit 1"
    )
    assert delivery_id in listed.output
    told = CliRunner().invoke(main, ["session", delivery_id, "--all", "--database", database])
    assert told.exit_code == 0
    assert f"{events} events" in told.output
    assert "dispatch.assigned" in told.output
    assert "probable cause" in told.output
    for words in (["--order", order_id], ["--robot", robot_id]):
        replay = CliRunner().invoke(main, ["session", *words, "--database", database])
        assert replay.exit_code == 0, replay.output
        assert "events" in replay.output


@pytest.mark.parametrize("wanted", ["D-1' or 1=1 --", "nonsense", "D-0"])
def test_unknown_id_names_the_nearest(clean: tuple[Warehouse, Path], wanted: str) -> None:
    told = CliRunner().invoke(main, ["session", wanted, "--database", str(clean[0].database)])
    assert told.exit_code == 1
    assert f"There is no delivery {wanted}" in told.output
    assert "loaded until" in told.output


def test_no_database_says_what_to_do(tmp_path: Path) -> None:
    for command in ("session D-1", "score"):
        words = [*command.split(), "--database", str(tmp_path / "none.duckdb")]
        told = CliRunner().invoke(main, words)
        assert told.exit_code == 1
        assert "make demo" in told.output


TEN_TIMES = ("--robots", "10", "--seed", "6", "--troubles", "10")


# Wide bounds say nothing. Those of most hours are narrow; with ten times the troubles, of some.
@pytest.mark.parametrize(("times_troubled", "narrow_share"), [(1, 0.5), (10, 0.1)])
def test_usable_time_lies_within_its_bounds(
    simulated: Callable[..., tuple[Warehouse, Path]],
    troubled: tuple[Warehouse, Path],
    times_troubled: int,
    narrow_share: float,
) -> None:
    warehouse, truth = troubled
    if times_troubled > 1:
        warehouse, truth = simulated(*TEN_TIMES, command=["run"])
    within, outside, narrow = warehouse.rows(
        f"""
        with truth as (
            select hours.robot_id, hours.hour_at, sum(case
                when states.usable = 'always' then hours.duration_ms
                when states.usable = 'when_dispatchable' then hours.dispatchable_ms
                else 0
            end) / 1000.0 as usable_seconds
            from read_parquet('{truth}/state_hours.parquet') as hours
            inner join fleet_seeds.robot_states as states on hours.state = states.state
            group by all
        )
        select
            count(*) filter (
                truth.usable_seconds between bounds.usable_seconds_low - 0.001
                and bounds.usable_seconds_high + 0.001
            ),
            count(*) filter (
                truth.usable_seconds < bounds.usable_seconds_low - 0.001
                or truth.usable_seconds > bounds.usable_seconds_high + 0.001
                or bounds.robot_id is null
            ),
            count(*) filter (bounds.usable_seconds_high - bounds.usable_seconds_low < 360)
        from truth
        left join fleet_marts.supply_hours_bounds as bounds using (robot_id, hour_at)
        """
    )[0]
    assert (within, outside) == (10 * 24, 0)
    assert narrow > within * narrow_share


@pytest.mark.parametrize("times_troubled", [1, 10])
def test_failures_lie_within_their_bounds(
    simulated: Callable[..., tuple[Warehouse, Path]],
    troubled: tuple[Warehouse, Path],
    times_troubled: int,
) -> None:
    warehouse, truth = troubled
    if times_troubled > 1:
        warehouse, truth = simulated(*TEN_TIMES, command=["run"])
    robots = warehouse.rows(
        f"""
        with truth as (
            select outages.robot_id, count(*) as failure_count
            from read_parquet('{truth}/outages.parquet') as outages
            inner join fleet_seeds.robot_states as states on outages.state_before = states.state
            where states.is_operating
            group by outages.robot_id
        )
        select coalesce(truth.failure_count, 0), failure_count_low, failure_count_high
        from fleet_marts.robot_mtbf
        left join truth using (robot_id)
        """
    )
    assert len(robots) == 10
    assert all(low <= true <= high for true, low, high in robots)
    assert sum(low for _, low, _ in robots) > 0


def test_on_a_clean_log_only_silences_can_hide_failures(clean: tuple[Warehouse, Path]) -> None:
    ((found, uncharged, low, high),) = clean[0].rows(
        "select sum(failure_count), sum(uncharged_failure_count), sum(failure_count_low),"
        " sum(failure_count_high) from fleet_marts.robot_mtbf"
    )
    ((silences,),) = clean[0].rows(
        "select count(*) from fleet_intermediate.int_robot_silences where is_silence"
    )
    assert found == low > 0
    assert found < high <= found + silences + uncharged
