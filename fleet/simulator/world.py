"""What every part of the simulation shares: settings, time, chance and geography."""

import math
import random
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import simpy

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Both markets lie on the US west coast and the default start is in November, so one fixed offset
# serves as local time and no test depends on a time-zone database.
UTC_OFFSET = -8 * HOUR

# Streets are longer than the line between two points.
DETOUR = 1.3

ResultT = TypeVar("ResultT")
StepsTo = Generator[simpy.Event, Any, ResultT]
Steps = StepsTo[None]


@dataclass(frozen=True)
class Settings:
    """What one simulation is asked for; the same settings give the same bytes."""

    robots: int
    days: int
    seed: int
    start: date
    clean: bool = False
    # How many times the usual troubles, of lines and of robots.
    times_troubled: float = 1.0
    # What a fleet does beyond the everyday (see variety.py): as often as the troubles, unless said.
    times_varied: float | None = None

    @property
    def troubles(self) -> float:
        """How many times the usual troubles; 0 is a clean log."""
        return 0.0 if self.clean else self.times_troubled

    @property
    def variety(self) -> float:
        """How many times as often as usual the unusual happens; 0 is never."""
        return self.troubles if self.times_varied is None else self.times_varied

    @property
    def start_at(self) -> datetime:
        """First instant of the simulation, UTC."""
        return datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)

    @property
    def end(self) -> int:
        """Last instant of the simulation, in milliseconds since its start."""
        return self.days * DAY


@dataclass(frozen=True)
class Place:
    """A point of a market, in metres east and north of its centre."""

    east: float
    north: float

    def street_distance(self, other: "Place") -> float:
        """Metres a robot drives from here to `other`."""
        return math.hypot(self.east - other.east, self.north - other.north) * DETOUR

    def towards(self, other: "Place", share: float) -> "Place":
        """The point after `share` (0 to 1) of the way to `other`."""
        return Place(
            self.east + (other.east - self.east) * share,
            self.north + (other.north - self.north) * share,
        )


@dataclass(frozen=True)
class Market:
    """A city the fleet works in."""

    name: str
    latitude: float
    longitude: float

    def coordinates(self, place: Place) -> tuple[float, float]:
        """Latitude and longitude of `place`, to the four decimals the registry allows."""
        latitude = self.latitude + place.north / 111_320
        longitude = self.longitude + place.east / (111_320 * math.cos(math.radians(self.latitude)))
        return round(latitude, 4), round(longitude, 4)


MARKETS = (
    Market("la", 34.0407, -118.2468),
    Market("sf", 37.7793, -122.4193),
)


class World:
    """The clock, the chance and the running numbers of one simulation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.env = simpy.Environment()
        self.start_at = settings.start_at
        self._minute = (-1, "")
        self._numbers: dict[str, int] = {}

    @property
    def now(self) -> int:
        """Milliseconds since the start of the simulation."""
        return self.env.now  # type: ignore[return-value]  # whole, as all waits are

    def instant(self, at: int) -> datetime:
        """The UTC time of `at`, milliseconds since the start of the simulation."""
        return self.start_at + timedelta(milliseconds=at)

    def timestamp(self, at: int) -> str:
        """The time of `at` as the registry writes timestamps."""
        minute, milliseconds = divmod(at, MINUTE)
        # Most lines share their minute with the one before.
        if minute != self._minute[0]:
            text = self.instant(minute * MINUTE).strftime("%Y-%m-%dT%H:%M")
            self._minute = minute, text
        seconds, milliseconds = divmod(milliseconds, SECOND)
        return f"{self._minute[1]}:{seconds:02}.{milliseconds:03}Z"

    def chance(self, *names: object) -> random.Random:
        """A stream of random numbers of its own for the part called `names`.

        Parts never share a stream, so that one more draw in one place (or a transport trouble
        switched off) leaves all others as they were.
        """
        return random.Random("/".join(map(str, (self.settings.seed, *names))))

    def number(self, kind: str, first: int = 1) -> int:
        """The next running number of `kind`."""
        number = self._numbers.get(kind, first)
        self._numbers[kind] = number + 1
        return number

    def sleep(self, milliseconds: float) -> simpy.Timeout:
        """Wait, at least one millisecond: all times are whole milliseconds."""
        return self.env.timeout(max(1, round(milliseconds)))


def local_time_of_day(at: int) -> int:
    """Milliseconds since local midnight at `at`, milliseconds since a start at 00:00 UTC."""
    return (at + UTC_OFFSET) % DAY


def around(chance: random.Random, middle: float, spread: float = 0.35) -> float:
    """A positive number scattered about `middle`, skewed to the right as durations are."""
    return middle * chance.lognormvariate(0.0, spread)
