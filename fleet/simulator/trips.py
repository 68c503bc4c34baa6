"""A robot's trip: fetch one or two deliveries at a merchant and bring them to the customers."""

from typing import TYPE_CHECKING, Literal, get_args

from fleet_events.events import Events, RobotLidChanged

from fleet.simulator.incidents import Broken, UnassignReason
from fleet.simulator.orders import Delivery
from fleet.simulator.variety import CALLED_OFF, HANDED_OVER
from fleet.simulator.world import MINUTE, SECOND, Steps, around

if TYPE_CHECKING:
    from fleet.simulator.robots import Robot

PATIENCE_AT_MERCHANT = 20 * MINUTE
PATIENCE_AT_CUSTOMER = 9 * MINUTE

Lid = Literal["open", "closed", "locked", "unlocked"]
DropoffReason = Literal[
    "customer_absent", "no_access", "lid_fault", "robot_fault", "robot_blocked", "theft", "other"
]
DROPOFF_WORDS: tuple[DropoffReason, ...] = get_args(DropoffReason)
PickupReason = Literal[
    "no_food", "no_staff", "merchant_closed", "lid_fault", "robot_fault", "other"
]
PICKUP_WORDS: tuple[PickupReason, ...] = get_args(PickupReason)

CAUSES_ON_THE_WAY = ("robot_error", "safety_event", "robot_stuck")
DROPOFF_REASONS: dict[str, DropoffReason] = {
    "robot_stuck": "robot_blocked",
    "lid_fault": "lid_fault",
}


def serve(robot: "Robot") -> Steps:
    """Serve the robot's jobs to their ends; breaking down on the way is one of them."""
    try:
        yield from _fetch(robot)
        # All may have been taken off, and another one given since, which is still to be fetched.
        if any(job.picked_up for job in robot.jobs):
            yield from _bring(robot)
    except Broken as broken:
        yield from give_up(robot, broken)


def give_up(robot: "Robot", broken: Broken) -> Steps:
    """End what cannot be ended otherwise, then see that the robot gets going again."""
    reason: UnassignReason = "robot_blocked" if broken.can_drive else "robot_fault"
    to_return = []
    yield from robot.react()
    for job in [*robot.jobs, *robot.queue]:
        if job.ended:
            # Called back on its way: the goods are still to be returned.
            to_return.append(job)
        elif robot.variety.happens(CALLED_OFF):
            robot.dispatcher.cancel(job, "system", "robot_failure", broken.cause)
        elif job.picked_up and not broken.can_drive and robot.variety.happens(HANDED_OVER):
            robot.dispatcher.hand_over(job, reason, broken.cause)
        elif job.picked_up:
            word = DROPOFF_REASONS.get(broken.cause, "robot_fault")
            _fail_dropoff(robot, job, word, "return" if broken.can_drive else "discard")
            job.spoilt = not broken.can_drive
            robot.dispatcher.finish(job, "failed", broken.cause)
        elif job is broken.failed:
            _fail_pickup(robot, job, "lid_fault", broken.cause)
        else:
            robot.dispatcher.take_off(job, "robot", reason)
        if job in robot.jobs and job not in to_return:
            to_return.append(job)
    if not broken.can_drive:
        for job in to_return:
            robot.let_go(job)
    yield from robot.react()
    if not broken.can_drive:
        yield from robot.incidents.repair(broken)
    elif to_return:
        try:
            yield from _take_back(robot, to_return)
        except Broken as again:
            yield from give_up(robot, again)
    else:
        robot.become("available")


