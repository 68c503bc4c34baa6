"""Customers: when they order, what becomes of the order, and when they change their mind."""

import math
from typing import Literal

from fleet_events.events import Events, OrderCancelled, OrderCompleted

from fleet.simulator.dispatch import Dispatcher
from fleet.simulator.emitters import Services
from fleet.simulator.merchants import Merchant, Merchants
from fleet.simulator.orders import Delivery, Order, Who, Why
from fleet.simulator.variety import ORDERED_AGAIN, POOLED, TRIED_AGAIN, Variety
from fleet.simulator.world import (
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

# How busy each local hour is, from midnight; the sum is what an average day brings.
DEMAND = (0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 8, 13, 12, 7, 6, 7, 10, 13, 12, 8, 5, 1, 0)
ORDERS_PER_ROBOT_DAY = 16.5

NOT_ELIGIBLE = 0.06
REJECTED = 0.02
CHANGES_MIND = 0.035
MERCHANT_CANCELS = 0.005
SECOND_TRY = 0.3

Reason = Literal["range", "weather", "size"]
NOT_ELIGIBLE_BECAUSE: tuple[Reason, ...] = ("range", "range", "size", "weather")
CHANNELS: tuple[Literal["app", "web", "partner_api"], ...] = ("app", "app", "web", "partner_api")
REJECTED_BECAUSE: tuple[Literal["too_busy", "out_of_stock"], ...] = ("too_busy", "out_of_stock")
CHANGE_BECAUSE: tuple[Why, ...] = ("customer_request", "too_late")


class Ordering:
    """The customers of one market."""

    def __init__(
        self,
        world: World,
        services: Services,
        market: Market,
        merchants: Merchants,
        dispatcher: Dispatcher,
        robots: int,
    ) -> None:
        self._world = world
        self._services = services
        self._market = market
        self._merchants = merchants
        self._dispatcher = dispatcher
        self._chance = world.chance("orders", market.name)
        self._variety = Variety(world, "orders", market.name)
        self._per_demand = robots * ORDERS_PER_ROBOT_DAY / sum(DEMAND)
        world.env.process(self._demand())

    def _demand(self) -> Steps:
        busiest = max(DEMAND) * self._per_demand
        while True:
            yield self._world.sleep(self._chance.expovariate(busiest / HOUR))
            demand = DEMAND[local_time_of_day(self._world.now) // HOUR]
            merchants = self._merchants.taking_orders()
            if merchants and self._chance.random() < demand / max(DEMAND):
                self._world.env.process(self._order(self._place_order(merchants)))

    def _place_order(self, merchants: list[Merchant]) -> Order:
        chance, now = self._chance, self._world.now
        merchant = chance.choice(merchants)
        bearing, distance = chance.uniform(0, 2 * math.pi), chance.triangular(300, 1_500, 650)
        customer = Place(
            merchant.place.east + distance * math.cos(bearing),
            merchant.place.north + distance * math.sin(bearing),
        )
        order = Order(
            f"O-{self._world.number('order', 1001)}",
            merchant,
            customer,
            created_at=now,
            promised_at=now + round(chance.uniform(35, 60)) * MINUTE,
        )
        self._services.order.log.event(
            Events.ORDER_CREATED,
            {
                "order_id": order.order_id,
                "merchant_id": merchant.merchant_id,
                "market": self._market.name,
                "channel": chance.choice(CHANNELS),
                "items": chance.randint(1, 8),
                "value_cents": round(around(chance, 2_800, 0.5)),
                "currency": "USD",
                "promised_at": self._world.instant(order.promised_at),
                "route_m": round(merchant.place.street_distance(customer), 1),
            },
        )
        return order

    def _order(self, order: Order) -> Steps:
        """The life of an order."""
        world, chance = self._world, self._chance
        merchant_id = order.merchant.merchant_id
        world.env.process(self._change_of_mind(order))
        yield world.sleep(chance.uniform(300, 2_500))
        eligible = chance.random() >= NOT_ELIGIBLE
        self._services.order.log.event(
            Events.ORDER_ELIGIBILITY_DECIDED,
            {
                "order_id": order.order_id,
                "merchant_id": merchant_id,
                "market": self._market.name,
                "eligible": eligible,
                "reason": "none" if eligible else chance.choice(NOT_ELIGIBLE_BECAUSE),
            },
        )
        yield world.sleep(around(chance, 40 * SECOND, 0.6))
        if order.closed:
            return
        if chance.random() < REJECTED:
            self._services.merchant.log.event(
                Events.MERCHANT_ORDER_REJECTED,
                {
                    "order_id": order.order_id,
                    "merchant_id": merchant_id,
                    "market": self._market.name,
                    "reason": chance.choice(REJECTED_BECAUSE),
                },
            )
            yield world.sleep(chance.uniform(200, 900))
            self._cancel_order(order, "merchant", "merchant_unavailable")
            return
        takes = around(chance, 9 * MINUTE)
        self._services.merchant.log.event(
            Events.MERCHANT_ORDER_CONFIRMED,
            {
                "order_id": order.order_id,
                "merchant_id": merchant_id,
                "market": self._market.name,
                "prep_estimate_s": round(takes / MINUTE) * 60,
            },
        )
        if not eligible:
            world.env.process(self._merchants.prepare(order, round(takes)))
            yield from self._fall_back(order)
            return

        yield world.sleep(chance.uniform(1, 20) * SECOND)
        if order.closed:
            return
        delivery = self._dispatcher.pool(order) if self._variety.happens(POOLED) else None
        delivery = delivery or self._dispatcher.request(order)
        if delivery.injected_cause == "merchant_not_ready":
            takes += 60 * MINUTE
        world.env.process(self._merchants.prepare(order, round(takes)))
        yield from self._follow(order, delivery)

    def _follow(self, order: Order, delivery: Delivery) -> Steps:
        world, chance = self._world, self._chance
        outcome = yield delivery.finished
        yield world.sleep(chance.uniform(300, 1_500))
        if outcome == "completed":
            self._complete(order, "robot", delivery.delivery_id)
        elif order.closed:
            return
        elif outcome == "cancelled":
            self._cancel_order(order, "system", "robot_failure")
        elif self._is_tried_again(delivery):
            yield from self._try_again(order, delivery)
        elif delivery.spoilt and self._variety.happens(ORDERED_AGAIN):
            again = self._dispatcher.request(order)
            self._make_anew(order)
            yield from self._follow(order, again)
        elif not delivery.picked_up and order.ready_at and chance.random() < SECOND_TRY:
            # The food is still there: a little later another robot gets a delivery of its own.
            yield world.sleep(around(chance, 6 * MINUTE))
            if order.closed:
                return
            yield from self._follow(order, self._dispatcher.request(order))
        elif delivery.at_customer:
            self._cancel_order(order, "system", "robot_failure")
        else:
            yield from self._fall_back(order)

    def _is_tried_again(self, delivery: Delivery) -> bool:
        failed_at_hand = delivery.spoilt or (not delivery.picked_up and delivery.robot_tried)
        once = delivery.tries == 1 and not delivery.pooled
        return failed_at_hand and once and self._variety.happens(TRIED_AGAIN)

    def _try_again(self, order: Order, delivery: Delivery) -> Steps:
        """Another robot brings the goods, or new ones, under the delivery's id."""
        yield self._world.sleep(around(self._variety.chance, 4 * MINUTE))
        if delivery.spoilt:
            self._make_anew(order)
        self._dispatcher.try_again(delivery)
        yield from self._follow(order, delivery)

    def _make_anew(self, order: Order) -> None:
        order.ready_at = None
        takes = round(around(self._variety.chance, 9 * MINUTE))
        self._world.env.process(self._merchants.prepare(order, takes))

    def _fall_back(self, order: Order) -> Steps:
        yield self._world.sleep(around(self._chance, 25 * MINUTE))
        if not order.closed:
            self._complete(order, "fallback", None)

    def _complete(
        self, order: Order, by: Literal["robot", "fallback"], delivery_id: str | None
    ) -> None:
        now = self._world.now
        data: OrderCompleted = {
            "order_id": order.order_id,
            "merchant_id": order.merchant.merchant_id,
            "market": self._market.name,
            "fulfilled_by": by,
            "total_s": (now - order.created_at) / SECOND,
            "late_s": (now - order.promised_at) / SECOND,
        }
        if delivery_id is not None:
            data["delivery_id"] = delivery_id
        self._services.order.log.event(Events.ORDER_COMPLETED, data)
        order.closed = True

    def _change_of_mind(self, order: Order) -> Steps:
        draw = self._chance.random()
        if draw >= CHANGES_MIND + MERCHANT_CANCELS:
            return
        yield self._world.sleep(around(self._chance, 9 * MINUTE, 0.7))
        if order.closed:
            return
        if draw < CHANGES_MIND:
            yield from self._cancel(order, "customer", self._chance.choice(CHANGE_BECAUSE))
        else:
            yield from self._cancel(order, "merchant", "out_of_stock")

    def _cancel(self, order: Order, who: Who, why: Why) -> Steps:
        delivery = order.delivery
        if delivery is None:
            self._cancel_order(order, who, why)
            return
        # Too late: the robot is being loaded or waits at the door.
        if delivery.ended or delivery.at_customer or (delivery.loading and not delivery.picked_up):
            return
        if (who == "merchant" and delivery.picked_up) or delivery.pooled:
            return
        order.closed = True
        self._dispatcher.cancel(delivery, who, why, f"cancelled_by_{who}")
        yield self._world.sleep(self._chance.uniform(100, 600))
        self._cancel_order(order, who, why)

    def _cancel_order(self, order: Order, who: Who, why: Why) -> None:
        order.closed = True
        data: OrderCancelled = {
            "order_id": order.order_id,
            "merchant_id": order.merchant.merchant_id,
            "market": self._market.name,
            "cancelled_by": who,
            "stage": order.stage,
            "reason": why,
        }
        if order.delivery is not None:
            data["delivery_id"] = order.delivery.delivery_id
        self._services.order.log.event(Events.ORDER_CANCELLED, data)
