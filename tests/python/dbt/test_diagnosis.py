"""Probable causes, against injected ones and in stories of single deliveries."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from fleet.simulator.score import Confusion, score_marts
from tests.python.conftest import ROOT, Warehouse
from tests.python.dbt.test_endings import Log, assigned, case

DIAGNOSED = ("int_ending_evidence", "int_delivery_diagnoses", "delivery_sessions")
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


# ------------------------------------------------------------ stories


class Story:
    """One delivery D-n of the order O-n from merchant M-n, given to robot R-n at 10:02."""

    def __init__(self, log: Log, number: int) -> None:
        self.log, self.number, self.robot = log, number, f"R-{number}"
        self._say: Callable[..., None] = case(log, number)
        self.ids = {"order_id": f"O-{number}", "merchant_id": f"M-{number}"}
        log("10:01", "dispatch.requested", delivery_id=f"D-{number}", **self.ids)
        assigned(log, number)

    def delivery(self, at: str, step: str, **said: Any) -> None:
        self._say(at, f"delivery.{step}", **{"robot_id": self.robot} | said)

    def does(self, at: str, what: str, **said: Any) -> None:
        self.log(at, f"robot.{what}", robot_id=self.robot, **said)

    def becomes(self, at: str, state: str, **said: Any) -> None:
        self.does(at, "state_changed", to_state=state, **said)

    def beats(self, since: str, until: str, state: str) -> None:
        """A heartbeat each minute."""
        first, last = (60 * int(at[:2]) + int(at[3:]) for at in (since, until))
        for minute in range(first, last + 1):
            self.does(f"{minute // 60}:{minute % 60:02}", "heartbeat", state=state)

    def fails(self, at: str, component: str = "drive", code: str = "DRV-104") -> None:
        self.does(at, "error", component=component, error_code=code, is_failure=True)

    def loads(self) -> None:
        """Is loaded by 10:15 and on its way to the customer."""
        self.becomes("10:03", "assigned")
        self.delivery("10:10", "pickup_arrived", merchant_id=self.ids["merchant_id"])
        self.becomes("10:10:01", "at_merchant")
        self.delivery("10:14", "pickup_completed", **self.ids)
        self.becomes("10:15", "in_transit")

    def arrives(self, at: str) -> None:
        self.delivery(at, "dropoff_arrived")
        self.becomes(at + ":01", "at_customer")

    def is_given_up(self, at: str, reason: str, **said: Any) -> None:
        self.delivery(at, "dropoff_failed", reason=reason, disposition="return", **said)

    def is_not_loaded(self, at: str, reason: str) -> None:
        self.delivery(at, "pickup_failed", reason=reason, merchant_id=self.ids["merchant_id"])

    def is_cancelled(self, at: str, by: str, reason: str, **said: Any) -> None:
        order_id = self.ids["order_id"]
        self.delivery(at, "cancelled", cancelled_by=by, reason=reason, order_id=order_id, **said)


def in_fault_for_40_minutes_then_cancelled(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    it.is_cancelled("11:00", "customer", "too_late")


def in_fault_by_its_state_alone(it: Story) -> None:
    it.loads()
    it.becomes("10:20", "fault", reason="hw_drive")
    it.beats("10:21", "10:59", "fault")
    it.is_cancelled("11:00", "customer", "too_late")


def changed_mind_while_in_fault(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    it.is_cancelled("10:23", "customer", "customer_request")


def lid_fails_at_the_customer(it: Story) -> None:
    it.loads()
    it.arrives("10:26")
    it.fails("10:28", "lid", "LID-401")
    it.beats("10:29", "10:34", "at_customer")
    it.is_given_up("10:35", "customer_absent")


def cleared_lid_error(it: Story) -> None:
    it.loads()
    it.fails("10:16", "lid", "LID-401")
    it.becomes("10:16:01", "fault", reason="hw_lid")
    it.does("10:18", "error_cleared", error_code="LID-401")
    it.becomes("10:18:01", "in_transit")
    it.arrives("10:26")
    it.is_given_up("10:30", "other")


def cleared_lid_error_and_no_states(it: Story) -> None:
    it.delivery("10:14", "pickup_completed", **it.ids)
    it.fails("10:16", "lid", "LID-401")
    it.does("10:18", "error_cleared", error_code="LID-401")
    it.delivery("10:26", "dropoff_arrived")
    it.is_given_up("10:30", "other")


def stopped_by_the_weather(it: Story) -> None:
    it.loads()
    it.becomes("10:20", "blocked", reason="weather")
    it.is_given_up("10:35", "robot_blocked")


def contact_back(it: Story) -> None:
    it.loads()
    it.does("10:20", "connection_lost")
    it.beats("10:25", "10:55", "in_transit")
    it.is_given_up("10:56", "other")


def non_contactable_and_back(it: Story) -> None:
    it.loads()
    it.does("10:20", "connection_lost")
    it.becomes("10:20:01", "non_contactable", reason="connectivity")
    it.beats("10:25", "10:55", "in_transit")
    it.is_given_up("10:56", "robot_blocked")


def contact_lost(it: Story) -> None:
    it.loads()
    it.does("10:20", "connection_lost")
    it.is_given_up("10:56", "other")


def out_of_contact_at_the_merchant(it: Story) -> None:
    it.delivery("10:10", "pickup_arrived", merchant_id=it.ids["merchant_id"])
    it.does("10:20", "connection_lost")
    it.is_not_loaded("10:30", "no_food")


def early_bump_then_blocked(it: Story) -> None:
    it.loads()
    it.does("10:16", "safety_event", kind="collision", severity="minor")
    it.beats("10:17", "10:50", "in_transit")
    it.does("10:51", "stuck", cause="construction")
    it.becomes("10:51:01", "blocked", reason="sidewalk_blocked")
    it.is_given_up("11:00", "other")


def early_bump_then_stuck_and_no_states(it: Story) -> None:
    it.delivery("10:14", "pickup_completed", **it.ids)
    it.does("10:16", "safety_event", kind="collision", severity="minor")
    it.does("10:51", "stuck", cause="construction")
    it.is_given_up("11:00", "other")


def collision(it: Story) -> None:
    it.loads()
    it.does("10:20", "safety_event", kind="collision", severity="critical")
    it.becomes("10:20:01", "fault", reason="collision")
    it.fails("10:20:02", "sensor", "SNS-204")
    it.is_given_up("10:30", "customer_absent")


def broke_down_with_the_first_robot(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    ids = {"delivery_id": f"D-{it.number}", "robot_id": it.robot}
    it.log("10:30", "dispatch.unassigned", reason="robot_fault", **ids)
    assigned(it.log, it.number, "10:31", robot_id=f"R-{it.number}00")
    it.is_given_up("10:50", "other", robot_id=f"R-{it.number}00")


def broke_down_and_nobody_fetches_the_goods(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    ids = {"delivery_id": f"D-{it.number}", "robot_id": it.robot}
    it.log("10:30", "dispatch.unassigned", reason="robot_fault", **ids)
    ids = {"delivery_id": f"D-{it.number}", "order_id": it.ids["order_id"]}
    it.log("10:45", "dispatch.failed", reason="no_robot", **ids)


def broke_down_before_it_was_loaded_and_no_other_robot(it: Story) -> None:
    it.fails("10:05")
    it.becomes("10:05:01", "fault", reason="hw_drive")
    ids = {"delivery_id": f"D-{it.number}", "robot_id": it.robot}
    it.log("10:08", "dispatch.unassigned", reason="robot_fault", **ids)
    ids = {"delivery_id": f"D-{it.number}", "order_id": it.ids["order_id"]}
    it.log("10:20", "dispatch.failed", reason="no_robot", **ids)


def taken_over_and_brought_to_nobody(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    assigned(it.log, it.number, "10:31", robot_id=f"R-{it.number}00")
    it.robot = f"R-{it.number}00"
    it.delivery("10:40", "pickup_completed", **it.ids)
    it.arrives("10:50")
    it.is_given_up("11:00", "other")


def broken_robot_cancelled_by_the_system(it: Story) -> None:
    it.loads()
    it.fails("10:20", "localization", "LOC-701")
    it.becomes("10:20:01", "fault", reason="localization_lost")
    it.is_cancelled("10:26", "system", "other")


def closed_store_typed_as_a_robot_problem(it: Story) -> None:
    it.becomes("10:03", "assigned")
    it.delivery("10:10", "pickup_arrived", merchant_id=it.ids["merchant_id"])
    it.becomes("10:10:01", "at_merchant")
    it.log(
        "10:11",
        "merchant.availability_changed",
        merchant_id=it.ids["merchant_id"],
        available=False,
        reason="opening_hours",
    )
    it.is_not_loaded("10:14", "robot_fault")


def long_wait_typed_as_a_robot_problem(it: Story) -> None:
    it.becomes("10:03", "assigned")
    it.delivery("10:10", "pickup_arrived", merchant_id=it.ids["merchant_id"])
    it.becomes("10:10:01", "at_merchant")
    it.beats("10:11", "10:29", "at_merchant")
    it.is_not_loaded("10:30", "lid_fault")


def waits_for_a_pilot(it: Story) -> None:
    it.loads()
    ids = {"robot_id": it.robot, "delivery_id": f"D-{it.number}", "help_id": "h"}
    it.log("10:20", "pilot.help_requested", cause="crossing", **ids)
    it.beats("10:21", "10:44", "in_transit")
    it.is_cancelled("10:45", "operations", "too_late")


def no_pilot_on_duty(it: Story) -> None:
    it.loads()
    it.becomes("10:20", "blocked", reason="no_pilot")
    it.is_given_up("10:45", "robot_blocked")


def absent_at_the_second_try(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.becomes("10:20:01", "fault", reason="hw_drive")
    it.delivery("10:25", "dropoff_failed", reason="robot_fault", disposition="discard")
    assigned(it.log, it.number, "10:40", robot_id=f"R-{it.number}00")
    it.robot = f"R-{it.number}00"
    it.delivery("10:50", "pickup_completed", **it.ids)
    it.arrives("11:00")
    it.is_given_up("11:10", "robot_fault")


def no_food_at_the_second_try(it: Story) -> None:
    it.loads()
    it.fails("10:20")
    it.delivery("10:25", "dropoff_failed", reason="robot_fault", disposition="discard")
    assigned(it.log, it.number, "10:40", robot_id=f"R-{it.number}00")
    it.robot = f"R-{it.number}00"
    it.delivery("10:50", "pickup_arrived", merchant_id=it.ids["merchant_id"])
    it.is_not_loaded("11:10", "other")


def customer_could_not_open_the_lid(it: Story) -> None:
    it.loads()
    it.arrives("10:26")
    it.delivery("10:27", "unlock_attempted")
    it.is_given_up("10:32", "customer_absent")


def only_the_return_is_in_the_log(it: Story) -> None:
    it.loads()
    it.arrives("10:26")
    it.becomes("10:38", "returning")
    it.delivery(
        "10:50", "return_completed", reason="dropoff_failed", merchant_id=it.ids["merchant_id"]
    )


def said_and_seen(it: Story) -> None:
    it.loads()
    it.arrives("10:26")
    it.is_given_up("10:36", "customer_absent")


def said_and_not_seen(it: Story) -> None:
    it.loads()
    it.is_given_up("10:36", "robot_fault")


def merchant_has_none_left(it: Story) -> None:
    it.becomes("10:05", "fault", reason="hw_drive")
    it.is_cancelled("10:30", "merchant", "out_of_stock")


def customer_says_it_is_the_weather(it: Story) -> None:
    it.loads()
    it.becomes("10:20", "blocked", reason="weather")
    it.is_cancelled("10:24", "customer", "weather")


def out_of_contact_until_the_customer_cancels(it: Story) -> None:
    it.loads()
    it.does("10:20", "connection_lost")
    it.is_cancelled("11:00", "customer", "too_late")


CASES: list[tuple[Callable[[Story], None], str, str | None, str]] = [
    (in_fault_for_40_minutes_then_cancelled, "robot_failure", "shown", "customer"),
    (in_fault_by_its_state_alone, "robot_failure", "shown", "customer"),
    (changed_mind_while_in_fault, "cancelled_by_customer", "reported", "customer"),
    (lid_fails_at_the_customer, "lid_fault", "shown", "robot"),
    (cleared_lid_error, "customer_absent", "inferred", "robot"),
    (cleared_lid_error_and_no_states, "customer_absent", "inferred", "robot"),
    (stopped_by_the_weather, "weather", "shown", "robot"),
    (contact_back, "unknown", None, "robot"),
    (non_contactable_and_back, "robot_stuck", "reported", "robot"),
    (contact_lost, "robot_out_of_contact", "shown", "robot"),
    (out_of_contact_at_the_merchant, "merchant_not_ready", "confirmed", "robot"),
    (early_bump_then_blocked, "robot_stuck", "shown", "robot"),
    (early_bump_then_stuck_and_no_states, "robot_stuck", "shown", "robot"),
    (collision, "safety_event", "shown", "robot"),
    (broke_down_with_the_first_robot, "robot_failure", "shown", "robot"),
    (broke_down_and_nobody_fetches_the_goods, "robot_failure", "shown", "dispatch"),
    (broke_down_before_it_was_loaded_and_no_other_robot, "no_robot", "reported", "dispatch"),
    (taken_over_and_brought_to_nobody, "customer_absent", "inferred", "robot"),
    (broken_robot_cancelled_by_the_system, "robot_failure", "shown", "system"),
    (closed_store_typed_as_a_robot_problem, "merchant_not_ready", "shown", "robot"),
    (long_wait_typed_as_a_robot_problem, "merchant_not_ready", "inferred", "robot"),
    (waits_for_a_pilot, "no_pilot", "shown", "operations"),
    (no_pilot_on_duty, "no_pilot", "shown", "robot"),
    (absent_at_the_second_try, "customer_absent", "inferred", "robot"),
    (no_food_at_the_second_try, "merchant_not_ready", "inferred", "robot"),
    (customer_could_not_open_the_lid, "lid_fault", "inferred", "robot"),
    (only_the_return_is_in_the_log, "customer_absent", "inferred", "robot"),
    (said_and_seen, "customer_absent", "confirmed", "robot"),
    (said_and_not_seen, "robot_failure", "reported", "robot"),
    (customer_says_it_is_the_weather, "weather", "shown", "customer"),
    (out_of_contact_until_the_customer_cancels, "robot_out_of_contact", "shown", "customer"),
    (merchant_has_none_left, "cancelled_by_merchant", "reported", "merchant"),
]


CAUSES = "select delivery_id, probable_cause from fleet_marts.delivery_sessions order by 1"
# What may change a cause when it comes a night later: that the robot lives, and is well again.
LATER = ("robot.heartbeat", "robot.error_cleared")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, open_warehouse: Any) -> Warehouse:
    """All stories, in two nights: lines that may change a cause come with the second."""
    log = Log()
    for number, (tell, *_) in enumerate(CASES, 1):
        tell(Story(log, number))
    log("2026-11-03 01:00", "robot.state_changed", robot_id="R-0", to_state="available")
    lines = list(log.in_order())
    later = [line for line in lines if line["evt"]["name"] in LATER]
    warehouse: Warehouse = open_warehouse(tmp_path_factory.mktemp("stories"))
    causes = []
    for night, of_night in enumerate(([line for line in lines if line not in later], later)):
        warehouse.land(f"night{night}.ndjson", of_night)
        warehouse.load()
        kinds = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        warehouse("build", *kinds)
        causes.append(warehouse.rows(CAUSES))
    assert causes[0] != causes[1]
    warehouse("run", "--full-refresh", "--select", *DIAGNOSED)
    assert warehouse.rows(CAUSES) == causes[1]
    quarantined = "select event_name, reason_detail from fleet_marts.quarantined_lines"
    assert warehouse.rows(quarantined) == []
    return warehouse


@pytest.mark.parametrize(
    ("number", "cause", "basis", "ended_by"),
    [
        pytest.param(number, *expected, id=tell.__name__)
        for number, (tell, *expected) in enumerate(CASES, 1)
    ],
)
def test_what_happened_outranks_what_was_typed(
    told: Warehouse, number: int, cause: str, basis: str | None, ended_by: str
) -> None:
    assert told.rows(
        "select probable_cause, probable_cause_basis, ended_by from fleet_marts.delivery_sessions"
        f" where delivery_id = 'D-{number}'"
    ) == [(cause, basis, ended_by)]