def _fetch(robot: "Robot") -> Steps:
    first = robot.jobs[0]
    yield from robot.react()
    if not robot.jobs:
        return
    if robot.state not in ("available", "returning", "at_customer"):
        robot.become("available")
        yield from robot.react()
    robot.become("assigned")
    yield from robot.react()
    for job in robot.jobs:
        _set_out(robot, job)
    yield from robot.drive(first.fetched_from, lambda: bool(robot.jobs))
    if robot.jobs:
        robot.become("at_merchant")
    if robot.jobs and robot.jobs[0].holder is not None:
        yield from _take_over(robot, robot.jobs[0], robot.jobs[0].holder)
    while waiting := [job for job in robot.jobs if not job.picked_up]:
        yield from robot.react()
        for job in waiting:
            if not job.ended and job.arrived_at is None:
                _arrive(robot, job)
        present = [(job, job.arrived_at) for job in waiting if job.arrived_at is not None]
        ready = [job for job, _ in present if job.is_ready]
        left = [at + PATIENCE_AT_MERCHANT - robot.world.now for _, at in present]
        if ready:
            yield from _load(robot, ready[0])
        elif left and min(left) <= 0:
            reason: Literal["no_food", "no_staff"] = (
                "no_food" if robot.chance.random() < 0.7 else "no_staff"
            )
            _fail_pickup(robot, present[left.index(min(left))][0], reason, "merchant_not_ready")
        elif left:
            yield from robot.rest(min(left))
    if not robot.jobs:
        yield from robot.react()
        robot.become("available")


def _set_out(robot: "Robot", job: Delivery) -> None:
    job.set_out_at = robot.world.now
    robot.services.delivery.log.event(
        Events.DELIVERY_PICKUP_EN_ROUTE,
        {
            "delivery_id": job.delivery_id,
            "robot_id": robot.robot_id,
            "merchant_id": job.order.merchant.merchant_id,
            "market": robot.market.name,
            "distance_m": round(robot.place.street_distance(job.fetched_from), 1),
            "autonomy_mode": "autonomous",
        },
    )


def _arrive(robot: "Robot", job: Delivery) -> None:
    now = job.arrived_at = robot.world.now
    if job.set_out_at is None:
        _set_out(robot, job)
    robot.services.delivery.log.event(
        Events.DELIVERY_PICKUP_ARRIVED,
        {
            "delivery_id": job.delivery_id,
            "robot_id": robot.robot_id,
            "merchant_id": job.order.merchant.merchant_id,
            "market": robot.market.name,
            "travel_s": (now - (job.set_out_at or now)) / SECOND,
            "eta_error_s": (now - job.assigned_at - job.eta_pickup) / SECOND,
        },
    )


def _load(robot: "Robot", job: Delivery) -> Steps:
    job.loading = True
    yield robot.world.sleep(around(robot.chance, 25 * SECOND))
    _lid(robot, job, "open", "merchant")
    if job.injected_cause == "lid_fault" and robot.chance.random() < 0.6:
        yield from robot.incidents.lid_fails(job)
    yield robot.world.sleep(around(robot.chance, 20 * SECOND))
    _lid(robot, job, "closed", "merchant")
    yield from robot.react()
    _lid(robot, job, "locked", "robot")
    yield from robot.react()
    _have_loaded(robot, job, "merchant")


def _take_over(robot: "Robot", job: Delivery, giver: "Robot") -> Steps:
    """Load the goods of a robot that cannot go on; staff who are there carry them over."""
    job.arrived_at = robot.world.now
    job.loading = True
    yield robot.world.sleep(around(robot.chance, 40 * SECOND))
    _lid(giver, job, "open", "field_ops")
    yield from robot.react()
    _lid(robot, job, "open", "field_ops")
    yield robot.world.sleep(around(robot.chance, 20 * SECOND))
    _lid(robot, job, "closed", "field_ops")
    yield from robot.react()
    _lid(robot, job, "locked", "robot")
    yield from robot.react()
    job.holder = job.held_up_by = None
    _have_loaded(robot, job, "field_ops")


def _have_loaded(robot: "Robot", job: Delivery, by: Literal["merchant", "field_ops"]) -> None:
    job.picked_up = True
    for order in job.orders:
        robot.services.delivery.log.event(
            Events.DELIVERY_PICKUP_COMPLETED,
            {
                "delivery_id": job.delivery_id,
                "order_id": order.order_id,
                "robot_id": robot.robot_id,
                "merchant_id": order.merchant.merchant_id,
                "market": robot.market.name,
                "wait_s": (robot.world.now - (job.arrived_at or robot.world.now)) / SECOND,
                "loaded_by": by,
                "software_version": robot.agent.version,
            },
        )
    robot.truth.picked_up(job.delivery_id)


