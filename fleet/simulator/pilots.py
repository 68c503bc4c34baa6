"""Remote pilots: shifts, breaks, and the sessions in which they help robots."""

import heapq
from dataclasses import dataclass
from typing import Literal

import simpy
from fleet_events.events import (
    Events,
    PilotControlChanged,
    PilotHelpRequested,
    PilotSessionEnded,
    PilotSessionStarted,
)

from fleet.simulator.emitters import Emitter
from fleet.simulator.truth import Truth
from fleet.simulator.world import DAY, HOUR, MINUTE, SECOND, Steps, World, around

Cause = Literal[
    "stuck",
    "crossing",
    "obstacle",
    "localization_lost",
    "low_confidence",
    "lid",
    "customer",
    "safety",
    "unknown",
]
Priority = Literal["low", "normal", "high", "urgent"]
URGENCY: dict[Priority, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}

# Hours of the UTC day; 16:00 local is midnight UTC, so the evening crew takes over then.
SHIFTS = ((0, 8), (8, 16), (16, 24))
NIGHT_SHIFT = 1
BREAK = 15 * MINUTE
ROBOTS_PER_PILOT = 10


@dataclass
class Help:
    """A robot's call for a pilot; `done` fires with whether the pilot could help."""

    help_id: str
    robot_id: str
    software_version: str
    delivery_id: str | None
    cause: Cause
    solvable: bool
    asked_at: int
    done: simpy.Event


@dataclass
class _Pilot:
    pilot_id: str
    on_duty: bool = False
    busy: bool = False
    free_since: int = 0


class PilotDesk:
    """The pilots of one market and the robots that wait for them."""

    def __init__(
        self, world: World, console: Emitter, truth: Truth, market: str, robots: int
    ) -> None:
        self._world = world
        self._console = console
        self._truth = truth
        self._market = market
        self._chance = world.chance("pilots", market)
        self._waiting: list[tuple[int, int, Help]] = []
        self._pilots: list[_Pilot] = []
        crew = max(2, round(robots / ROBOTS_PER_PILOT))
        for shift, hours in enumerate(SHIFTS):
            for _ in range(1 if shift == NIGHT_SHIFT else crew):
                pilot = _Pilot(f"P-{world.number('pilot')}")
                self._pilots.append(pilot)
                world.env.process(self._roster(pilot, *hours))

    def ask(
        self,
        robot_id: str,
        software_version: str,
        cause: Cause,
        priority: Priority,
        delivery_id: str | None = None,
        solvable: bool = True,
    ) -> Help:
        """Ask for a pilot. A pilot comes sooner or later; wait for `done` of what is returned."""
        number = self._world.number("help")
        known = delivery_id if self._chance.random() < 0.5 else None
        help_ = Help(
            f"help-{number}",
            robot_id,
            software_version,
            known,
            cause,
            solvable,
            self._world.now,
            self._world.env.event(),
        )
        data: PilotHelpRequested = {
            "robot_id": robot_id,
            "market": self._market,
            "help_id": help_.help_id,
            "cause": cause,
            "priority": priority,
        }
        if known:
            data["delivery_id"] = known
        self._console.log.event(Events.PILOT_HELP_REQUESTED, data)
        heapq.heappush(self._waiting, (URGENCY[priority], number, help_))
        self._match()
        return help_

    def _match(self) -> None:
        free = sorted(
            (pilot for pilot in self._pilots if pilot.on_duty and not pilot.busy),
            key=lambda pilot: pilot.free_since,
        )
        for pilot in free:
            if not self._waiting:
                return
            _, _, help_ = heapq.heappop(self._waiting)
            pilot.busy = True
            self._world.env.process(self._session(pilot, help_))

    def _session(self, pilot: _Pilot, help_: Help) -> Steps:
        world, chance, log = self._world, self._chance, self._console.log
        yield world.sleep(around(chance, 4 * SECOND))
        session_id = f"session-{world.number('session')}"
        began = world.now
        started: PilotSessionStarted = {
            "pilot_id": pilot.pilot_id,
            "robot_id": help_.robot_id,
            "market": self._market,
            "session_id": session_id,
            "help_id": help_.help_id,
            "cause": help_.cause,
            "queue_s": (began - help_.asked_at) / SECOND,
        }
        if help_.delivery_id:
            started["delivery_id"] = help_.delivery_id
        log.event(Events.PILOT_SESSION_STARTED, started)
        self._truth.session_started(pilot.pilot_id, help_.robot_id)

        yield world.sleep(around(chance, 3 * SECOND))
        mode: Literal["assisted", "remote"] = (
            "assisted" if help_.cause == "crossing" and chance.random() < 0.5 else "remote"
        )
        took_over = world.now
        takeover: PilotControlChanged = {
            "pilot_id": pilot.pilot_id,
            "robot_id": help_.robot_id,
            "market": self._market,
            "session_id": session_id,
            "from_mode": "autonomous",
            "to_mode": mode,
            "cause": help_.cause,
            "latency_ms": round(around(chance, 90)),
            "software_version": help_.software_version,
        }
        log.event(Events.PILOT_CONTROL_CHANGED, takeover)

        work = 30 * SECOND if help_.cause == "crossing" else 90 * SECOND
        yield world.sleep(around(chance, work, 0.5) + (0 if help_.solvable else 3 * MINUTE))
        release: PilotControlChanged = {
            "pilot_id": pilot.pilot_id,
            "robot_id": help_.robot_id,
            "market": self._market,
            "session_id": session_id,
            "from_mode": mode,
            "to_mode": "autonomous",
            "cause": "resolved" if help_.solvable else help_.cause,
            "latency_ms": round(around(chance, 90)),
            "software_version": help_.software_version,
        }
        log.event(Events.PILOT_CONTROL_CHANGED, release)
        help_.done.succeed(help_.solvable)
        driven = world.now - took_over

        yield world.sleep(around(chance, 2 * SECOND))
        ended: PilotSessionEnded = {
            "pilot_id": pilot.pilot_id,
            "robot_id": help_.robot_id,
            "market": self._market,
            "session_id": session_id,
            "duration_s": (world.now - began) / SECOND,
            "remote_s": driven / SECOND if mode == "remote" else 0,
            "outcome": "resolved" if help_.solvable else "unresolved",
        }
        if help_.delivery_id:
            ended["delivery_id"] = help_.delivery_id
        log.event(Events.PILOT_SESSION_ENDED, ended)
        self._truth.session_ended(pilot.pilot_id)
        pilot.busy = False
        pilot.free_since = world.now
        self._match()

    def _roster(self, pilot: _Pilot, first_hour: int, last_hour: int) -> Steps:
        """Shift changes are made by the roster at their time, whatever the pilot is doing."""
        world = self._world
        begins = first_hour * HOUR
        while True:
            if begins > world.now:
                yield world.sleep(begins - world.now)
            self._change(pilot, "on")
            for rest in sorted(begins + self._chance.uniform(a, a + 1) * HOUR for a in (2, 5)):
                yield world.sleep(rest - world.now)
                self._change(pilot, "break")
                yield world.sleep(BREAK)
                self._change(pilot, "on")
            yield world.sleep(begins + (last_hour - first_hour) * HOUR - world.now)
            self._change(pilot, "off")
            begins += DAY

    def _change(self, pilot: _Pilot, status: Literal["on", "break", "off"]) -> None:
        pilot.on_duty = status == "on"
        self._console.log.event(
            Events.PILOT_SHIFT_CHANGED,
            {
                "pilot_id": pilot.pilot_id,
                "market": self._market,
                "status": status,
                "site": f"{self._market}-1",
            },
        )
        self._match()
