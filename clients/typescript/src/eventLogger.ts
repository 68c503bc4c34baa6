/** One checked, numbered JSON line per business event. */

import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";

import { explain, isId, validate, type Payload } from "./check.js";
import { boundContext, boundIds, boundTrace, type Bound } from "./context.js";
import {
  Events,
  ID_PREFIXES,
  REGISTRY_VERSION,
  SPECS,
  type Envelope,
  type EventName,
  type Payloads,
} from "./events.js";
import { constant, serviceTags, type ServiceTags } from "./serviceTags.js";
import type { Spec } from "./spec.js";
import { cut, emptyRecord, ROOM, timeText, toBounded, toJsonable } from "./values.js";

/** A line as it is written; ids are between the envelope's keys. */
type Line = Envelope & { readonly data?: Payload | undefined };

const STRICT_ENVS = ["dev", "test"];
const REASON_LENGTH = 256;
const NAME_LENGTH = 128;
const ID_LENGTH = 256;
const RANDOM_BYTES = 10;

/** The event does not fit the registry; the message names the event and each field. */
export class EventRejected extends Error {
  override readonly name = "EventRejected";
}

/** Who logs, and the sources a test may replace. */
export interface Options {
  /** Name of the program. */
  service: string;
  /** Environment; DD_ENV, or else dev, by default. */
  env?: string | undefined;
  /** Version of the program; DD_VERSION, or else unknown, by default. */
  version?: string | undefined;
  /** Machine or robot; the host name by default. */
  host?: string | undefined;
  /** Names this run of the program; random by default. */
  boot?: string | undefined;
  /** Gives the time; the system's by default. */
  clock?: (() => Date) | undefined;
  /** Gives that many random bytes; the system's by default. */
  entropy?: ((count: number) => Uint8Array) | undefined;
  /** Whole milliseconds since boot by a clock that is never set; left out by default. */
  monotonicMs?: (() => number) | undefined;
}

/**
 * Writes events as JSON lines. In the envs dev and test a fault throws. Anywhere else `event`
 * never throws: what does not fit is written with `evt.valid` false and reported as
 * `telemetry.event_rejected`, what cannot be written is counted.
 */
export class EventLogger {
  /** service/host/boot; `seq` counts from 1 within it. */
  readonly emitterId: string;
  /** Events that could not be written. */
  lost = 0;

  readonly #tags: ServiceTags;
  readonly #strict: boolean;
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #random: () => Uint8Array;
  readonly #monotonicMs: () => number | undefined;
  #seq = 0;