def _fail_pickup(
    robot: "Robot",
    job: Delivery,
    reason: PickupReason,
    cause: str,
) -> None:
    typed = robot.variety.typed(reason, PICKUP_WORDS)
    if typed != reason:
        robot.truth.typed(job.delivery_id)
    for order in job.orders:
        robot.services.delivery.log.event(
            Events.DELIVERY_PICKUP_FAILED,
            {
                "delivery_id": job.delivery_id,
                "order_id": order.order_id,
                "robot_id": robot.robot_id,
                "merchant_id": order.merchant.merchant_id,
                "market": robot.market.name,
                "reason": typed,
                "wait_s": (robot.world.now - (job.arrived_at or robot.world.now)) / SECOND,
                "software_version": robot.agent.version,
            },
        )
    job.robot_tried = True
    robot.dispatcher.finish(job, "failed", cause)


def _bring(robot: "Robot") -> Steps:
    """Bring the goods to the customers, nearest first; what cannot be handed over goes back."""
    jobs = sorted(robot.jobs, key=lambda job: robot.place.street_distance(job.order.customer))
    to_return = []
    for job in jobs:
        if not job.ended:
            yield from _bring_one(robot, job)
        if job.ended and job in robot.jobs:
            to_return.append(job)
    if to_return:
        yield from _take_back(robot, to_return)


def _bring_one(robot: "Robot", job: Delivery) -> Steps:
    customer, log = job.order.customer, robot.services.delivery.log
    yield from robot.react()
    job.left_at = robot.world.now
    distance = round(robot.place.street_distance(customer), 1)
    log.event(
        Events.DELIVERY_DROPOFF_EN_ROUTE,
        {
            "delivery_id": job.delivery_id,
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "distance_m": distance,
            "autonomy_mode": "autonomous",
        },
    )
    yield from robot.react()
    robot.become("in_transit")
    failing = job if job.injected_cause in CAUSES_ON_THE_WAY else None
    yield from robot.drive(customer, lambda: not job.ended, failing)
    if job.ended:
        return
    job.at_customer = True
    arrived_at = robot.world.now
    robot.become("at_customer")
    yield from robot.react()
    log.event(
        Events.DELIVERY_DROPOFF_ARRIVED,
        {
            "delivery_id": job.delivery_id,
            "robot_id": robot.robot_id,
            "market": robot.market.name,
            "travel_s": (robot.world.now - job.left_at) / SECOND,
            "distance_m": distance,
            "eta_error_s": round((arrived_at - job.left_at) / SECOND - distance / 1.4, 1),
        },
    )
    yield from robot.react()
    log.event(
        Events.DELIVERY_CUSTOMER_NOTIFIED,
        {
            "delivery_id": job.delivery_id,
            "market": robot.market.name,
            "channel": robot.chance.choice(CHANNELS),
            "delivered_ok": robot.chance.random() < 0.99,
        },
    )
    if job.injected_cause in ("customer_absent", "no_access"):
        yield robot.world.sleep(PATIENCE_AT_CUSTOMER + around(robot.chance, 30 * SECOND))
        absent = job.injected_cause == "customer_absent"
        _fail_dropoff(robot, job, "customer_absent" if absent else "no_access", "return")
        robot.dispatcher.finish(job, "failed", job.injected_cause)
        return
    yield robot.world.sleep(around(robot.chance, 80 * SECOND, 0.6))
    if robot.chance.random() < 0.02:
        yield robot.world.sleep(PATIENCE_AT_CUSTOMER)
        _fail_dropoff(robot, job, "customer_absent", "retry")
        yield robot.world.sleep(around(robot.chance, 2 * MINUTE))
    yield from _hand_over(robot, job, arrived_at, distance)


CHANNELS: tuple[Literal["push", "sms"], ...] = ("push", "push", "sms")
METHODS: tuple[Literal["pin", "app"], ...] = ("app", "app", "pin")


