"""Probable causes against injected ones, in a fleet where most deliveries fail of something."""

import csv
import re
import shutil
from pathlib import Path

import duckdb
import yaml

from fleet.simulator.score import Confusion, score_marts
from tests.python.conftest import ROOT, Warehouse

DIAGNOSED = ("int_delivery_diagnoses", "delivery_sessions")
PLACEHOLDERS = {"robot", "merchant", "reason", "error", "wait"}


def seed() -> list[dict[str, str]]:
    with (ROOT / "seeds/probable_cause_rules.csv").open() as file:
        return list(csv.DictReader(file))


def diagnoses(failing: tuple[Warehouse, Path]) -> Confusion:
    return score_marts(failing[0].database, failing[1]).diagnoses


def test_every_cause_of_a_clean_log_is_found(failing: tuple[Warehouse, Path]) -> None:
    found = diagnoses(failing)
    assert found.total > 100
    assert {true for true, _ in found.pairs} >= {
        *("cancelled_by_customer", "customer_absent", "lid_fault", "merchant_not_ready"),
        *("no_access", "no_robot", "robot_failure", "robot_stuck", "safety_event"),
    }
    assert found.is_exact, found.pairs


def test_the_events_alone_tell_most_causes(failing: tuple[Warehouse, Path], tmp_path: Path) -> None:
    warehouse, truth = failing
    silent = Warehouse(tmp_path, warehouse.dbt)
    shutil.copy(warehouse.database, silent.database)
    with duckdb.connect(silent.database) as connection:
        connection.execute(
            "update fleet_intermediate.int_delivery_milestones"
            " set outcome_reason = 'other' where outcome_reason is not null"
        )
    silent("run", "--full-refresh", "--select", *DIAGNOSED)
    found = diagnoses((silent, truth))
    # A robot that waits at the door does not know why nobody comes.
    assert set(found.causes) <= {"model"}
    assert found.pairs["no_access", "customer_absent"] > 0
    others = {pair: n for pair, n in found.pairs.items() if pair[0] != "no_access"}
    right = sum(n for (true, mart), n in others.items() if true == mart)
    assert right / sum(others.values()) >= 0.95, found.pairs


def test_the_evidence_is_an_event_of_the_session_before_its_end(
    failing: tuple[Warehouse, Path],
) -> None:
    ((explained, evident),) = failing[0].rows(
        "select count(*), count(*) filter (where events.event_at <= sessions.ended_at)"
        " from fleet_marts.delivery_sessions as sessions"
        " left join fleet_marts.delivery_session_events as events"
        " on sessions.delivery_id = events.delivery_id"
        " and sessions.probable_cause_sequence_number = events.sequence_number"
        " where sessions.probable_cause is not null"
    )
    assert explained == evident > 100


def test_sentences_are_filled_in(failing: tuple[Warehouse, Path]) -> None:
    for rule in seed():
        assert set(re.findall(r"{(.*?)}", rule["sentence"])) <= PLACEHOLDERS, rule["rule"]
    unfilled = (
        "select probable_cause_sentence from fleet_marts.delivery_sessions"
        " where probable_cause_sentence like '%{%' or probable_cause_sentence like '%?%'"
        " or (probable_cause is null) <> (probable_cause_sentence is null)"
    )
    assert failing[0].rows(unfilled) == []


def test_every_rule_has_a_unit_test() -> None:
    path = ROOT / "models/intermediate/deliveries/_deliveries__int_unit_tests.yml"
    expected = [
        test["expect"]["rows"]
        for test in yaml.safe_load(path.read_text())["unit_tests"]
        if test["model"] == "int_delivery_diagnoses"
    ]
    tested = {
        row.get("probable_cause_rule")
        for rows in expected
        for row in (csv.DictReader(rows.splitlines()) if isinstance(rows, str) else rows)
    }
    assert {rule["rule"] for rule in seed()} <= tested
