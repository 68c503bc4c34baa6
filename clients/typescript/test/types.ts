/**
 * Wrong calls are type errors, and right calls are not. Nothing here runs: the build fails where
 * a line marked @ts-expect-error is accepted, or another is not.
 */

import { bindContext, Events, getLogger, type RobotLidChanged } from "../src/index.js";

const logger = getLogger({ service: "robot-agent" });
const ids = { delivery_id: "D-99", robot_id: "R-42", order_id: "O-12", merchant_id: "M-7" };
const { order_id: _, ...idsWithoutOrder } = ids;

export function right(): string {
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: 84.2 });
  logger.event("delivery.pickup_completed", { ...ids, wait_s: 84.2 });
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: 84, loaded_by: "merchant", market: "la" });
  logger.event(Events.ROBOT_CONNECTION_LOST, { robot_id: "R-42", last_seen_at: new Date() });
  const payload: RobotLidChanged = { robot_id: "R-42", to: "locked" };
  logger.event(Events.ROBOT_LID_CHANGED, payload);
  logger.info({ angle: 12.5 }, "lid is %s", "open");
  return bindContext({ delivery_id: "D-99", trace_id: "1" }, () =>
    logger.event(Events.ROBOT_HEARTBEAT, { robot_id: "R-42", state: "available" }),
  );
}

export function wrong(): void {
  // @ts-expect-error an unknown event
  logger.event(Events.DELIVERY_PICKUP_DONE, { ...ids, wait_s: 84.2 });
  // @ts-expect-error an unknown event as text
  logger.event("delivery.pickup_done", { ...ids, wait_s: 84.2 });
  // @ts-expect-error a missing field
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids });
  // @ts-expect-error a missing id
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...idsWithoutOrder, wait_s: 84.2 });
  // @ts-expect-error a value that is not listed
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: 84.2, loaded_by: "nobody" });
  // @ts-expect-error a state that is never logged
  logger.event(Events.ROBOT_HEARTBEAT, { robot_id: "R-42", state: "unobserved" });
  // @ts-expect-error an unknown field
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: 84.2, wait: 84.2 });
  // @ts-expect-error a wrong type
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: "84.2" });
  // @ts-expect-error null, which is not absent
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...ids, wait_s: 84.2, loaded_by: null });
  // @ts-expect-error the payload of another event
  logger.event(Events.ROBOT_LID_CHANGED, { robot_id: "R-42", state: "available" });
  // @ts-expect-error an unknown context
  bindContext({ delivery: "D-99" }, () => undefined);
}
