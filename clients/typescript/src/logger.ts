/** A pino logger that also logs events, both on one stream. */

import { pino } from "pino";

import { boundContext, boundIds, boundTrace } from "./context.js";
import { EventLogger, type Options } from "./eventLogger.js";
import { serviceTags } from "./serviceTags.js";
import { emptyRecord, toJsonable } from "./values.js";

export interface LoggerOptions extends Options {
  /** Where lines go: a pino destination or transport; standard output by default. */
  destination?: pino.DestinationStream | undefined;
  /** Lowest level of ordinary log lines; info by default. Events are always written. */
  level?: pino.LevelWithSilent | undefined;
}

/** A pino logger with `event`, each event typed. */
export type Logger = pino.Logger & Pick<EventLogger, "event" | "emitterId" | "lost">;

const STATUS: Readonly<Record<string, string>> = { fatal: "critical" };

/**
 * The logger of this program.
 *
 * An ordinary line (`logger.info`) has the envelope of an event without `evt`: it goes where logs
 * go, not to the lake. What it was given is in `data`, an error under `err` in `error`.
 */
export function getLogger(options: LoggerOptions): Logger {
  // Written before `event` returns, so that a crash right after it loses nothing.
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  const events = new EventLogger(options, (line) => destination.write(line));
  const logger = pino(
    {
      level: options.level ?? "info",
      base: serviceTags(options),
      messageKey: "message",
      timestamp: () => `,"occurred_at":"${events.timeText()}"`,
      formatters: {
        level: (label) => ({ status: STATUS[label] ?? label }),
        log: ordinary,
      },
    },
    destination,
  );
  return Object.defineProperties(logger, {
    event: { value: events.event.bind(events) },
    emitterId: { value: events.emitterId },
    lost: { get: () => events.lost },
  }) as Logger;
}

/** What an ordinary line was given, in the places where an event has it. */
function ordinary(given: Record<string, unknown>): Record<string, unknown> {
  const context = boundContext();
  const { err, ...rest } = given;
  const line = emptyRecord();
  const trace = boundTrace(context);
  if (trace) line["dd"] = trace;
  Object.assign(line, boundIds(context));
  if (err instanceof Error) {
    line["error"] = {
      kind: err.name,
      message: toJsonable(err.message),
      stack: toJsonable(err.stack),
    };
  } else if (err !== undefined) {
    rest["err"] = err;
  }
  if (Object.keys(rest).length) line["data"] = toJsonable(rest);
  return line;
}
