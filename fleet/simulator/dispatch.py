"""The dispatcher of a market: finds a robot for each delivery and changes its mind at times."""

from typing import TYPE_CHECKING, Literal

from fleet_events.events import Events

from fleet.simulator.emitters import Emitter
from fleet.simulator.incidents import UnassignReason
from fleet.simulator.orders import INJECTED_CAUSES, Delivery, Order
from fleet.simulator.truth import Truth
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
        service: Emitter,
        truth: Truth,
        market: Market,
        robots: list["Robot"],
    ) -> None:
        self._world = world
        self._service = service
        self._truth = truth
        self._market = market
        self._robots = robots
        self._chance = world.chance("dispatch", market.name)

    def request(self, order: Order) -> Delivery:
        """Make a delivery for the order and start to look for a robot."""
        (cause,) = self._chance.choices(list(INJECTED_CAUSES), list(INJECTED_CAUSES.values()))
        delivery = Delivery(
            f"D-{self._world.number('delivery', 501)}", order, cause, self._world.env.event()
        )
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
        self._truth.requested(delivery.delivery_id, order.order_id, order.merchant.merchant_id)
        self._world.env.process(self._find(delivery))
        return delivery

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
        self._truth.unassigned(delivery.delivery_id, robot.robot_id)
        self._release(delivery)
        self._world.env.process(self._find(delivery))

    def finish(self, delivery: Delivery, outcome: str, cause: str) -> None:
        """The delivery ended now. Goods on board stay with the robot, for it to return."""
        self._truth.ended(delivery.delivery_id, outcome, cause)
        delivery.ended = True
        if delivery.robot is not None and not delivery.picked_up:
            self._release(delivery)
        elif delivery.robot is not None:
            delivery.robot.wake()
        delivery.finished.succeed(outcome)

    def _release(self, delivery: Delivery) -> None:
        robot = delivery.robot
        assert robot is not None
        for held in (robot.jobs, robot.queue):
            if delivery in held:
                held.remove(delivery)
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
        place = delivery.order.merchant.place
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
        seconds = round(robot.place.street_distance(delivery.order.merchant.place) / 1.4)
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
        order = delivery.order
        onwards = round(order.merchant.place.street_distance(order.customer) / 1.4)
        self._service.log.event(
            Events.DISPATCH_ASSIGNED,
            {
                "delivery_id": delivery.delivery_id,
                "order_id": order.order_id,
                "robot_id": robot.robot_id,
                "merchant_id": order.merchant.merchant_id,
                "market": self._market.name,
                "offer_id": offer_id or f"offer-{self._world.number('offer')}",
                "attempt": delivery.attempts,
                "eta_pickup_s": seconds,
                "eta_dropoff_s": seconds + onwards + 300,
            },
        )
        self._truth.assigned(delivery.delivery_id, robot.robot_id)
        delivery.robot = robot
        delivery.assigned_at = self._world.now
        delivery.eta_pickup = seconds * SECOND
        # A robot that is not on its way to a merchant takes the delivery as its next one.
        fetching = robot.is_free or robot.can_stack(delivery)
        (robot.jobs if fetching else robot.queue).append(delivery)
        robot.wake()
        self._world.env.process(self._reconsider(delivery, robot))

    def _reconsider(self, delivery: Delivery, robot: "Robot") -> Steps:
        """Give the delivery to a robot that is nearer by now, straight from the first one."""
        yield self._world.sleep(self._chance.uniform(45, 200) * SECOND)
        if self._chance.random() > 0.25 or delivery.robot is not robot:
            return
        if delivery.ended or delivery.arrived_at is not None or delivery.loading:
            return
        place = delivery.order.merchant.place
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
        self._service.log.event(
            Events.DISPATCH_FAILED,
            {
                "delivery_id": delivery.delivery_id,
                "order_id": delivery.order.order_id,
                "market": self._market.name,
                "reason": "no_robot",
                "attempts": delivery.attempts,
                "fallback": "courier",
            },
        )
        self.finish(delivery, "failed", "no_robot")
