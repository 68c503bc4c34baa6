"""One simulation from settings to files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleet_events.events import Events

from fleet.registry import Registry
from fleet.simulator.dispatch import Dispatcher
from fleet.simulator.emitters import Emitters, Services
from fleet.simulator.merchants import Merchants
from fleet.simulator.ordering import Ordering
from fleet.simulator.pilots import PilotDesk
from fleet.simulator.releases import FIRST_VERSION, releases
from fleet.simulator.robots import Robot
from fleet.simulator.transport import BATCH, Transport, Write, into_folder
from fleet.simulator.troubles import Spell, Troubles
from fleet.simulator.truth import Truth
from fleet.simulator.world import MARKETS, MINUTE, SECOND, Settings, Steps, World

EVENTS = "events/v1"
"""Where Vector puts events, below the landing path."""

GATEWAY_TIMEOUT = 3 * MINUTE
FIRST_MARKET_SHARE = 0.6


@dataclass(frozen=True)
class Result:
    """What one simulation wrote."""

    line_counts: dict[str, int]
    outcomes: dict[str, int]
    file_count: int


def landing_folder(out: Path) -> Path:
    """Where the event files of a simulation into `out` are."""
    return out / "landing" / EVENTS


def simulate_fleet(
    settings: Settings,
    registry: Registry,
    out: Path,
    progress: Callable[[int], None] = lambda now: None,
    land: Write | None = None,
    batch: int = BATCH,
) -> Result:
    """Simulate a fleet and write `out`/landing and `out`/truth.

    Every line goes through `logger.event()` in its strict mode, so that an event that does not
    fit the registry stops the simulation with EventRejected. `progress` is called with the
    simulated milliseconds so far, at least once a `batch`, which is how many milliseconds go into
    one event file. `land`, where given, takes the event files in place of `out`/landing.
    """
    world = World(settings)
    truth = Truth(world)
    robot_ids = [f"R-{number}" for number in range(1, settings.robots + 1)]
    troubles = Troubles(world, robot_ids)
    transport = Transport(
        world, registry, troubles, land or into_folder(landing_folder(out)), batch
    )
    emitters = Emitters(world, truth, transport, troubles)
    services = Services(emitters)
    heartbeating = frozenset(
        state.name for state in registry.robot_states if state.expects_heartbeat
    )

    robots: list[Robot] = []
    first_share = max(1, round(FIRST_MARKET_SHARE * settings.robots))
    for market, ids in zip(
        MARKETS, (robot_ids[:first_share], robot_ids[first_share:]), strict=True
    ):
        if not ids:
            continue
        merchants = Merchants(world, services.merchant, market, len(ids))
        desk = PilotDesk(world, services.pilots, truth, market.name, len(ids))
        fleet = [
            Robot(
                world,
                services,
                emitters.robot(robot_id, FIRST_VERSION),
                truth,
                market,
                desk,
                merchants.all[number % len(merchants.all)].place,
                heartbeating,
            )
            for number, robot_id in enumerate(ids)
        ]
        dispatcher = Dispatcher(world, services, truth, market, fleet)
        for robot in fleet:
            robot.dispatcher = dispatcher
            world.env.process(robot.work())
            for spell in troubles.spells(robot.robot_id):
                world.env.process(_gateway(world, services, robot, spell))
        Ordering(world, services, market, merchants, dispatcher, len(ids))
        robots += fleet
    world.env.process(releases(world, services, robots))

    for until in range(0, settings.end + 1, min(10 * MINUTE, batch)):
        # simpy stops before what happens at `until`; the last instant belongs to the period.
        world.env.run(until=until + 1)
        transport.flush(before=until)
        progress(until)
    transport.flush()
    counts = transport.line_counts
    truth.write(out / "truth", counts)
    return Result(counts, truth.outcomes, transport.file_count)


def _gateway(world: World, services: Services, robot: Robot, spell: Spell) -> Steps:
    """The gateway stops hearing a robot whose lines do not get through, then hears it again."""
    yield world.sleep(spell.began + GATEWAY_TIMEOUT - world.now)
    if robot.dark or robot.state in ("offline", "maintenance"):
        return
    last_seq = robot.agent.last_seq
    services.gateway.log.event(
        Events.ROBOT_CONNECTION_LOST,
        {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "last_seen_at": world.instant(spell.began),
        },
    )
    yield world.sleep(spell.ended + SECOND - world.now)
    services.gateway.log.event(
        Events.ROBOT_CONNECTION_RESTORED,
        {
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "gap_s": (world.now - spell.began) / SECOND,
            "first_seq": max(last_seq, robot.agent.last_seq) + 1,
        },
    )