def _hand_over(robot: "Robot", job: Delivery, arrived_at: int, distance: float) -> Steps:
    log, attempt = robot.services.delivery.log, 1
    while True:
        success = robot.chance.random() < 0.93
        log.event(
            Events.DELIVERY_UNLOCK_ATTEMPTED,
            {
                "delivery_id": job.delivery_id,
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "method": robot.chance.choice(METHODS),
                "success": success,
                "attempt": attempt,
            },
        )
        yield from robot.react()
        if success:
            break
        attempt += 1
        yield robot.world.sleep(around(robot.chance, 12 * SECOND))
    if job.injected_cause == "lid_fault":
        yield from robot.incidents.lid_fails(job)
    _lid(robot, job, "unlocked", "robot")
    yield robot.world.sleep(around(robot.chance, 5 * SECOND))
    _lid(robot, job, "open", "customer")
    yield robot.world.sleep(around(robot.chance, 14 * SECOND))
    _lid(robot, job, "closed", "customer")
    yield from robot.react()
    _lid(robot, job, "locked", "robot")
    yield from robot.react()
    for order in job.orders:
        log.event(
            Events.DELIVERY_DROPOFF_COMPLETED,
            {
                "delivery_id": job.delivery_id,
                "order_id": order.order_id,
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "wait_s": (robot.world.now - arrived_at) / SECOND,
                "total_s": (robot.world.now - job.assigned_at) / SECOND,
                "distance_m": distance,
                "assists": job.assists,
                "software_version": robot.agent.version,
            },
        )
    robot.let_go(job)
    robot.dispatcher.finish(job, "completed", "none")


def _fail_dropoff(
    robot: "Robot",
    job: Delivery,
    reason: DropoffReason,
    disposition: Literal["return", "retry", "discard"],
) -> None:
    typed = robot.variety.typed(reason, DROPOFF_WORDS)
    if typed != reason and disposition != "retry":
        robot.truth.typed(job.delivery_id)
    for order in job.orders:
        robot.services.delivery.log.event(
            Events.DELIVERY_DROPOFF_FAILED,
            {
                "delivery_id": job.delivery_id,
                "order_id": order.order_id,
                "robot_id": robot.robot_id,
                "market": robot.market.name,
                "reason": typed,
                "disposition": disposition,
                "software_version": robot.agent.version,
            },
        )


def _take_back(robot: "Robot", jobs: list[Delivery]) -> Steps:
    """Bring goods back to their merchant; they came from one, so it is one way."""
    began = robot.world.now
    robot.become("returning", dispatchable=False)
    robot.jobs[:] = jobs
    yield from robot.drive(jobs[0].order.merchant.place, lambda: True)
    for job in jobs:
        yield robot.world.sleep(around(robot.chance, 40 * SECOND))
        _lid(robot, job, "open", "merchant")
        yield robot.world.sleep(around(robot.chance, 12 * SECOND))
        _lid(robot, job, "locked", "robot")
        yield from robot.react()
        robot.services.delivery.log.event(
            Events.DELIVERY_RETURN_COMPLETED,
            {
                "delivery_id": job.delivery_id,
                "robot_id": robot.robot_id,
                "merchant_id": job.order.merchant.merchant_id,
                "market": robot.market.name,
                "reason": "cancelled" if job.finished.value == "cancelled" else "dropoff_failed",
                "total_s": (robot.world.now - began) / SECOND,
            },
        )
        robot.let_go(job)


def _lid(
    robot: "Robot",
    job: Delivery,
    to: Lid,
    actor: Literal["merchant", "customer", "robot", "field_ops"],
) -> None:
    data: RobotLidChanged = {
        "robot_id": robot.robot_id,
        "market": robot.market.name,
        "to": to,
        "actor": actor,
    }
    # The robot knows its trip; older agents leave the id out of what the lid does.
    if robot.hardware != "hw-2" or robot.chance.random() < 0.3:
        data["delivery_id"] = job.delivery_id
    robot.agent.log.event(Events.ROBOT_LID_CHANGED, data)
