/** What every line of a program says of it, checked when its logger is made. */

import type { Options } from "./eventLogger.js";
import { WIDTHS, type Envelope } from "./events.js";

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

const BLANK_AT_AN_END = /^ | $/;

export type ServiceTags = Pick<Envelope, "service" | "env" | "version">;

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
    !BLANK_AT_AN_END.test(value) &&
    !(inEmitterId && value.includes("/"))
  ) {
    return value;
  }
  const Kind = typeof value === "string" ? RangeError : TypeError;
  const without = inEmitterId ? " without /" : "";
  throw new Kind(
    `${name} must be printable text${without} of 1 to ${WIDTHS[name]} bytes with no blank at an end.`,
  );
}

/** The part of the envelope that a program says once; see `constant` for what throws. */
export function serviceTags({ service, env, version }: Options): ServiceTags {
  return {
    service: constant("service", service),
    env: constant("env", env, process.env["DD_ENV"], "dev"),
    version: constant("version", version, process.env["DD_VERSION"], "unknown"),
  };
}
