"""Merchants: opening hours, pauses, and the kitchen that makes an order ready."""

from dataclasses import dataclass
from typing import Literal

from fleet_events.events import Events, MerchantOrderReady

from fleet.simulator.emitters import Emitter
from fleet.simulator.orders import Order
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

Reason = Literal["opening_hours", "too_busy", "staff", "technical"]
PAUSED_BECAUSE: tuple[Reason, ...] = ("too_busy", "staff", "technical")


@dataclass
class Merchant:
    """A shop or kitchen robots fetch goods from; hours are local times of day."""

    merchant_id: str
    place: Place
    opens: int
    closes: int
    paused: bool = False

    def is_open(self, at: int) -> bool:
        """Whether the merchant is within opening hours at `at`, a time of the simulation."""
        return self.opens <= local_time_of_day(at) < self.closes


class Merchants:
    """The merchants of one market."""

    def __init__(self, world: World, service: Emitter, market: Market, robots: int) -> None:
        self._world = world
        self._service = service
        self._market = market
        self._chance = world.chance("merchants", market.name)
        self.all = [self._build() for _ in range(max(2, robots // 2))]
        for merchant in self.all:
            world.env.process(self._open_and_close(merchant))
            world.env.process(self._pause(merchant))

    def _build(self) -> Merchant:
        chance = self._chance
        return Merchant(
            f"M-{self._world.number('merchant')}",
            Place(round(chance.gauss(0, 450)), round(chance.gauss(0, 450))),
            opens=round(chance.uniform(8, 11) * 4) * 15 * MINUTE,
            closes=round(chance.uniform(20, 22.5) * 4) * 15 * MINUTE,
        )

    def taking_orders(self) -> list[Merchant]:
        """Merchants that are open and not paused."""
        now = self._world.now
        return [merchant for merchant in self.all if merchant.is_open(now) and not merchant.paused]

    def _announce(
        self,
        merchant: Merchant,
        available: bool,
        reason: Reason,
    ) -> None:
        self._service.log.event(
            Events.MERCHANT_AVAILABILITY_CHANGED,
            {
                "merchant_id": merchant.merchant_id,
                "market": self._market.name,
                "available": available,
                "reason": reason,
            },
        )

    def _open_and_close(self, merchant: Merchant) -> Steps:
        while True:
            now = local_time_of_day(self._world.now)
            turns = [
                turn if turn > now else turn + DAY for turn in (merchant.opens, merchant.closes)
            ]
            yield self._world.sleep(min(turns) - now)
            self._announce(merchant, merchant.is_open(self._world.now), "opening_hours")

    def _pause(self, merchant: Merchant) -> Steps:
        chance = self._chance
        while True:
            yield self._world.sleep(chance.expovariate(1 / (12 * HOUR)))
            if not merchant.is_open(self._world.now):
                continue
            reason = chance.choice(PAUSED_BECAUSE)
            merchant.paused = True
            self._announce(merchant, False, reason)
            yield self._world.sleep(around(chance, 25 * MINUTE))
            merchant.paused = False
            self._announce(merchant, True, reason)

    def prepare(self, order: Order, takes: int) -> Steps:
        """Make the order ready after `takes` milliseconds and wake the robot that waits for it."""
        yield self._world.sleep(takes)
        order.ready_at = self._world.now
        ready: MerchantOrderReady = {
            "order_id": order.order_id,
            "merchant_id": order.merchant.merchant_id,
            "market": self._market.name,
            "prep_s": takes / SECOND,
        }
        if order.delivery is not None and self._chance.random() < 0.4:
            ready["delivery_id"] = order.delivery.delivery_id
        self._service.log.event(Events.MERCHANT_ORDER_READY, ready)
        if order.delivery is not None and order.delivery.robot is not None:
            order.delivery.robot.wake()
