"""The dispatcher of a market: finds a robot for each delivery and changes its mind at times."""

from typing import TYPE_CHECKING, Literal

from fleet_events.events import DeliveryCancelled, DispatchAssigned, Events

from fleet.simulator.emitters import Services
from fleet.simulator.incidents import UnassignReason
from fleet.simulator.orders import INJECTED_CAUSES, WHYS, Delivery, Order, Who, Why
from fleet.simulator.truth import Outcome, Truth
from fleet.simulator.variety import Variety
from fleet.simulator.world import MINUTE, SECOND, Market, Steps, StepsTo, World

if TYPE_CHECKING:
    from fleet.simulator.robots import Robot

SEARCH_TIME = 10 * MINUTE
FARTHEST = 3_500.0


class Dispatcher:
    """Offers deliveries to the robots of one market."""

    def __init__(
        self,
        world: World,
        services: Services,
        truth: Truth,
        market: Market,
        robots: list["Robot"],
    ) -> None:
        self._world = world
        self._service = services.dispatch
        self._deliveries = services.delivery
        self._truth = truth
        self._market = market
        self._robots = robots
        self._chance = world.chance("dispatch", market.name)
        self._variety = Variety(world, "dispatch", market.name)
        self._open: list[Delivery] = []

    def request(self, order: Order) -> Delivery:
        """Make a delivery for the order and start to look for a robot."""
        (cause,) = self._chance.choices(list(INJECTED_CAUSES), list(INJECTED_CAUSES.values()))
        delivery = Delivery(
            f"D-{self._world.number('delivery', 501)}", order, cause, self._world.env.event()
        )
        self._log_requested(delivery, order)
        self._truth.requested(delivery.delivery_id, order.order_id, order.merchant.merchant_id)
        self._open = [other for other in self._open if not other.ended] + [delivery]
        self._world.env.process(self._find(delivery))
        return delivery

    def pool(self, order: Order) -> Delivery | None:
        """Let a delivery that is still to be fetched at the order's merchant carry it too."""
        for delivery in self._open:
            if delivery.order.merchant is order.merchant and delivery.can_take_more:
                break
        else:
            return None
        delivery.pooled.append(order)
        order.customer = delivery.order.customer
        self._log_requested(delivery, order)
        self._truth.pooled(delivery.delivery_id, order.order_id)
        if delivery.robot is not None:
            self._log_assigned(delivery.robot, delivery, order, None)
        return delivery

    def _log_requested(self, delivery: Delivery, order: Order) -> None:
        order.delivery = delivery
        self._service.log.event(
            Events.DISPATCH_REQUESTED,
            {
                "delivery_id": delivery.delivery_id,
                "order_id": order.order_id,
                "merchant_id": order.merchant.merchant_id,
                "market": self._market.name,
                "candidates": sum(robot.is_free for robot in self._robots),
                "requested_for_at": self._world.instant(self._world.now + 8 * MINUTE),
            },
        )

    def try_again(self, delivery: Delivery) -> None:
        """Look for another robot for a delivery that failed."""
        delivery.start_afresh(self._world.env.event())
        self._truth.tried_again(delivery.delivery_id)
        self._world.env.process(self._find(delivery))

    def hand_over(self, delivery: Delivery, reason: UnassignReason, cause: str) -> None:
        """Look for a robot that fetches the goods from the one that cannot go on with them."""
        giver = delivery.robot
        assert giver is not None
        self._log_unassigned(delivery, giver, "dispatcher", reason)
        giver.let_go(delivery)
        delivery.hand_back()
        delivery.injected_cause = "none"
        delivery.loading = delivery.picked_up = delivery.at_customer = False
        delivery.holder, delivery.held_up_by = giver, cause
        self._world.env.process(self._find(delivery))

    def cancel(self, delivery: Delivery, who: Who, why: Why, cause: str) -> None:
        """Call the delivery off for good."""
        self.log_cancelled(delivery, who, why)
        self.finish(delivery, "cancelled", cause)

    def log_cancelled(self, delivery: Delivery, who: Who, why: Why) -> None:
        """Say that the delivery is called off, with the reason as a person typed it."""
        typed = self._variety.typed(why, WHYS)
        if typed != why:
            self._truth.typed(delivery.delivery_id)
        for order in delivery.orders:
            data: DeliveryCancelled = {
                "delivery_id": delivery.delivery_id,
                "order_id": order.order_id,
                "market": self._market.name,
                "cancelled_by": who,
                "stage": order.stage,
                "reason": typed,
            }
            if delivery.robot is not None:
                data["robot_id"] = delivery.robot.robot_id
            self._deliveries.log.event(Events.DELIVERY_CANCELLED, data)

    def take_off(
        self,
        delivery: Delivery,
        by: Literal["dispatcher", "robot", "pilot"],
        reason: UnassignReason,
    ) -> None:
        """Take the robot off a delivery that is still to be fetched and look for another one."""
        robot = delivery.robot
        if robot is None:
            return
        self._log_unassigned(delivery, robot, by, reason)
        self._release(delivery)
        self._world.env.process(self._find(delivery))

    def _log_unassigned(
        self,
        delivery: Delivery,
        robot: "Robot",
        by: Literal["dispatcher", "robot", "pilot"],
        reason: UnassignReason,
    ) -> None:
        self._service.log.event(
            Events.DISPATCH_UNASSIGNED,
            {
                "delivery_id": delivery.delivery_id,
                "robot_id": robot.robot_id,
                "market": self._market.name,
                "reason": "pilot_decision" if by == "pilot" else reason,
                "by": by,
            },
        )

    def finish(self, delivery: Delivery, outcome: Outcome, cause: str) -> None:
        """The delivery ended now. Goods on board stay with the robot, for it to return."""
        robot_id = None if delivery.robot is None else delivery.robot.robot_id
        self._truth.ended(delivery.delivery_id, outcome, cause, robot_id)
        delivery.ended = True
        if delivery.robot is not None and not delivery.picked_up:
            self._release(delivery)
        elif delivery.robot is not None:
            delivery.robot.wake()
        delivery.finished.succeed(outcome)

    def _release(self, delivery: Delivery) -> None:
        robot = delivery.robot
        assert robot is not None
        robot.let_go(delivery, is_done=delivery.ended)
        delivery.hand_back()
        robot.wake()

    def _find(self, delivery: Delivery) -> Steps:
        yield self._world.sleep(self._chance.uniform(300, 1_500))
        give_up_at = self._world.now + SEARCH_TIME
        declined: list[Robot] = []
        while not delivery.ended:
            robot = self._choose(delivery, declined)
            if robot is not None:
                if (yield from self._offer(robot, delivery)):
                    return
                declined.append(robot)
            elif self._world.now >= give_up_at:
                self._give_up(delivery)
            else:
                declined.clear()
                yield self._world.sleep(self._chance.uniform(20, 45) * SECOND)

    def _choose(self, delivery: Delivery, declined: list["Robot"]) -> "Robot | None":
        place = delivery.fetched_from
        willing = [robot for robot in self._robots if not robot.reserved and robot not in declined]
        if self._chance.random() < 0.6:
            for robot in willing:
                if robot.can_stack(delivery):
                    return robot
        near = [
            (robot.place.street_distance(place), number, robot)
            for number, robot in enumerate(willing)
            if robot.is_free
        ]
        if near:
            distance, _, robot = min(near)
            return robot if distance < FARTHEST else None
        if self._chance.random() < 0.25:
            return next((robot for robot in willing if robot.can_queue()), None)
        return None

    def _offer(self, robot: "Robot", delivery: Delivery) -> StepsTo[bool]:
        """Offer the delivery to the robot; returns whether the search is over."""
        delivery.attempts += 1
        offer_id = f"offer-{self._world.number('offer')}"
        seconds = round(robot.place.street_distance(delivery.fetched_from) / 1.4)
        robot.reserved = True
        self._service.log.event(
            Events.DISPATCH_OFFER_SENT,
            {
                "delivery_id": delivery.delivery_id,
                "order_id": delivery.order.order_id,
                "robot_id": robot.robot_id,
                "market": self._market.name,
                "offer_id": offer_id,
                "attempt": delivery.attempts,
                "eta_pickup_s": seconds,
                "battery_pct": robot.battery,
            },
        )
        yield self._world.sleep(self._chance.uniform(400, 3_000))
        robot.reserved = False
        if delivery.ended:
            return True
        takes = robot.is_free or robot.can_stack(delivery) or robot.can_queue()
        if not takes or self._chance.random() < 0.08:
            reason: Literal["fault", "timeout"] = "timeout" if takes else "fault"
            self._service.log.event(
                Events.DISPATCH_OFFER_DECLINED,
                {
                    "delivery_id": delivery.delivery_id,
                    "robot_id": robot.robot_id,
                    "market": self._market.name,
                    "offer_id": offer_id,
                    "attempt": delivery.attempts,
                    "reason": reason,
                },
            )
            return False
        self._assign(robot, delivery, seconds, offer_id)
        return True

    def _assign(
        self, robot: "Robot", delivery: Delivery, seconds: int, offer_id: str | None
    ) -> None:
        delivery.assigned_at = self._world.now
        delivery.eta_pickup = seconds * SECOND
        offer_id = offer_id or f"offer-{self._world.number('offer')}"
        for order in delivery.orders:
            self._log_assigned(robot, delivery, order, offer_id)
        delivery.robot = robot
        # A robot that is not on its way to a merchant takes the delivery as its next one.
        robot.take(delivery, is_next=not (robot.is_free or robot.can_stack(delivery)))
        robot.wake()
        self._world.env.process(self._reconsider(delivery, robot))

    def _log_assigned(
        self, robot: "Robot", delivery: Delivery, order: Order, offer_id: str | None
    ) -> None:
        seconds = delivery.eta_pickup // SECOND
        onwards = round(delivery.fetched_from.street_distance(order.customer) / 1.4)
        data: DispatchAssigned = {
            "delivery_id": delivery.delivery_id,
            "order_id": order.order_id,
            "robot_id": robot.robot_id,
            "merchant_id": order.merchant.merchant_id,
            "market": self._market.name,
            "attempt": delivery.attempts,
            "eta_pickup_s": seconds,
            "eta_dropoff_s": seconds + onwards + 300,
        }
        if offer_id is not None:
            data["offer_id"] = offer_id
        self._service.log.event(Events.DISPATCH_ASSIGNED, data)

    def _reconsider(self, delivery: Delivery, robot: "Robot") -> Steps:
        """Give the delivery to a robot that is nearer by now, straight from the first one."""
        yield self._world.sleep(self._chance.uniform(45, 200) * SECOND)
        if self._chance.random() > 0.25 or delivery.robot is not robot:
            return
        if delivery.ended or delivery.arrived_at is not None or delivery.loading:
            return
        place = delivery.fetched_from
        left = robot.place.street_distance(place)
        others = [
            (other.place.street_distance(place), number, other)
            for number, other in enumerate(self._robots)
            if other.is_free and not other.reserved and other is not robot
        ]
        if not others or (min(others)[0] > left * 0.8 and delivery in robot.jobs):
            return
        distance, _, other = min(others)
        self._release(delivery)
        delivery.attempts += 1
        self._assign(other, delivery, round(distance / 1.4), None)

    def _give_up(self, delivery: Delivery) -> None:
        for order in delivery.orders:
            self._service.log.event(
                Events.DISPATCH_FAILED,
                {
                    "delivery_id": delivery.delivery_id,
                    "order_id": order.order_id,
                    "market": self._market.name,
                    "reason": "no_robot",
                    "attempts": delivery.attempts,
                    "fallback": "courier",
                },
            )
        delivery.spoilt = delivery.holder is not None
        self.finish(delivery, "failed", delivery.held_up_by or "no_robot")
