"""What happens now and then in a fleet, beyond the everyday, and how often.

All of it is off in a clean log and comes with the troubles, as often as `Settings.variety` says.
"""

from collections.abc import Sequence
from typing import TypeVar

from fleet.simulator.world import World

# Shares of the occasions at which it can happen.
TRIED_AGAIN = 0.5  # a failed delivery, with another robot, under the id it has
ORDERED_AGAIN = 0.4  # an order whose goods were spoilt, with a delivery of its own
HANDED_OVER = 0.4  # goods of a robot that cannot go on, to another robot
CALLED_OFF = 0.3  # an order whose robot broke down
CALLED_OFF_TOO_SOON = 0.4  # a delivery whose robot is out of contact and brings it all the same
BACK_WITHOUT_REBOOT = 0.5  # a robot that was out of contact
UPDATED_IN_PASSING = 0.4  # an update, in the state the robot is in
SPREADING = 0.35  # a fault, to other components
TOLD_MANY_TIMES = 0.3  # a fault
POOLED = 0.03  # an order, into a delivery that waits at the same merchant
TYPED_OTHER = 0.3  # a reason that a person types: `other` in its place
TYPED_WRONG = 0.1  # a reason that a person types: another one in its place

# However many times the usual: all else must happen too.
MOST = 0.6

ReasonT = TypeVar("ReasonT", bound=str)


class Variety:
    """Whether the unusual happens to one part of the simulation.

    It has a chance of its own, so that a world without it stays as it was.
    """

    def __init__(self, world: World, *names: object) -> None:
        self._level = world.settings.variety
        self.chance = world.chance("variety", *names)

    def happens(self, share: float) -> bool:
        """Whether it happens this time."""
        return self._level > 0 and self.chance.random() < min(share * self._level, MOST)

    def typed(self, reason: ReasonT, choices: Sequence[ReasonT]) -> ReasonT:
        """The reason as a person types it; `choices` are those the registry has."""
        if self.happens(TYPED_OTHER):
            return choices[choices.index("other")]
        if self.happens(TYPED_WRONG):
            return self.chance.choice([choice for choice in choices if choice != reason])
        return reason
