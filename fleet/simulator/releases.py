"""Releases: services are deployed at once, robots get new software in their nights."""

from typing import Literal

from fleet_events.events import Events

from fleet.simulator.emitters import ROBOT_AGENT, Emitter, Services
from fleet.simulator.incidents import WORSE_VERSION
from fleet.simulator.robots import Robot
from fleet.simulator.world import DAY, HOUR, MINUTE, Steps, World

FIRST_VERSION = "4.2.1"
CANARY_SHARE = 0.4


def releases(world: World, services: Services, robots: list[Robot]) -> Steps:
    """The releases of one simulation: the robots' on two nights, a service's with a rollback."""
    chance = world.chance("releases")

    def announce(
        emitter: Emitter | None,
        component: str,
        version: str,
        before: str,
        kind: Literal["deploy", "rollback"] = "deploy",
        scope: str = "all",
    ) -> None:
        services.deploys.log.event(
            Events.RELEASE_DEPLOYED,
            {
                "component": component,
                "version": version,
                "previous_version": before,
                "kind": kind,
                "scope": scope,
            },
        )
        if emitter is not None:
            emitter.restart(version)

    dispatch, merchant = services.dispatch, services.merchant
    yield world.sleep(5.5 * HOUR)
    canary = sorted(chance.sample(range(len(robots)), max(1, round(CANARY_SHARE * len(robots)))))
    for number in canary:
        robots[number].target_version = WORSE_VERSION
    announce(None, ROBOT_AGENT, WORSE_VERSION, FIRST_VERSION, scope="canary")
    yield world.sleep(12 * HOUR + 20 * MINUTE)
    announce(dispatch, dispatch.service, "2.15.0", dispatch.version)
    yield world.sleep(2 * HOUR)
    stable = merchant.version
    announce(merchant, merchant.service, "3.9.0", stable)
    yield world.sleep(80 * MINUTE)
    announce(merchant, merchant.service, stable, "3.9.0", kind="rollback")
    yield world.sleep(DAY + 5.5 * HOUR - world.now)
    for robot in robots:
        robot.target_version = WORSE_VERSION
    announce(None, ROBOT_AGENT, WORSE_VERSION, FIRST_VERSION)
