/** Values bound to what runs now, so that every line of it says which delivery it belongs to. */

import { AsyncLocalStorage } from "node:async_hooks";

import { ID_PREFIXES, TRACE_IDS, type Context } from "./events.js";
import { emptyRecord, jsonableText } from "./values.js";

export type Bound = Readonly<Record<string, string>>;

const ID_NAMES: readonly string[] = Object.keys(ID_PREFIXES);
const NAMES: readonly string[] = [...ID_NAMES, ...TRACE_IDS];
const TRACE_ID_BYTES = 64;
const NOTHING: Bound = emptyRecord<string>();
const bound = new AsyncLocalStorage<Bound>();

/**
 * Run `inside` with ids and trace ids on every line that it logs, also after an `await`.
 *
 * An event takes from it the ids it carries optionally and was not given, and the trace ids; an
 * ordinary log line takes all. Calls nest. A value that is not text is left out, and so is
 * a trace id that is empty, longer than 64 bytes or has a blank at an end: it would spoil the line.
 *
 * @throws TypeError for a name that is neither an id nor `trace_id` nor `span_id`.
 */
export function bindContext<T>(values: Context, inside: () => T): T {
  const unknown = Object.keys(values).filter((name) => !NAMES.includes(name));
  if (unknown.length) throw new TypeError(`bindContext takes no ${unknown.sort().join(", ")}`);
  const texts = Object.assign(emptyRecord<string>(), boundContext());
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    if (typeof value !== "string") continue;
    const text = jsonableText(value);
    if (ID_NAMES.includes(name) || isTraceId(text)) texts[name] = text;
  }
  return bound.run(texts, inside);
}

function isTraceId(text: string): boolean {
  return text !== "" && Buffer.byteLength(text) <= TRACE_ID_BYTES && !/^ | $/.test(text);
}

/** What is bound now. */
export function boundContext(): Bound {
  return bound.getStore() ?? NOTHING;
}

/** The ids among the bound values, in the order of the log line. */
export function boundIds(context: Bound): Record<string, string> {
  return pick(context, ID_NAMES);
}

/** The trace ids among the bound values, or undefined where there is none. */
export function boundTrace(context: Bound): Record<string, string> | undefined {
  const trace = pick(context, TRACE_IDS);
  return Object.keys(trace).length ? trace : undefined;
}

function pick(context: Bound, names: readonly string[]): Record<string, string> {
  const picked = emptyRecord<string>();
  for (const name of names) {
    const value = context[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
