/** A pino logger that also logs events, both on one stream. */

import { pino } from "pino";

import { boundContext, boundIds, boundTrace } from "./context.js";
import { EventLogger, type Options } from "./eventLogger.js";
import { serviceTags } from "./serviceTags.js";
import { writeStdout } from "./stdout.js";
import { emptyRecord, jsonableWithout, toJsonable } from "./values.js";

export interface LoggerOptions extends Options {
  /** Where lines go: a pino destination or transport; standard output by default. */
  destination?: pino.DestinationStream | undefined;
  /** Lowest level of ordinary log lines; info by default. Events are always written. */
  level?: pino.LevelWithSilent | undefined;
}

/** A pino logger with `event`, each event typed. */
export type Logger = pino.Logger & Pick<EventLogger, "event" | "emitterId" | "lost">;

const STATUS: Readonly<Record<string, string>> = { fatal: "critical" };

/** What an ordinary line says of itself, and `evt`, with which it would be an event. */
const OWN_KEYS = [
  "status", "occurred_at", "service", "env", "version", "message", "dd", "error", "data", "evt",
];

type Bindings = Readonly<Record<string, unknown>>;
const BINDINGS = Symbol("bindings");
const NO_BINDINGS: Bindings = {};

/** A pino logger with what its children bind. */
interface Binding extends pino.Logger {
  [BINDINGS]?: Bindings;
}

/**
 * The logger of this program.
 *
 * An ordinary line (`logger.info`) has the envelope of an event without `evt`: it goes where logs
 * go, not to the lake. What it was given is in `data`, an error under `err` in `error`. One that
 * cannot be written is left out, and the first is reported on standard error; it never throws.
 */
export function getLogger(options: LoggerOptions): Logger {
  // Written before `event` returns, so that a crash right after it loses nothing.
  const destination = options.destination ?? { write: writeStdout };
  const watched = watch(destination);
  const events = new EventLogger(options, (line) => watched.write(line));
  const logger = pino(
    {
      level: options.level ?? "info",
      base: serviceTags(options),
      messageKey: "message",
      timestamp: () => `,"occurred_at":"${events.timeText()}"`,
      formatters: {
        level: (label) => ({ status: STATUS[label] ?? label }),
        log: (parts) => ordinary(parts as unknown as Parts),
      },
      // Not merged: that would copy all that was given.
      mixin: (_given, _level, of) => (of as unknown as Binding)[BINDINGS] ?? NO_BINDINGS,
      mixinMergeStrategy: (given, bound) => ({ given, bound }) satisfies Parts,
      hooks: {
        logMethod(given, method) {
          try {
            if (!watched.isFinal()) method.apply(this, given);
          } catch (error) {
            watched.tell(error);
          }
        },
      },
    },
    destination,
  );
  return Object.defineProperties(withBindings(logger), {
    event: { value: events.event.bind(events) },
    emitterId: { value: events.emitterId },
    lost: { get: () => events.lost },
  }) as Logger;
}

/**
 * pino writes what children bind beside what the line says, so that a key may stand twice. Here
 * the bindings are kept, and each line is made of them.
 */
function withBindings(logger: pino.Logger): pino.Logger {
  const { bindings, child } = logger as unknown as {
    bindings(this: Binding): Bindings;
    child(this: Binding, bound: Bindings, options: unknown): Binding;
  };
  return Object.defineProperties(logger, {
    bindings: {
      value(this: Binding) {
        return { ...bindings.call(this), ...this[BINDINGS] };
      },
    },
    child: {
      value(this: Binding, bound: Bindings, options?: unknown) {
        const made = child.call(this, {}, options);
        made[BINDINGS] = { ...this[BINDINGS], ...bound };
        return made;
      },
    },
    setBindings: {
      value(this: Binding, bound: Bindings) {
        this[BINDINGS] = { ...this[BINDINGS], ...bound };
      },
    },
  });
}

interface Watched {
  /** Writes a line, or throws where it is lost. */
  write(line: string): void;
  /** Whether no line will be written any more. */
  isFinal(): boolean;
  /** Says on standard error that lines are being lost, the first time. */
  tell(error: unknown): void;
}

/** Notices what a destination of pino reports by an event, which would end the process unheard. */
function watch(destination: pino.DestinationStream): Watched {
  let dropped: Error | undefined;
  let final: Error | undefined;
  let isTold = false;
  const watched: Watched = {
    write(line) {
      if (final) throw final;
      dropped = undefined;
      destination.write(line);
      const error = final ?? dropped;
      if (error) throw error;
    },
    isFinal: () => final !== undefined,
    tell(error) {
      if (isTold) return;
      isTold = true;
      try {
        process.stderr.write(`Log lines could not be written (${kindOf(error)}).\n`);
      } catch {
        // Nowhere left to say it.
      }
    },
  };
  if (typeof (destination as Partial<NodeJS.EventEmitter>).on !== "function") return watched;
  const emitter = destination as unknown as NodeJS.EventEmitter;
  emitter.on("error", (error: NodeJS.ErrnoException) => {
    // A pipe without a reader gets none again. After any other error pino tries again.
    if (error?.code === "EPIPE") final = error;
    watched.tell(error);
  });
  emitter.on("drop", () => (dropped = new RangeError("the destination is full")));
  return watched;
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return String((error as NodeJS.ErrnoException).code ?? error.name);
}

interface Parts {
  given: object;
  bound: object;
}

/** What an ordinary line was given, in the places where an event has it. */
function ordinary({ given, bound }: Parts): Record<string, unknown> {
  const context = boundContext();
  const line = emptyRecord();
  const data = emptyRecord();
  const trace = boundTrace(context);
  if (trace) line["dd"] = trace;
  Object.assign(line, boundIds(context));
  for (const [key, value] of Object.entries(bound)) {
    if (OWN_KEYS.includes(key)) data[key] = toJsonable(value);
    else line[key] = value;
  }
  const err: unknown = (given as { err?: unknown }).err;
  if (err instanceof Error) {
    line["error"] = {
      kind: toJsonable(err.name),
      message: toJsonable(err.message),
      stack: toJsonable(err.stack),
    };
    Object.assign(data, jsonableWithout(given, "err"));
  } else {
    Object.assign(data, jsonableWithout(given, ""));
  }
  if (Object.keys(data).length) line["data"] = data;
  return line;
}
