"""Whatever arrives when: after the last night every table equals a full refresh, row for row.

NIGHTLY_WORLDS sets how many random worlds are tried, on top of those named here; 67 unless it
is given.
"""

import os
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from fleet.project import find_project_dir
from fleet.registry.loader import load_registry
from tests.python.nightly.differences import Difference
from tests.python.nightly.nights import Fleet, Nights
from tests.python.nightly.shrinking import concerned, shrink
from tests.python.nightly.worlds import (
    ARRIVALS,
    Broken,
    Clearance,
    Clock,
    ClockAid,
    ClockKind,
    Delivery,
    Failure,
    Fate,
    FateKind,
    Fault,
    PilotSession,
    Shift,
    Stray,
    Variant,
    World,
)

# Many in one fleet: its runs cost about the same.
WORLDS_PER_FLEET = 67
FLEETS = -(-int(os.environ.get("NIGHTLY_WORLDS", "67")) // WORLDS_PER_FLEET)

REGISTRY = load_registry(find_project_dir())

number = st.integers(0, 1)
start = st.integers(0, 47).map(lambda hour: hour * 60 + 7) | st.integers(600, 700)
arrival = st.integers(0, ARRIVALS - 1)
states = st.sampled_from(REGISTRY.logged_states)

deliveries = st.builds(
    Delivery,
    start=start,
    delivery=number,
    order=number,
    robot=number,
    merchant=number,
    pace=st.sampled_from([4, 1, 15, 70]),
    variant=st.sampled_from(get_args(Variant)),
    arrival=arrival,
)
stories = st.one_of(
    deliveries,
    deliveries,
    st.builds(
        Shift,
        start=start,
        robot=number,
        states=st.lists(states, min_size=1, max_size=4).map(tuple),
        gap=st.sampled_from([30, 3, 400]),
        beats=st.integers(0, 3),
        pace=st.sampled_from([4, 1, 0.02]),
        told=st.sampled_from([True, True, False]),
        dispatchable=st.sampled_from([True, None]),
        skipped=st.sampled_from([0, 0, 100]),
        arrival=arrival,
    ),
    st.builds(
        Failure,
        start=start,
        robot=number,
        code=number,
        component=st.sampled_from(["drive", "lid"]),
        errors=st.integers(1, 3),
        gap=st.sampled_from([6, 2, 200]),
        cleared=st.sampled_from(get_args(Clearance)),
        named=st.integers(0, 2),
        arrival=arrival,
    ),
    st.builds(
        PilotSession,
        start=start,
        pilot=number,
        robot=number,
        session=number,
        minutes=st.sampled_from([10, 90]),
        has_end=st.booleans(),
        arrival=arrival,
    ),
    st.builds(
        Stray,
        name=st.sampled_from([event.name for event in REGISTRY.events]),
        start=start,
        number=number,
        also=st.sampled_from([(), ("delivery",), ("order",), ("delivery", "order", "robot")]),
        arrival=arrival,
    ),
    st.builds(
        Broken,
        fault=st.sampled_from(get_args(Fault)),
        start=start,
        robot=number,
        arrival=arrival,
    ),
)
fates = st.builds(
    Fate,
    line=st.integers(0, 63),
    kind=st.sampled_from(("late", "late", *get_args(FateKind))),
    arrival=arrival,
)
worlds = st.builds(
    World,
    stories=st.lists(stories, min_size=1, max_size=5).map(tuple),
    fates=st.lists(fates, max_size=6).map(tuple),
    beside=st.sampled_from([False, False, False, True]),
    clock=st.none()
    | st.builds(
        Clock,
        kind=st.sampled_from(get_args(ClockKind)),
        aid=st.sampled_from(get_args(ClockAid)),
    ),
    grid=st.sampled_from([0, 0, 5, 10]),
)
fleets = st.builds(
    Fleet,
    worlds=st.lists(worlds, min_size=WORLDS_PER_FLEET, max_size=WORLDS_PER_FLEET).map(tuple),
    nights=st.integers(2, 4),
    ends_first=st.booleans(),
    intraday=st.booleans(),
    # Hypothesis tries the simplest first: worlds that are all alike, where one would do.
).filter(lambda fleet: len(set(fleet.worlds)) > 1)

# Every way to be late that once was, or could be, forgotten. A story arrives in load 0, a fate's
# line in load 5, unless they say otherwise.
NAMED = (
    World(
        # Two copies that arrive together, and differ in who logged them alone.
        name="resent_by_robot_and_gateway_at_once",
        stories=(Broken(fault="bad_type", start=627, robot=0, arrival=2),),
        fates=(Fate(0, "resent", 2), Fate(0, "relayed", 2), Fate(0, "resent", 2)),
    ),
    World(
        name="order_created_late",
        stories=(Delivery(),),
        fates=(Fate("order.created"),),
    ),
    World(
        name="first_event_of_a_delivery_late",
        stories=(Delivery(), Stray("robot.stuck", start=606)),
        fates=(Fate("dispatch.requested"),),
    ),
    World(
        name="inside_a_closed_session",
        stories=(Delivery(), Stray("robot.stuck", start=630, arrival=5)),
    ),
    World(
        name="outside_any_session",
        stories=(Delivery(), Stray("robot.stuck", start=2000, arrival=5)),
    ),
    World(
        name="assignment_late",
        stories=(Delivery(), Stray("robot.stuck", start=614)),
        fates=(Fate("dispatch.assigned"),),
    ),
    World(
        name="robot_taken_off_late",
        stories=(
            Delivery(),
            Stray("robot.stuck", start=630),
            Stray("dispatch.unassigned", start=622, arrival=5),
        ),
    ),
    World(
        name="assigned_to_another_robot_late",
        stories=(
            Delivery(),
            Shift(robot=1),
            Stray("robot.stuck", start=630),
            Stray("robot.stuck", start=631, number=1),
            Delivery(start=613, robot=1, variant="open", arrival=5),
        ),
    ),
    World(
        name="first_assignment_of_a_robot_changes",
        stories=(
            Delivery(start=600),
            Delivery(start=900, delivery=1, order=1),
            Delivery(start=750, delivery=2, order=2, arrival=5),
        ),
    ),
    World(
        name="second_delivery_at_once_late",
        stories=(
            Delivery(),
            Stray("robot.stuck", start=635),
            Delivery(start=606, delivery=1, order=1, arrival=5),
        ),
    ),
    World(
        name="delivery_ended_late",
        stories=(
            Delivery(variant="open"),
            Stray("robot.stuck", start=660),
            Stray("robot.stuck", start=900),
            Stray("delivery.cancelled", start=650, arrival=5),
        ),
    ),
    World(
        name="order_linked_late",
        stories=(
            Stray("delivery.pickup_arrived", start=610),
            Stray("order.created", start=600),
            Stray("order.completed", start=700),
            Stray("dispatch.requested", start=605, arrival=5),
        ),
    ),
    World(
        name="order_linked_to_another_late",
        stories=(
            Delivery(order=1),
            Stray("order.created", start=590),
            Stray("order.completed", start=700),
            Stray("delivery.customer_notified", start=640, also=("order",), arrival=5),
        ),
    ),
    World(
        name="order_event_late",
        stories=(Delivery(),),
        fates=(Fate("order.completed"),),
    ),
    World(
        name="pilot_session_started_late",
        stories=(Delivery(), PilotSession(start=620)),
        fates=(Fate("pilot.session_started"),),
    ),
    World(
        name="pilot_session_ended_late",
        stories=(Delivery(), PilotSession(start=620), Stray("pilot.shift_changed", start=640)),
        fates=(Fate("pilot.session_ended"),),
    ),
    World(
        name="pilot_event_late",
        stories=(Delivery(), PilotSession(start=620)),
        fates=(Fate("pilot.shift_changed"),),
    ),
    World(
        name="pilot_before_the_assignment",
        stories=(PilotSession(start=620), Delivery(arrival=5)),
    ),
    World(
        name="pilot_session_goes_to_another_robot",
        stories=(
            Delivery(robot=1),
            PilotSession(start=620, robot=1),
            PilotSession(start=619, robot=0, arrival=5),
        ),
    ),
    World(
        name="merchant_event_late",
        stories=(Delivery(),),
        fates=(Fate("merchant.availability_changed"),),
    ),
    World(
        name="merchant_window_closes_late",
        stories=(
            Delivery(),
            Stray("merchant.availability_changed", start=640),
        ),
        fates=(Fate("delivery.pickup_completed"),),
    ),
    World(
        name="state_changed_late",
        stories=(
            Shift(states=("available", "charging", "available"), gap=60, beats=0),
            Shift(start=520, states=("fault",), beats=0, arrival=5),
            Stray("robot.stuck", start=530),
        ),
    ),
    World(
        # About a midnight, where a night may begin: what heartbeats tell of lies before it.
        name="heartbeats_tell_a_change_late",
        stories=(
            Shift(start=1430, states=("available",), beats=3, pace=1),
            Shift(start=1438, states=("fault",), beats=3, pace=1, told=False),
            Shift(start=1439, states=("available",), beats=4, pace=1.3, told=False, arrival=5),
        ),
    ),
    World(
        name="heartbeats_before_midnight_late",
        stories=(
            Shift(start=1430, states=("available",), beats=3, pace=1),
            Shift(start=1440, states=("fault",), beats=3, pace=1, told=False),
            Shift(start=1436, states=("available",), beats=3, pace=1.2, told=False, arrival=5),
        ),
    ),
    World(
        name="contact_restored_late",
        stories=(
            Shift(start=1400, states=("in_transit", "non_contactable"), beats=1, pace=1),
            Shift(start=1439, states=("in_transit",), beats=4, pace=1.5, told=False),
            Stray("robot.connection_restored", start=1439, arrival=5),
        ),
    ),
    World(
        name="race_told_late",
        stories=(
            Shift(start=1437, states=("available",), beats=4, pace=0.99, told=False),
            Shift(start=1440, states=("fault",), beats=3, pace=0.02, arrival=5),
        ),
    ),
    World(
        name="dispatchable_told_late",
        stories=(
            Shift(start=1420, states=("returning", "returning"), gap=10, beats=3, pace=2),
            Shift(start=1441, states=("returning",), beats=3, pace=1, dispatchable=None, arrival=5),
        ),
    ),
    World(
        name="lines_lost_over_midnight",
        stories=(
            Shift(start=1300, states=("available",), pace=1),
            Shift(start=1500, states=("fault",), pace=1, told=False, skipped=100),
            Stray("robot.lid_changed", start=1450, arrival=5),
        ),
    ),
    World(
        name="retired_late",
        stories=(
            Shift(start=600, states=("available", "offline", "retired"), gap=20),
            Shift(start=1700, states=("offline",), arrival=5),
        ),
    ),
    World(
        name="first_state_late",
        stories=(Shift(), Shift(start=100, states=("maintenance",), arrival=5)),
    ),
    World(
        name="state_changed_late_in_a_session",
        stories=(Shift(), Delivery()),
        fates=(Fate("robot.state_changed"), Fate(5)),
    ),
    World(
        name="silence_filled_late",
        stories=(
            Shift(states=("available",)),
            Stray("robot.heartbeat", start=500, arrival=5),
            Stray("robot.lid_changed", start=800),
            Stray("robot.lid_changed", start=497, arrival=7),
        ),
    ),
    World(
        name="error_late",
        stories=(Failure(errors=3, gap=4), Delivery()),
        fates=(Fate("robot.error"),),
    ),
    World(
        name="errors_joined_late",
        stories=(
            Failure(start=600, cleared="no"),
            Failure(start=615, cleared="no"),
            Failure(start=608, cleared="no", arrival=5),
        ),
    ),
    World(
        name="error_cleared_by_code_late",
        stories=(Failure(errors=2, gap=4), Delivery()),
        fates=(Fate("robot.error_cleared"),),
    ),
    World(
        name="error_cleared_by_name_late",
        stories=(Failure(errors=2, gap=500, cleared="by_name"), Shift()),
        fates=(Fate("robot.error_cleared"),),
    ),
    World(
        name="error_cleared_by_another_robot_late",
        stories=(Failure(gap=500, cleared="by_name_from_another_robot"), Shift()),
        fates=(Fate("robot.error_cleared"),),
    ),
    World(
        name="named_error_after_its_clearance",
        stories=(Failure(gap=300, cleared="by_name_from_another_robot"),),
        fates=(Fate("robot.error"),),
    ),
    World(
        name="days_late",
        stories=(Shift(), Failure(), Delivery(arrival=7)),
    ),
    World(
        name="backwards",
        stories=(Shift(arrival=4), Delivery(arrival=7), PilotSession(arrival=5), Failure()),
        fates=tuple(Fate(n, arrival=7 - n % 8) for n in range(24)),
    ),
    World(
        name="quarantined_late",
        stories=(
            Delivery(),
            *(Broken(fault=fault, start=630, arrival=5) for fault in get_args(Fault)),
        ),
    ),
    World(
        name="quarantined_first",
        stories=(Broken("missing_event_id"), Broken("malformed"), Delivery(arrival=5)),
    ),
    World(
        name="sent_again",
        stories=(Delivery(),),
        fates=tuple(Fate(n, "copied") for n in range(0, 15, 2))
        + tuple(Fate(n, "resent") for n in range(1, 15, 2)),
    ),
    World(
        name="sent_again_at_once",
        stories=(Delivery(),),
        fates=tuple(Fate(n, "resent", arrival=0) for n in range(15)),
    ),
    World(
        name="sent_again_changed",
        stories=(Delivery(), Failure()),
        fates=tuple(Fate(n, "changed") for n in range(17)),
    ),
    World(
        name="changed_copy_comes_first",
        stories=(Delivery(arrival=5), Failure(arrival=5)),
        fates=tuple(Fate(n, "changed", arrival=0) for n in range(17)),
    ),
    World(
        name="broken_copy_comes_first",
        stories=(Delivery(arrival=5),),
        fates=tuple(Fate(n, "broken", arrival=0) for n in range(15)),
    ),
    World(
        name="clock_ahead",
        stories=(Delivery(), Shift()),
        fates=(Fate("dispatch.assigned", "ahead"), Fate("dispatch.assigned", "late")),
    ),
    World(
        name="clock_years_ahead",
        stories=(Delivery(), Shift()),
        fates=(Fate("dispatch.assigned", "undated"), Fate("robot.state_changed", "undated")),
    ),
    World(
        name="market_changes_late",
        stories=(Delivery(), Shift()),
        fates=(
            Fate(15, "elsewhere"),
            Fate(15, "late"),
            Fate("order.created", "elsewhere"),
            Fate("order.created", "late"),
        ),
    ),
    World(
        name="version_changes_late",
        stories=(Shift(states=("available", "charging", "available")), Failure(start=500)),
        fates=(Fate(3, "updated"), Fate(3, "late")),
    ),
    World(
        # The robot tells its version before the midnight that a night begins at, the gateway tells
        # of the robot after it.
        name="gateway_tells_a_state_late",
        stories=(Shift(start=1400, states=("available", "non_contactable", "available")),),
        fates=(Fate(0, "updated"), Fate(3, "relayed"), Fate(3, "late")),
    ),
    World(
        name="version_before_the_gateway_told_a_state_late",
        stories=(Shift(states=("available", "charging", "non_contactable", "available")),),
        fates=(Fate(3, "updated"), Fate(3, "late"), Fate(6, "relayed")),
    ),
    World(
        name="release_told_late",
        stories=(Delivery(), Stray("release.deployed", arrival=5)),
        fates=(Fate("delivery.dropoff_completed", "updated"),),
    ),
    World(
        name="failure_of_a_release_late",
        stories=(Delivery(variant="failed"), Stray("pilot.control_changed", start=640)),
        fates=(Fate("delivery.dropoff_failed"), Fate("pilot.control_changed")),
    ),
    *(
        World(
            name=f"clock_{kind}_{aid}",
            # What comes late makes, unmakes or moves the estimate, on the same day and the next.
            stories=(
                Delivery(),
                Shift(start=500, states=("available", "charging"), gap=200, arrival=late),
                Shift(start=1700, states=("available",), beats=3, arrival=2 + late),
                Failure(start=640, arrival=7 - late),
            ),
            fates=(Fate(4, arrival=6), Fate("robot.lid_changed", arrival=3)),
            clock=Clock(kind, aid),
        )
        for kind in get_args(ClockKind)
        for aid in get_args(ClockAid)
        for late in (0, 4)
    ),
    World(
        name="first_sign_of_life_moves",
        stories=(
            Stray("robot.lid_changed", start=1439),
            Shift(start=1446, states=("available",), beats=5, arrival=5),
        ),
        clock=Clock("ahead"),
    ),
    World(
        name="last_event_moves_back",
        stories=(Delivery(), Stray("robot.stuck", start=2870), Shift(start=2850, arrival=5)),
        clock=Clock("behind"),
    ),
    World(
        name="ids_lost",
        stories=(Delivery(), Shift()),
        fates=tuple(Fate(n, "unnamed") for n in range(0, 20, 3))
        + tuple(Fate(n, "content") for n in range(1, 20, 3)),
    ),
    World(
        name="again_without_id",
        stories=(Delivery(),),
        fates=tuple(Fate(n, "nameless", arrival=5) for n in range(0, 15, 2))
        + tuple(Fate(n, "nameless", arrival=0) for n in range(1, 15, 2))
        + tuple(Fate(n, "changed", arrival=7) for n in range(0, 15, 3)),
    ),
    World(
        name="without_id_first",
        stories=(Delivery(arrival=4),),
        fates=tuple(Fate(n, "nameless", arrival=1) for n in range(15))
        + tuple(Fate(n, "changed", arrival=7) for n in range(0, 15, 3))
        + tuple(Fate(n, "resent", arrival=6) for n in range(0, 15, 4)),
    ),
    World(
        name="lines_of_staging_beside_the_same_of_ours",
        stories=(Delivery(), Failure(), Shift()),
        fates=tuple(Fate(n, "replayed", arrival=5) for n in range(0, 20, 3))
        + tuple(Fate(n, "replayed_first") for n in range(1, 20, 3))
        + tuple(Fate(n, "late", arrival=6) for n in range(1, 20, 3)),
    ),
    World(
        name="some_lines_only_from_staging",
        stories=(Delivery(), Failure(), Shift(), PilotSession()),
        fates=tuple(Fate(n, "staged") for n in range(0, 24, 5))
        + tuple(Fate(n, "late") for n in range(0, 24, 2)),
    ),
    World(
        name="neighbour_is_late",
        beside=True,
        stories=(Shift(), Failure(), Delivery(arrival=5)),
    ),
    World(
        # A copy with another robot is the event until the line comes that a nameless one is of.
        name="robot_of_a_copy_alone",
        stories=(Delivery(start=637, pace=15, variant="failed"),),
        fates=(
            Fate(35, "nameless", arrival=2),
            Fate(35, "late", arrival=6),
            Fate(9, "changed", arrival=2),
        ),
        clock=Clock("stepping"),
    ),
    World(
        # No event of the day of arrival names the emitter.
        name="line_without_a_readable_time_late",
        stories=(
            Broken(fault="bad_timestamp", start=608, arrival=5),
            Broken(fault="bad_type", start=1627, arrival=1),
        ),
    ),
)


# Hypothesis runs what failed a second time; its smallest world is then known.
REPORTS: dict[Fleet, str] = {}


def check(nights: Nights, fleet: Fleet) -> None:
    if fleet not in REPORTS and (found := nights.check(fleet)):
        smallest = report(*shrink(nights.check, fleet, found))
        names = ", ".join(f"{world.name}{n}" for n, world in concerned(fleet, found))
        REPORTS[fleet] = f"{smallest}\nWorlds that differ: {names or 'the rows do not tell'}"
    if fleet in REPORTS:
        pytest.fail(REPORTS[fleet], pytrace=False)


def report(fleet: Fleet, found: list[Difference]) -> str:
    return "\n".join(["Nightly runs differ from a full refresh.", repr(fleet), *map(str, found)])


# A fleet of many worlds is a long text; what is reported is the smallest world.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@example(Fleet(NAMED, nights=3, ends_first=False, intraday=True))
@given(fleets)
@settings(
    max_examples=max(FLEETS, 1),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
def test_nightly_runs_equal_a_full_refresh(nights: Nights, fleet: Fleet) -> None:
    check(nights, fleet)
