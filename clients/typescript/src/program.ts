/** What every line of a program says of it, checked when its logger is made. */

import type { Options } from "./eventLogger.js";

/** Bytes that the warehouse reads, as in the Python package. */
const WIDTHS = { service: 128, host: 90, boot: 36, env: 64, version: 128 };
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

export interface Program {
  service: string;
  env: string;
  version: string;
}

/**
 * The first of `choices` that is given, neither undefined nor null nor empty.
 *
 * @throws TypeError or RangeError where it is no text that the warehouse can read as `name`.
 */
export function constant(name: keyof typeof WIDTHS, ...choices: readonly unknown[]): string {
  const value = choices.find((choice) => (choice ?? "") !== "") ?? "";
  const inEmitterId = ["service", "host", "boot"].includes(name);
  if (
    typeof value === "string" &&
    value &&
    Buffer.byteLength(value) <= WIDTHS[name] &&
    !UNPRINTABLE.test(value) &&
    !(inEmitterId && value.includes("/"))
  ) {
    return value;
  }
  const Kind = typeof value === "string" ? RangeError : TypeError;
  const without = inEmitterId ? " without /" : "";
  throw new Kind(`${name} must be printable text${without} of 1 to ${WIDTHS[name]} bytes.`);
}

/** The program's part of the envelope; see `constant` for what throws. */
export function programOf({ service, env, version }: Options): Program {
  return {
    service: constant("service", service),
    env: constant("env", env, process.env["DD_ENV"], "dev"),
    version: constant("version", version, process.env["DD_VERSION"], "unknown"),
  };
}
