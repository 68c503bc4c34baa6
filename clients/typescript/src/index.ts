/** Typed business events of a delivery-robot fleet, one JSON line each. */

export { bindContext } from "./context.js";
export { EventLogger, EventRejected, type Options } from "./eventLogger.js";
export * from "./events.js";
export { getLogger, type Logger, type LoggerOptions } from "./logger.js";
