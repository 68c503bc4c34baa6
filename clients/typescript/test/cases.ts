/** Runs a case of `tests/golden/event_lines.json` through the logger. */

import { readFileSync } from "node:fs";

import { bindContext, EventRejected, getLogger, REGISTRY_VERSION } from "../src/index.js";

/** Which event is logged with what, and what must come of it: lines, or the message of an error. */
export interface Case {
  name: string;
  env?: string;
  mono_ms?: number;
  context?: Record<string, string>;
  times?: number;
  event: string;
  data: unknown;
  lines?: string[];
  error?: string;
}

export interface Golden {
  clock: string;
  entropy: string;
  cases: Case[];
}

export const PROJECT = new URL("../../../../", import.meta.url);

/** The golden cases without Python's hints: here the compiler gives them. */
export function golden(): Golden {
  const text = readFileSync(new URL("tests/golden/event_lines.json", PROJECT), "utf8");
  return JSON.parse(text.replaceAll(/ \(did you mean [\w.]+\?\)/g, ""));
}

export function run(one: Case, clock: string, entropy: string): Pick<Case, "lines" | "error"> {
  const lines: string[] = [];
  const logger = getLogger({
    service: "robot-agent",
    env: one.env ?? "test",
    version: "4.2.1",
    host: "R-42",
    boot: "b7f3",
    clock: () => new Date(clock),
    entropy: () => Buffer.from(entropy, "hex"),
    monotonicMs: one.mono_ms === undefined ? undefined : () => one.mono_ms as number,
    destination: { write: (line) => lines.push(line.replace(VERSION, '"REGISTRY_VERSION"')) },
  });
  try {
    bindContext(one.context ?? {}, () => {
      // A case may be wrong in ways that the types forbid.
      for (let n = 0; n < (one.times ?? 1); n++) logger.event(one.event as never, one.data as never);
    });
  } catch (error) {
    if (!(error instanceof EventRejected)) throw error;
    return { error: error.message };
  }
  return { lines };
}

const VERSION = `"${REGISTRY_VERSION}"`;
