"""The loggers of the simulated services and robots: the real ones, with clock and chance held."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from fleet_events.events import Events, TelemetryEmitterRestarted, TypedEventLogger
from fleet_events.logger import get_logger

from fleet.simulator.transport import Transport
from fleet.simulator.troubles import STAMPS_SENDING, Troubles
from fleet.simulator.truth import LineFacts, Truth
from fleet.simulator.world import World

ROBOT_AGENT = "robot-agent"


class _Event(msgspec.Struct):
    name: str


class _Line(msgspec.Struct):
    event_id: str
    evt: _Event
    service: str
    emitter_id: str
    seq: int
    order_id: str | None = None
    delivery_id: str | None = None
    robot_id: str | None = None
    merchant_id: str | None = None
    pilot_id: str | None = None


class Emitter:
    """One service or robot agent: `log` is the logger of its present boot and version."""

    def __init__(
        self,
        world: World,
        service: str,
        host: str,
        version: str,
        clock: Callable[[], datetime],
        deliver: Callable[[bytes], None],
    ) -> None:
        self._world = world
        self._clock = clock
        self._deliver = deliver
        self._chance = world.chance("emitter", service, host)
        self.service = service
        self.host = host
        self.emitter_id = ""
        self.last_seq = 0
        self.log: TypedEventLogger
        self._begin(version)

    def restart(self, version: str) -> None:
        """Begin a new boot: a new emitter_id, `seq` from 1 again, `version` on its lines.

        Its first event names the boot before and its last `seq`, which every host keeps.
        """
        restarted: TelemetryEmitterRestarted = {
            "last_emitter_id": self.emitter_id,
            "last_seq": self.last_seq,
        }
        if self.service == ROBOT_AGENT:
            restarted["robot_id"] = self.host
        self._begin(version)
        self.log.event(Events.TELEMETRY_EMITTER_RESTARTED, restarted)

    def _begin(self, version: str) -> None:
        boot = self._chance.randbytes(2).hex()
        self.emitter_id = f"{self.service}/{self.host}/{boot}"
        self.version = version
        self.last_seq = 0
        # A robot's monotonic clock starts with its boot and drifts with nothing.
        booted_at = self._world.now - self._chance.randint(8_000, 20_000)
        self.log = get_logger(
            service=self.service,
            env="prod",
            version=version,
            host=self.host,
            write=self._write,
            clock=self._clock,
            entropy=self._chance.randbytes,
            boot=boot,
            monotonic_ms=(
                (lambda: self._world.now - booted_at) if self.service == ROBOT_AGENT else None
            ),
        )

    def _write(self, line: bytes) -> None:
        self.last_seq += 1
        self._deliver(line)


class Emitters:
    """Makes emitters and hands each of their lines to the truth and to the transport."""

    def __init__(
        self, world: World, truth: Truth, transport: Transport, troubles: Troubles
    ) -> None:
        self._world = world
        self._truth = truth
        self._transport = transport
        self._troubles = troubles
        self._decoder = msgspec.json.Decoder(_Line)
        self._chance = world.chance("emitters")
        # Robots and services that say when they send a line.
        self._say_when: set[str] = set()

    def service(self, name: str, version: str) -> Emitter:
        """The emitter of a service; its clock is right."""
        self._choose(name)
        return Emitter(
            self._world,
            name,
            f"{name}-1",
            version,
            lambda: self._world.instant(self._world.now),
            self._carry_for_service,
        )

    def robot(self, robot_id: str, version: str) -> Emitter:
        """The emitter of a robot's agent; its clock may be wrong."""
        self._choose(robot_id)
        return Emitter(
            self._world,
            ROBOT_AGENT,
            robot_id,
            version,
            lambda: self._world.instant(
                self._world.now + self._troubles.clock_offset(robot_id, self._world.now)
            ),
            self._carry_for_robot,
        )

    def _choose(self, name: str) -> None:
        if self._chance.random() < STAMPS_SENDING:
            self._say_when.add(name)

    def _carry_for_service(self, line: bytes) -> None:
        self._carry(line, is_robot=False)

    def _carry_for_robot(self, line: bytes) -> None:
        self._carry(line, is_robot=True)

    def _carry(self, line: bytes, is_robot: bool) -> None:
        record = self._decoder.decode(line)
        facts = LineFacts(
            event_id=record.event_id,
            event_name=record.evt.name,
            service=record.service,
            emitter_id=record.emitter_id,
            seq=record.seq,
            order_id=record.order_id,
            delivery_id=record.delivery_id,
            robot_id=record.robot_id,
            merchant_id=record.merchant_id,
            pilot_id=record.pilot_id,
        )
        # What the services log in the last instant marks the end of the period, so it must come
        # through: truth and models then speak of the same hours.
        is_last = not is_robot and self._world.now == self._world.settings.end
        sender = facts.robot_id or "" if is_robot else facts.service
        fate = self._transport.carry(
            line.rstrip(b"\n"), facts, is_robot, is_last, sender in self._say_when
        )
        self._truth.emitted(facts, fate)


class Services:
    """The services of the platform, one emitter each."""

    def __init__(self, emitters: Emitters) -> None:
        self.order = emitters.service("order-service", "5.3.0")
        self.merchant = emitters.service("merchant-service", "3.8.2")
        self.dispatch = emitters.service("dispatch-service", "2.14.0")
        self.delivery = emitters.service("delivery-service", "4.1.0")
        self.gateway = emitters.service("robot-gateway", "1.9.4")
        self.pilots = emitters.service("pilot-console", "2.2.1")
        self.field_ops = emitters.service("field-ops", "1.4.0")
        self.deploys = emitters.service("deploy-pipeline", "1.0.3")
