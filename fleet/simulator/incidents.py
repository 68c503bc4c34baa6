"""What happens to robots: errors, getting stuck, going dark, safety events, and repair."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fleet_events.events import (
    DowntimeReason,
    Events,
    RobotError,
    RobotErrorCleared,
    RobotSafetyEvent,
    RobotStuck,
)

from fleet.simulator.orders import Delivery
from fleet.simulator.pilots import Cause, Help, Priority
from fleet.simulator.variety import (
    BACK_WITHOUT_REBOOT,
    CALLED_OFF_TOO_SOON,
    SPREADING,
    TOLD_MANY_TIMES,
)
from fleet.simulator.world import HOUR, MINUTE, SECOND, Steps, StepsTo, around

if TYPE_CHECKING:
    from fleet.simulator.robots import Robot

Component = Literal[
    "drive",
    "sensor",
    "compute",
    "lid",
    "battery",
    "comms",
    "localization",
    "perception",
    "planning",
    "control",
]
StuckCause = Literal["obstacle", "crowd", "parked_vehicle", "construction", "curb", "terrain"]
UnassignReason = Literal["robot_fault", "robot_blocked", "robot_unreachable"]
Resolution = Literal["self", "pilot", "field"]

# Events per hour of driving.
RATES = {
    "crossing": 0.9,
    "stuck": 0.35,
    "warning": 0.30,
    "falter": 0.12,
    "assisted": 0.10,
    "near_miss": 0.06,
    "dark": 0.02,
    "break_down": 0.02,
}
# The new robot software is worse than the old one; Release Health should show it.
WORSE_VERSION, WORSE_BY = "4.3.0", 1.8

SILENCE_BEFORE_LOST = 150 * SECOND
NEVER_CLEARED = 0.12


@dataclass(frozen=True)
class Fault:
    """One kind of error a robot can have."""

    code: str
    component: Component
    reason: DowntimeReason
    detail: str
    weight: float


FAULTS = (
    Fault("DRV-104", "drive", "hw_drive", "left rear motor over current", 3),
    Fault("DRV-117", "drive", "hw_drive", "wheel encoder mismatch", 1),
    Fault("SNS-204", "sensor", "hw_sensor", "front camera gives no frames", 2),
    Fault("CMP-310", "compute", "hw_compute", "compute module too hot", 1),
    Fault("PRC-220", "perception", "sw_crash", "tracker stopped", 1),
    Fault("PLN-808", "planning", "sw_crash", "no plan within the time limit", 2),
    Fault("LOC-701", "localization", "localization_lost", "pose uncertainty too high", 4),
    Fault("BAT-502", "battery", "hw_battery", "cell voltages apart", 1),
    Fault("COM-601", "comms", "hw_comms", "modem reset", 1),
)
LID_FAULT = Fault("LID-401", "lid", "hw_lid", "lock does not engage", 1)
REBOOT = Fault("CMP-301", "compute", "sw_crash", "unexpected reboot", 1)
WARNINGS = (
    Fault("SNS-210", "sensor", "hw_sensor", "lens dirty", 3),
    Fault("COM-605", "comms", "hw_comms", "signal weak", 2),
    Fault("BAT-510", "battery", "hw_battery", "battery cold", 1),
)
STUCK: tuple[tuple[StuckCause, DowntimeReason], ...] = (
    ("obstacle", "obstacle"),
    ("crowd", "obstacle"),
    ("parked_vehicle", "sidewalk_blocked"),
    ("construction", "sidewalk_blocked"),
    ("curb", "obstacle"),
    ("terrain", "obstacle"),
)


class Broken(Exception):  # noqa: N818 - reads as what happened
    """The robot cannot go on with what it was doing."""

    def __init__(
        self,
        cause: str,
        reason: DowntimeReason,
        failed: Delivery | None = None,
        fault: Fault | None = None,
        error_id: str | None = None,
        since: int = 0,
        can_drive: bool = False,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.reason = reason
        self.failed = failed
        self.fault = fault
        self.error_id = error_id
        self.since = since
        self.can_drive = can_drive


class Incidents:
    """The incidents of one robot."""

    def __init__(self, robot: "Robot") -> None:
        self._robot = robot
        self._chance = robot.world.chance("incidents", robot.robot_id)

    def next_in(self) -> float:
        """Milliseconds of driving until the next incident."""
        worse = WORSE_BY if self._robot.agent.version == WORSE_VERSION else 1.0
        return self._chance.expovariate(sum(RATES.values()) * worse / HOUR) + 1

    def happen(self, wanted: Callable[[], bool]) -> Steps:
        """One incident of a drive; afterwards the robot goes on.

        Raises:
            Broken: it cannot.
        """
        (kind,) = self._chance.choices(list(RATES), list(RATES.values()))
        if kind == "crossing":
            self._ask("crossing", "low")
        elif kind == "warning":
            self._error(self._pick(WARNINGS), failure=False)
        elif kind == "near_miss":
            self._safety("near_miss" if self._chance.random() < 0.7 else "e_stop", "minor")
        elif kind == "stuck":
            yield from self._stuck(wanted)
        elif kind == "falter":
            yield from self.falter(wanted)
        elif kind == "assisted":
            yield from self._assisted(wanted)
        elif kind == "dark":
            yield from self.go_dark(wanted)
        else:
            yield from self._break_down(None)

    def fail(self, delivery: Delivery) -> Steps:
        """Let the delivery's injected cause happen, on the way to the customer.

        Raises:
            Broken: always.
        """
        if delivery.injected_cause == "robot_error":
            yield from self._break_down(delivery)
        elif delivery.injected_cause == "safety_event":
            yield from self._accident(delivery)
        else:
            yield from self._hopelessly_stuck(delivery)

    # ------------------------------------------------------------ kinds of incidents

    def falter(self, wanted: Callable[[], bool]) -> Steps:
        """A failure the robot gets over by itself."""
        robot, fault = self._robot, self._pick(FAULTS)
        before, since = robot.state, robot.world.now
        error_id = self._break(fault)
        yield robot.world.sleep(around(self._chance, 50 * SECOND, 0.6))
        self._clear(error_id, fault, "self", since)
        robot.truth.works_again(robot.robot_id)
        robot.become(before if wanted() else "available")

    def _assisted(self, wanted: Callable[[], bool]) -> Steps:
        robot, fault = self._robot, self._pick(FAULTS)
        before, since = robot.state, robot.world.now
        error_id = self._break(fault)
        cause: Cause = (
            "localization_lost" if fault.component == "localization" else "low_confidence"
        )
        help_ = self._ask(cause, "high")
        yield from self._repeat_until(help_, fault)
        if self._chance.random() >= NEVER_CLEARED:
            self._clear(error_id, fault, "pilot", since)
        # A fetch that is held up this long may be someone else's by now.
        if self._chance.random() < 0.5:
            self._hand_back("pilot")
        robot.truth.works_again(robot.robot_id)
        robot.become(before if wanted() else "available")

    def _stuck(self, wanted: Callable[[], bool]) -> Steps:
        robot = self._robot
        before = robot.state
        yield from self._block(30)
        help_ = self._ask("stuck", "normal", solvable=self._chance.random() < 0.75)
        yield help_.done
        if not help_.done.value or self._chance.random() < 0.3:
            self._hand_back("dispatcher")
        if not help_.done.value:
            yield robot.world.sleep(around(self._chance, 4 * MINUTE))
        yield from robot.react()
        robot.become(before if wanted() else "available")

    def go_dark(self, wanted: Callable[[], bool]) -> Steps:
        """The robot falls out of contact and stops; the gateway notices.

        Later its computer boots again, or nothing was wrong but the contact.
        """
        robot, gateway = self._robot, self._robot.services.gateway
        before, last_seen, last_seq = robot.state, robot.world.now, robot.agent.last_seq
        dispatchable = robot.dispatchable
        boots_again = not robot.variety.happens(BACK_WITHOUT_REBOOT)
        robot.dark = True
        yield robot.world.sleep(SILENCE_BEFORE_LOST)
        gateway.log.event(
            Events.ROBOT_CONNECTION_LOST,
            {
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "last_seen_at": robot.world.instant(last_seen),
                "last_seq": last_seq,
                "last_emitter_id": robot.agent.emitter_id,
            },
        )
        robot.become("non_contactable", "connectivity", logged_by=gateway)
        yield robot.world.sleep(around(self._chance, 2 * MINUTE))
        self._hand_back("dispatcher", "robot_unreachable")
        if not boots_again:
            self._call_off_too_soon()
        yield robot.world.sleep(around(self._chance, 8 * MINUTE, 0.6))
        gateway.log.event(
            Events.ROBOT_CONNECTION_RESTORED,
            {
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "gap_s": (robot.world.now - last_seen) / SECOND,
                "first_seq": 1 if boots_again else last_seq + 1,
            },
        )
        if not boots_again:
            robot.dark = False
            if wanted():
                robot.resume(before, dispatchable)
            else:
                robot.become("available")
            return
        robot.agent.restart(robot.agent.version)
        robot.dark = False
        yield from robot.react()
        since = robot.world.now
        error_id = self._break(REBOOT)
        yield robot.world.sleep(around(self._chance, 15 * SECOND))
        self._clear(error_id, REBOOT, "self", since)
        robot.truth.works_again(robot.robot_id)
        robot.become(before if wanted() else "available")

    def _call_off_too_soon(self) -> None:
        """What a robot out of contact carries is given up, but the robot will bring it."""
        for job in self._robot.jobs:
            if job.picked_up and not job.ended and self._robot.variety.happens(CALLED_OFF_TOO_SOON):
                self._robot.dispatcher.log_cancelled(job, "system", "robot_failure")

    def _break_down(self, failed: Delivery | None) -> Steps:
        robot, fault = self._robot, self._pick(FAULTS)
        since = robot.world.now
        error_id = self._break(fault, severity="critical")
        help_ = self._ask("unknown", "urgent", solvable=False)
        yield from self._repeat_until(help_, fault)
        raise Broken("robot_error", fault.reason, failed, fault, error_id, since)

    def _accident(self, failed: Delivery) -> Steps:
        robot = self._robot
        tipped = self._chance.random() < 0.5
        robot.truth.broke(robot.robot_id, "tip_over" if tipped else "collision")
        self._safety("tip_over" if tipped else "collision", "critical")
        reason: DowntimeReason = "tipped_over" if tipped else "collision"
        yield robot.world.sleep(self._chance.uniform(60, 700))
        robot.become("fault", reason)
        help_ = self._ask("safety", "urgent", solvable=False)
        yield help_.done
        raise Broken("safety_event", reason, failed)

    def _hopelessly_stuck(self, failed: Delivery) -> Steps:
        reason = yield from self._block(45)
        for _ in range(2):
            help_ = self._ask("stuck", "high", solvable=False)
            yield help_.done
            yield self._robot.world.sleep(around(self._chance, 2 * MINUTE))
        raise Broken("robot_stuck", reason, failed, can_drive=True)

    def lid_fails(self, failed: Delivery) -> Steps:
        """The lid does not lock or open.

        Raises:
            Broken: always.
        """
        since = self._robot.world.now
        error_id = self._break(LID_FAULT)
        help_ = self._ask("lid", "high", solvable=False)
        yield from self._repeat_until(help_, LID_FAULT)
        raise Broken("lid_fault", LID_FAULT.reason, failed, LID_FAULT, error_id, since)

    def repair(self, broken: Broken) -> Steps:
        """Field staff come, fetch the robot and repair it."""
        robot, fault = self._robot, broken.fault
        yield robot.world.sleep(around(self._chance, 25 * MINUTE))
        if fault is not None:
            self._error(fault)
        yield robot.world.sleep(around(self._chance, 15 * MINUTE))
        ticket_id, began = f"W-{robot.world.number('ticket')}", robot.world.now
        log = robot.services.field_ops.log
        log.event(
            Events.ROBOT_MAINTENANCE_STARTED,
            {
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "work_type": "corrective",
                "ticket_id": ticket_id,
                "location": "depot" if self._chance.random() < 0.7 else "street",
            },
        )
        yield from robot.react()
        robot.become("maintenance", broken.reason)
        yield robot.world.sleep(around(self._chance, 80 * MINUTE))
        log.event(
            Events.ROBOT_MAINTENANCE_COMPLETED,
            {
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "work_type": "corrective",
                "ticket_id": ticket_id,
                "duration_s": (robot.world.now - began) / SECOND,
                "components": [fault.component if fault else "body"],
            },
        )
        robot.agent.restart(robot.agent.version)
        yield from robot.react()
        if fault is not None and broken.error_id and self._chance.random() >= NEVER_CLEARED:
            self._clear(broken.error_id, fault, "field", broken.since)
            yield from robot.react()
        robot.truth.works_again(robot.robot_id)
        robot.become("available")

    # ------------------------------------------------------------ what they share

    def _break(self, fault: Fault, severity: Literal["major", "critical"] = "major") -> str:
        """Be out of order and say so; returns the id of the error."""
        robot = self._robot
        robot.truth.broke(robot.robot_id, fault.code)
        error_id = self._error(fault, severity=severity)
        robot.become("fault", fault.reason)
        if robot.variety.happens(SPREADING):
            robot.world.env.process(self._spread(fault))
        if robot.variety.happens(TOLD_MANY_TIMES):
            robot.world.env.process(self._tell_again(fault))
        return error_id

    def _spread(self, fault: Fault) -> Steps:
        """Other components fail of what one of them has."""
        robot, chance = self._robot, self._robot.variety.chance
        others = [other for other in FAULTS if other.component != fault.component]
        for other in chance.sample(others, chance.randint(1, 3)):
            yield robot.world.sleep(chance.uniform(50, 1_500))
            self._error(other)

    def _tell_again(self, fault: Fault) -> Steps:
        """The robot raises the same error every few seconds for as long as it is switched on."""
        robot, chance = self._robot, self._robot.variety.chance
        yield robot.world.sleep(chance.uniform(5, 30) * SECOND)
        while robot.state == "fault":
            self._error(fault)
            yield robot.world.sleep(chance.uniform(5, 30) * SECOND)

    def _pick(self, faults: tuple[Fault, ...]) -> Fault:
        (fault,) = self._chance.choices(faults, [fault.weight for fault in faults])
        return fault

    def _known_delivery(self, share: float) -> str | None:
        jobs = self._robot.jobs
        return jobs[0].delivery_id if len(jobs) == 1 and self._chance.random() < share else None

    def _error(
        self, fault: Fault, failure: bool = True, severity: Literal["major", "critical"] = "major"
    ) -> str:
        robot = self._robot
        data: RobotError = {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "error_code": fault.code,
            "component": fault.component,
            "severity": severity if failure else "minor",
            "is_failure": failure,
            "recoverable": severity != "critical",
            "detail": fault.detail,
            "hardware_version": robot.hardware,
        }
        if known := self._known_delivery(0.2):
            data["delivery_id"] = known
        event_id = robot.agent.log.event(Events.ROBOT_ERROR, data)
        if failure:
            robot.truth.told(robot.robot_id, event_id)
        return event_id

    def _clear(self, error_id: str, fault: Fault, resolution: Resolution, since: int) -> None:
        robot = self._robot
        data: RobotErrorCleared = {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "error_code": fault.code,
            "error_event_id": error_id,
            "resolution": resolution,
            "down_s": (robot.world.now - since) / SECOND,
        }
        robot.agent.log.event(Events.ROBOT_ERROR_CLEARED, data)

    def _repeat_until(self, help_: Help, fault: Fault) -> Steps:
        """The robot raises the same error again and again while it waits for the pilot."""
        while not help_.done.triggered:
            yield help_.done | self._robot.world.sleep(self._chance.uniform(40, 100) * SECOND)
            if not help_.done.triggered:
                self._error(fault)
        yield from self._robot.react()

    def _ask(self, cause: Cause, priority: Priority, solvable: bool = True) -> Help:
        robot = self._robot
        for job in robot.jobs:
            job.assists += 1
        known = robot.jobs[0].delivery_id if len(robot.jobs) == 1 else None
        return robot.desk.ask(robot.robot_id, robot.agent.version, cause, priority, known, solvable)

    def _block(self, seconds: int) -> StepsTo[DowntimeReason]:
        """Say that the robot is stuck and become blocked; returns the reason."""
        robot = self._robot
        cause, reason = self._chance.choice(STUCK)
        yield robot.world.sleep(seconds * SECOND)
        latitude, longitude = robot.market.coordinates(robot.place)
        data: RobotStuck = {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "cause": cause,
            "lat": latitude,
            "lon": longitude,
            "autonomy_mode": "autonomous",
            "stuck_s": seconds,
        }
        if known := self._known_delivery(0.5):
            data["delivery_id"] = known
        robot.agent.log.event(Events.ROBOT_STUCK, data)
        robot.become("blocked", reason)
        yield from robot.react()
        return reason

    def _safety(
        self,
        kind: Literal["collision", "tip_over", "e_stop", "near_miss"],
        severity: Literal["minor", "critical"],
    ) -> None:
        robot = self._robot
        latitude, longitude = robot.market.coordinates(robot.place)
        data: RobotSafetyEvent = {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "kind": kind,
            "severity": severity,
            "speed_mps": round(self._chance.uniform(0.2, 1.6), 2),
            "lat": latitude,
            "lon": longitude,
        }
        if known := self._known_delivery(0.5):
            data["delivery_id"] = known
        robot.agent.log.event(Events.ROBOT_SAFETY_EVENT, data)

    def _hand_back(
        self, by: Literal["dispatcher", "pilot"], reason: UnassignReason = "robot_blocked"
    ) -> None:
        """Give up the deliveries that are still to be fetched."""
        robot = self._robot
        for job in [*robot.jobs, *robot.queue]:
            if not (job.picked_up or job.loading or job.ended):
                robot.dispatcher.take_off(job, by, reason)
