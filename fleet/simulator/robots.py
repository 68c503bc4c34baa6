"""A robot: its state, battery and place, its heartbeat, and what it does all day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet_events.events import (
    DowntimeReason,
    Events,
    RobotHeartbeat,
    RobotState,
    RobotStateChanged,
)

from fleet.simulator import trips
from fleet.simulator.emitters import Emitter, Services
from fleet.simulator.incidents import Broken, Incidents
from fleet.simulator.orders import Delivery
from fleet.simulator.pilots import PilotDesk
from fleet.simulator.truth import Truth
from fleet.simulator.variety import UPDATED_IN_PASSING, Variety
from fleet.simulator.world import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Market,
    Place,
    Steps,
    World,
    around,
    local_time_of_day,
)

if TYPE_CHECKING:
    from fleet.simulator.dispatch import Dispatcher

METRES_PER_SECOND = 1.4
LOW_BATTERY = 28.0
FULL_BATTERY = 92.0

# Percent of the battery an hour in a state takes; charging gives.
DRAIN = {
    "assigned": 16.0,
    "in_transit": 16.0,
    "returning": 16.0,
    "repositioning": 16.0,
    "charging": -60.0,
    "off_shift": 0.5,
    "offline": 0.0,
    "maintenance": 0.0,
}
IDLE_DRAIN = 4.0


@dataclass(frozen=True)
class _Leg:
    """A drive under way, for the place of a robot between two points."""

    begin: Place
    end: Place
    began: int
    takes: int


class Robot:
    """One robot and its day."""

    def __init__(
        self,
        world: World,
        services: Services,
        agent: Emitter,
        truth: Truth,
        market: Market,
        desk: PilotDesk,
        home: Place,
        heartbeating: frozenset[str],
    ) -> None:
        self.world = world
        self.services = services
        self.agent = agent
        self.truth = truth
        self.market = market
        self.desk = desk
        self.home = home
        self.robot_id = agent.host
        self.chance = world.chance("robot", self.robot_id)
        self.hardware = self.chance.choice(("hw-2", "hw-3", "hw-3"))
        self.state: RobotState = "offline"
        self.reason: DowntimeReason | None = None
        self.dispatchable = False
        self.dark = False
        self.reserved = False
        self.jobs: list[Delivery] = []
        self.queue: list[Delivery] = []
        self.target_version = agent.version
        self.dispatcher: Dispatcher
        self.variety = Variety(world, "robot", self.robot_id)
        self.incidents = Incidents(self)
        self._heartbeating = heartbeating
        self._place = home
        self._leg: _Leg | None = None
        self._battery = self.chance.uniform(45, 95)
        self._battery_at = 0
        self._state_seq = self.chance.randint(100, 4_000)
        self._opens = 8 * HOUR + round(self.chance.uniform(-20, 20) * MINUTE)
        self._closes = 23 * HOUR + round(self.chance.uniform(-20, 20) * MINUTE)
        self._alarm = world.env.event()

    # ------------------------------------------------------------ what it is and where

    @property
    def place(self) -> Place:
        """Where the robot is now."""
        if self._leg is None:
            return self._place
        share = min(1.0, (self.world.now - self._leg.began) / self._leg.takes)
        return self._leg.begin.towards(self._leg.end, share)

    @property
    def battery(self) -> float:
        """Charge in percent."""
        hours = (self.world.now - self._battery_at) / HOUR
        charge = self._battery - hours * DRAIN.get(self.state, IDLE_DRAIN)
        return round(min(100.0, max(1.0, charge)), 1)

    @property
    def on_duty(self) -> bool:
        """Whether it is within the robot's hours of service."""
        return self._opens <= local_time_of_day(self.world.now) < self._closes

    @property
    def is_free(self) -> bool:
        """Whether the robot could take a delivery at once."""
        return (
            (self.state == "available" or (self.state == "returning" and self.dispatchable))
            and not (self.jobs or self.queue or self.dark)
            and self.on_duty
            and self.battery > LOW_BATTERY
        )

    def can_stack(self, delivery: Delivery) -> bool:
        """Whether the delivery could ride along with the one the robot is fetching."""
        return (
            self.state in ("assigned", "at_merchant")
            and not (self.queue or self.dark)
            and len(self.jobs) == 1
            and self.jobs[0].order.merchant is delivery.order.merchant
            and not (self.jobs[0].holder or delivery.holder)
            and not (self.jobs[0].loading or self.jobs[0].picked_up or self.jobs[0].ended)
        )

    def can_queue(self) -> bool:
        """Whether the robot could take a delivery as its next one, while still on its way."""
        return (
            self.state in ("in_transit", "at_customer")
            and not (self.queue or self.dark)
            and all(job.picked_up and not job.ended for job in self.jobs)
            and self.on_duty
            and self.battery > LOW_BATTERY + 10
        )

    # ------------------------------------------------------------ what it logs

    def become(
        self,
        state: RobotState,
        reason: DowntimeReason | None = None,
        dispatchable: bool | None = None,
        logged_by: Emitter | None = None,
    ) -> None:
        """Enter a state and say so; staying in it says nothing."""
        if dispatchable is None:
            dispatchable = state == "available"
        if (state, reason, dispatchable) == (self.state, self.reason, self.dispatchable):
            return
        self._battery, self._battery_at = self.battery, self.world.now
        before, self.state = self.state, state
        self.reason, self.dispatchable = reason, dispatchable
        self._state_seq += 1
        latitude, longitude = self.market.coordinates(self.place)
        data: RobotStateChanged = {
            "robot_id": self.robot_id,
            "market": self.market.name,
            "from_state": before,
            "to_state": state,
            "battery_pct": self.battery,
            "lat": latitude,
            "lon": longitude,
            "dispatchable": dispatchable,
            "state_seq": self._state_seq,
            "hardware_version": self.hardware,
        }
        if reason is not None:
            data["reason"] = reason
        if len(self.jobs) == 1 and self.chance.random() < 0.15:
            data["delivery_id"] = self.jobs[0].delivery_id
        event_id = (logged_by or self.agent).log.event(Events.ROBOT_STATE_CHANGED, data)
        self.truth.state_began(self.robot_id, state, reason or "none", dispatchable)
        if state == "fault":
            self.truth.told(self.robot_id, event_id)

    def resume(self, state: RobotState, dispatchable: bool) -> None:
        """Be in a state again and say nothing of it."""
        self._battery, self._battery_at = self.battery, self.world.now
        self.state, self.reason, self.dispatchable = state, None, dispatchable
        self.truth.state_began(self.robot_id, state, "none", dispatchable)

    def _heartbeats(self) -> Steps:
        phase = self.chance.randint(0, MINUTE - 1)
        signal = self.chance.uniform(-95, -70)
        while True:
            yield self.world.sleep(MINUTE - (self.world.now - phase) % MINUTE)
            if self.dark or self.state not in self._heartbeating:
                continue
            latitude, longitude = self.market.coordinates(self.place)
            beat: RobotHeartbeat = {
                "robot_id": self.robot_id,
                "market": self.market.name,
                "state": self.state,
                "battery_pct": self.battery,
                "signal_dbm": round(signal + self.chance.gauss(0, 4)),
                "lat": latitude,
                "lon": longitude,
                "last_seq": self.agent.last_seq,
                "dispatchable": self.dispatchable,
                "hardware_version": self.hardware,
            }
            self.agent.log.event(Events.ROBOT_HEARTBEAT, beat)

    # ------------------------------------------------------------ what it does

    def take(self, job: Delivery, is_next: bool) -> None:
        """Have a delivery to serve, now or once those it has are served."""
        (self.queue if is_next else self.jobs).append(job)
        self.truth.took(self.robot_id, job.delivery_id)

    def let_go(self, job: Delivery, is_done: bool = True) -> None:
        """Have a delivery no longer; `is_done` unless it was taken off the robot."""
        (self.jobs if job in self.jobs else self.queue).remove(job)
        self.truth.let_go(self.robot_id, job.delivery_id, is_done)

    def wake(self) -> None:
        """Tell the robot that something about its deliveries changed."""
        alarm, self._alarm = self._alarm, self.world.env.event()
        alarm.succeed()

    def rest(self, milliseconds: float) -> Steps:
        """Wait, or less when woken."""
        yield self.world.sleep(milliseconds) | self._alarm

    def react(self) -> Steps:
        """The moment between a message of a service and the robot's own doing."""
        yield self.world.sleep(self.chance.uniform(120, 1_400))

    def drive(
        self, end: Place, wanted: Callable[[], bool], failing: Delivery | None = None
    ) -> Steps:
        """Drive to `end` with whatever happens on the way, as long as it is `wanted`.

        Raises:
            Broken: the robot cannot go on; with a `failing` delivery it breaks for certain.
        """
        begin = self._place
        speed = METRES_PER_SECOND * self.chance.uniform(0.8, 1.15)
        takes = round(begin.street_distance(end) / speed * SECOND) + 5 * SECOND
        fails_at = takes * self.chance.uniform(0.2, 0.8) if failing else float("inf")
        driven = 0
        while driven < takes and wanted():
            incident = self.incidents.next_in()
            goal = round(min(takes - driven, incident, fails_at - driven))
            self._leg = _Leg(
                begin.towards(end, driven / takes), end, self.world.now, takes - driven
            )
            began = self.world.now
            yield from self.rest(goal)
            elapsed = self.world.now - began
            self._place, self._leg = self.place, None
            driven += elapsed
            if failing and driven >= fails_at:
                yield from self.incidents.fail(failing)
            elif elapsed >= incident and wanted():
                yield from self.incidents.happen(wanted)

    def work(self) -> Steps:
        """The life of the robot from the start of the simulation."""
        yield self.world.sleep(self.chance.uniform(200, 20_000))
        draw = self.chance.random()
        first = "operator_hold" if draw < 0.04 else "cleaning" if draw < 0.08 else None
        if first == "operator_hold":
            self.become("off_shift", "operator_hold")
        elif first == "cleaning":
            self.become("maintenance", "cleaning")
        elif draw < 0.18:
            self.become("charging", "charging")
        else:
            self.become("available")
        self.world.env.process(self._heartbeats())
        if first is not None:
            yield self.world.sleep(around(self.chance, 50 * MINUTE))
        elif self.state == "charging":
            yield from self._charge()
        if self.state != "available":
            self.become("available")
        while True:
            if not self.jobs and self.queue:
                self.jobs.append(self.queue.pop(0))
            if self.jobs:
                yield from trips.serve(self)
            elif self.state != "available":
                yield from self._go_home()
            elif not self.on_duty:
                yield from self._night()
            elif self.battery < LOW_BATTERY:
                self.become("charging", "battery_low" if self.battery < 15 else "charging")
                yield from self._charge()
                self.become("available")
            else:
                yield from self._wait_for_work()

    def _go_home(self) -> Steps:
        if self.state != "returning":
            self.become("returning", dispatchable=self.battery > LOW_BATTERY and self.on_duty)
        try:
            yield from self.drive(self.home, lambda: not self.jobs)
        except Broken as broken:
            yield from trips.give_up(self, broken)
        if not self.jobs:
            self.become("available")

    def _wait_for_work(self) -> Steps:
        until_close = self._closes - local_time_of_day(self.world.now)
        pause = min(self.chance.expovariate(1 / (12 * MINUTE)) + 3 * MINUTE, until_close)
        began = self.world.now
        yield from self.rest(pause)
        if self.jobs or self.reserved or self.world.now - began < pause:
            return
        draw = self.chance.random()
        try:
            if draw < 0.10:
                self.become("repositioning")
                yield from self.react()
                elsewhere = Place(self.chance.gauss(0, 450), self.chance.gauss(0, 450))
                yield from self.drive(elsewhere, lambda: not self.jobs)
            elif draw < 0.12:
                yield from self.incidents.falter(lambda: not self.jobs)
            elif draw < 0.128:
                yield from self.incidents.go_dark(lambda: not self.jobs)
            elif draw < 0.132:
                reason: DowntimeReason = "operator_hold" if draw < 0.130 else "permit"
                self.become("off_shift", reason)
                yield self.world.sleep(around(self.chance, 30 * MINUTE))
        except Broken as broken:
            yield from trips.give_up(self, broken)
        if not self.jobs:
            self.become("available")

    def _charge(self) -> Steps:
        missing = max(1.0, FULL_BATTERY - self.battery)
        yield self.world.sleep(missing / -DRAIN["charging"] * HOUR)

    def _night(self) -> Steps:
        self.become("charging", "charging")
        yield from self._charge()
        if self.agent.version != self.target_version:
            yield from self._update()
        elif self.chance.random() < 0.15:
            yield from self._service()
        switched_off = self.chance.random() < 0.4
        self.become("offline" if switched_off else "off_shift", "off_hours")
        yield self.world.sleep((self._opens - local_time_of_day(self.world.now)) % DAY)
        if switched_off:
            self.agent.restart(self.agent.version)
        self.become("available")

    def _service(self) -> Steps:
        """Planned work: cleaning or what the plan asks for."""
        cleaning = self.chance.random() < 0.5
        ticket_id = f"W-{self.world.number('ticket')}"
        log = self.services.field_ops.log
        began = self.world.now
        log.event(
            Events.ROBOT_MAINTENANCE_STARTED,
            {
                "robot_id": self.robot_id,
                "market": self.market.name,
                "work_type": "cleaning" if cleaning else "preventive",
                "ticket_id": ticket_id,
                "location": "depot",
            },
        )
        yield from self.react()
        self.become("maintenance", "cleaning" if cleaning else "scheduled_maintenance")
        yield self.world.sleep(around(self.chance, 60 * MINUTE))
        log.event(
            Events.ROBOT_MAINTENANCE_COMPLETED,
            {
                "robot_id": self.robot_id,
                "market": self.market.name,
                "work_type": "cleaning" if cleaning else "preventive",
                "ticket_id": ticket_id,
                "duration_s": (self.world.now - began) / SECOND,
            },
        )
        yield from self.react()

    def _update(self) -> Steps:
        if not self.variety.happens(UPDATED_IN_PASSING):
            self.become("maintenance", "sw_update")
        yield self.world.sleep(around(self.chance, 7 * MINUTE))
        before, wanted = self.agent.version, self.target_version
        succeeds = self.chance.random() < 0.93
        self.agent.restart(wanted if succeeds else before)
        self.agent.log.event(
            Events.ROBOT_SOFTWARE_UPDATED,
            {
                "robot_id": self.robot_id,
                "market": self.market.name,
                "component": self.agent.service,
                "from_version": before,
                "to_version": wanted,
                "result": "succeeded" if succeeds else "rolled_back",
            },
        )
        yield from self.react()