  /**
   * @param write takes each line, newline included.
   * @throws TypeError or RangeError, in any env, where `service`, `env`, `version`, `host` or
   * `boot` is no text that the warehouse can read: it would spoil each line.
   */
  constructor(options: Options, write: (line: string) => void) {
    const { clock, entropy, monotonicMs } = options;
    this.#tags = serviceTags(options);
    this.#strict = STRICT_ENVS.includes(this.#tags.env);
    this.#write = write;
    this.#now = this.#guarded(clock && (() => clock().getTime()), Date.now, isMs);
    this.#random = this.#guarded(
      entropy && (() => entropy(RANDOM_BYTES)),
      () => randomBytes(RANDOM_BYTES),
      (bytes) => bytes instanceof Uint8Array && bytes.length === RANDOM_BYTES,
    );
    this.#monotonicMs = this.#guarded<number | undefined>(
      monotonicMs,
      () => undefined,
      Number.isSafeInteger,
    );
    const host = constant("host", options.host, hostname(), "unknown");
    const boot = constant("boot", options.boot, randomBytes(4).toString("hex"));
    this.emitterId = `${this.#tags.service}/${host}/${boot}`;
  }

  /**
   * Log one event.
   *
   * @returns its `event_id`.
   * @throws EventRejected where it does not fit the registry (in dev and test only).
   */
  event<Name extends EventName>(event: Name, data: Payloads[Name]): string {
    if (this.#strict) return this.#event(event, data);
    try {
      return this.#event(event, data);
    } catch (error) {
      this.#lose(error);
      return "";
    }
  }

  /** The time, as it stands on a line. */
  timeText(): string {
    return timeText(this.#now()) as string;
  }

  #event(event: unknown, data: unknown): string {
    const context = boundContext();
    const spec = specOf(event);
    const payload = spec && validated(spec, data, context);
    if (!spec || !payload) return this.#refuse(event, spec, data, context);
    const evt = { name: event, version: spec.version, valid: true };
    const ids = only(payload, spec.ids);
    const rest = only(payload, spec.fields);
    return this.#emit(evt, spec.status, spec.summary(payload), ids, rest, context);
  }

  #emit(
    evt: object,
    status: string,
    message: string,
    ids: Readonly<Record<string, unknown>>,
    data: Readonly<Record<string, unknown>>,
    context: Bound,
  ): string {
    const now = this.#now();
    const eventId = uuid7(now, this.#random());
    const monoMs = this.#monotonicMs();
    const line = `${JSON.stringify({
      event_id: eventId,
      evt,
      occurred_at: timeText(now) as string,
      ...this.#tags,
      emitter_id: this.emitterId,
      seq: ++this.#seq,
      mono_ms: monoMs,
      status,
      message,
      dd: boundTrace(context),
      ...ids,
      registry_version: REGISTRY_VERSION,
      data: Object.keys(data).length ? data : undefined,
    } satisfies Line)}\n`;
    // The number stays used when the write fails: the gap shows the loss.
    try {
      this.#write(line);
    } catch (error) {
      if (this.#strict) throw error;
      this.#lose(error);
    }
    return eventId;
  }

  #refuse(event: unknown, spec: Spec | undefined, data: unknown, context: Bound): string {
    const written = toJsonable(event);
    const fullName = typeof written === "string" ? written : JSON.stringify(written);
    const name = cut(fullName, NAME_LENGTH);
    const reasons = reasonsAgainst(spec, data, context);
    if (this.#strict) throw new EventRejected(`${name}: ${reasons.join("; ")}.`);
    const [kept, fits] = toBounded(data);
    let payload = isRecord(kept) ? kept : { payload: kept };
    const sample = JSON.stringify(payload);
    if (!fits || Buffer.byteLength(sample) > ROOM) {
      payload = {};
      reasons.push(`the payload is longer than ${ROOM} bytes and was left out`);
    }
    const given: Payload = Object.assign(emptyRecord(), boundIds(context), payload);
    const ids = emptyRecord();
    for (const id of Object.keys(ID_PREFIXES)) {
      const value = given[id];
      if (typeof value === "string") ids[id] = cut(value, ID_LENGTH);
    }
    const rest = emptyRecord();
    for (const [key, value] of Object.entries(payload)) {
      if (!(key in ids)) rest[key] = value;
    }
    const eventId = this.#emit(
      { name, version: spec?.version, valid: false },
      spec?.status ?? "warn",
      `Event ${name} does not fit the registry`,
      ids,
      rest,
      context,
    );
    const report = SPECS[Events.TELEMETRY_EVENT_REJECTED];
    const facts = {
      rejected_name: name,
      reasons: reasons.map((reason) => cut(reason, REASON_LENGTH)),
      sample_hash: createHash("sha256").update(sample).digest("hex").slice(0, 16),
    };
    const sound = emptyRecord();
    for (const id in ids) {
      if (isId(id, ids[id])) sound[id] = ids[id];
    }
    this.#emit(
      { name: Events.TELEMETRY_EVENT_REJECTED, version: report.version, valid: true },
      report.status,
      report.summary(facts),
      sound,
      facts,
      context,
    );
    return eventId;
  }

  #lose(error: unknown): void {
    if (++this.lost > 1) return;
    try {
      process.stderr.write(
        `${this.emitterId}: an event could not be written (${kindOf(error)}); ` +
          "further losses are only counted.\n",
      );
    } catch {
      // Nowhere left to say it; `lost` has the count.
    }
  }

  /** The source given, or the fallback where there is none or, if not strict, it fails. */
  #guarded<T>(
    source: (() => T) | undefined,
    fallback: () => T,
    isSound: (value: T) => boolean,
  ): () => T {
    if (!source) return fallback;
    return () => {
      try {
        const value = source();
        if (!isSound(value)) throw new TypeError("a source given to the logger is not sound");
        return value;
      } catch (error) {
        if (this.#strict) throw error;
        return fallback();
      }
    };
  }
}

function specOf(event: unknown): Spec | undefined {
  return typeof event === "string" && Object.hasOwn(SPECS, event)
    ? SPECS[event as EventName]
    : undefined;
}

function validated(spec: Spec, data: unknown, context: Bound): Payload | undefined {
  try {
    return isRecord(data) ? validate(spec, data, context) : undefined;
  } catch {
    // A payload that cannot be read: the reasons find out what it is.
    return undefined;
  }
}

function reasonsAgainst(spec: Spec | undefined, data: unknown, context: Bound): string[] {
  if (!spec) return ["is not a registered event"];
  try {
    if (!isRecord(data)) return [`the payload must be an object, not ${kindOf(data)}`];
    const found = explain(spec, data, context);
    return found.length ? found : ["the payload cannot be written as JSON"];
  } catch (error) {
    return [`the payload cannot be read (${kindOf(error)})`];
  }
}

/** The named part of a payload, in the order of the names. */
function only(payload: Payload, names: Readonly<Record<string, unknown>>): Payload {
  const part = emptyRecord();
  for (const name in names) {
    if (name in payload) part[name] = payload[name];
  }
  return part;
}

function isRecord(value: unknown): value is Payload {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Map) &&
    !(value instanceof Set)
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Object(value).constructor?.name ?? "object";
}

/** UUIDv7 (RFC 9562): 48 bits of time, then the version, the variant and 74 random bits. */
function uuid7(now: number, random: Uint8Array): string {
  const text = now.toString(16).padStart(12, "0") + Buffer.from(random).toString("hex");
  const variant = "89ab"[((random[2] as number) >> 4) & 0b11];
  return (
    `${text.slice(0, 8)}-${text.slice(8, 12)}-7${text.slice(13, 16)}` +
    `-${variant}${text.slice(17, 20)}-${text.slice(20)}`
  );
}

function isMs(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && timeText(value) !== undefined;
}
