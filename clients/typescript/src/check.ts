/** The run-time check of a payload against the registry: one reason per field that does not fit. */

import type { Bound } from "./context.js";
import { ID_LENGTH, ID_PREFIXES, LIST_ITEMS } from "./events.js";
import type { Field, Spec } from "./spec.js";
import { cut, emptyRecord, instant, isAtMost, timeText } from "./values.js";

export type Payload = Readonly<Record<string, unknown>>;

/** Most reasons that are told; the report of a refused event has room for one more. */
const REASONS = 19;
const KEY_LENGTH = 64;
const PREFIXES: Readonly<Record<string, string>> = ID_PREFIXES;

/**
 * The payload with its times as text in UTC, or undefined when it does not fit.
 *
 * @param context gives the optional ids that `data` lacks.
 */
export function validate(
  spec: Spec,
  data: Payload,
  context: Bound,
): Record<string, unknown> | undefined {
  const fitting = emptyRecord();
  let known = 0;
  for (const name in spec.ids) {
    const own = ownValue(data, name);
    if (own !== undefined) known++;
    const value = own === undefined ? idFrom(context, spec, name) : own;
    if (value === undefined) {
      if (spec.ids[name]) return undefined;
      continue;
    }
    if (!isId(name, value)) return undefined;
    fitting[name] = value;
  }
  for (const name in spec.fields) {
    const value = ownValue(data, name);
    const field = spec.fields[name] as Field;
    if (value === undefined) {
      if (field.required) return undefined;
      continue;
    }
    const written = isFit(field, value) ? onLine(field, value) : undefined;
    if (written === undefined) return undefined;
    fitting[name] = written;
    known++;
  }
  return hasMore(data, known) ? undefined : fitting;
}

/** What does not fit, a clause per field in the order of the registry; never a value. */
export function explain(spec: Spec, data: Payload, context: Bound): string[] {
  const found: string[] = [];
  for (const [name, required] of Object.entries(spec.ids)) {
    const prefix = PREFIXES[name];
    const own = ownValue(data, name);
    const value = own === undefined ? idFrom(context, spec, name) : own;
    if (value === undefined) {
      if (required) found.push(`${name} is missing`);
    } else if (!isId(name, value)) {
      found.push(`${name} must be ${prefix ? prefixed(prefix) : ID_TEXT}`);
    }
  }
  for (const [name, field] of Object.entries(spec.fields)) {
    const value = ownValue(data, name);
    if (value === undefined) {
      if (field.required) found.push(`${name} is missing`);
    } else if (!isFit(field, value)) {
      found.push(`${name} must be ${wanted(field)}`);
    } else if (onLine(field, value) === undefined) {
      found.push(`${name} cannot be written as JSON`);
    }
  }
  for (const key of Object.keys(data)) {
    if (found.length >= REASONS) break;
    if (Object.hasOwn(spec.ids, key) || Object.hasOwn(spec.fields, key)) continue;
    if (data[key] !== undefined) found.push(`${cut(key, KEY_LENGTH)} is not a field of this event`);
  }
  return found.slice(0, REASONS);
}

function ownValue(data: Payload, name: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(data, name) ? data[name] : undefined;
}

/** The optional id that the context gives. */
function idFrom(context: Bound, spec: Spec, name: string): string | undefined {
  return spec.ids[name] ? undefined : context[name];
}

/** Whether more than so many keys of the payload have a value. */
function hasMore(data: Payload, count: number): boolean {
  let found = 0;
  for (const key of Object.keys(data)) {
    if (data[key] !== undefined && ++found > count) return true;
  }
  return false;
}

/** Printable: a column is as wide in bytes as an id is long in characters. */
const ASCII = /^[ -~]+$/;

/**
 * Whether a value may stand for the id of that name: it starts with the prefix, goes on after it,
 * and has no blank at an end. Databases disagree on whether a text with such a blank equals the
 * one without.
 */
export function isId(name: string, value: unknown): value is string {
  const prefix = PREFIXES[name] ?? "";
  return isIdText(value) && value.startsWith(prefix) && value.length > prefix.length;
}

function isIdText(value: unknown): value is string {
  return (
    isText(value, ID_LENGTH) && ASCII.test(value) && !value.startsWith(" ") && !value.endsWith(" ")
  );
}

function isText(value: unknown, length: number): value is string {
  return typeof value === "string" && isAtMost(value, length);
}

function isFit(field: Field, value: unknown): boolean {
  switch (field.type) {
    case "id":
      return isIdText(value);
    case "bool":
      return typeof value === "boolean";
    case "timestamp":
      return timeText(instant(value) ?? NaN) !== undefined;
    case "string":
      return isText(value, field.length);
    case "list":
      return (
        Array.isArray(value) &&
        value.length <= LIST_ITEMS &&
        value.every((item) => isText(item, field.length))
      );
    case "int":
      return Number.isInteger(value) && isBetween(field, value as number);
    case "number":
      return typeof value === "number" && isBetween(field, value);
    case "enum":
      return typeof value === "string" && field.of.includes(value);
  }
}

function isBetween(bounds: { min: number; max: number }, value: number): boolean {
  return value >= bounds.min && value <= bounds.max;
}

/** A fitting value as it stands on the line, or undefined where JSON has no form for it. */
function onLine(field: Field, value: unknown): unknown {
  if (field.type === "timestamp") return timeText(instant(value) as number);
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  return texts.every((text) => typeof text !== "string" || text.isWellFormed()) ? value : undefined;
}

const ID_TEXT = `ASCII text of at most ${ID_LENGTH} characters with no blank at an end`;

function prefixed(prefix: string): string {
  return `ASCII text starting with ${prefix}, with more after it and no blank at an end`;
}

function wanted(field: Field): string {
  switch (field.type) {
    case "id":
      return ID_TEXT;
    case "bool":
      return "true or false";
    case "timestamp":
      return "a time with its zone, at most 14:00 from UTC and in the years 1 to 9999";
    case "string":
      return `text of at most ${field.length} characters`;
    case "list":
      return `a list of at most ${LIST_ITEMS} texts of at most ${field.length} characters`;
    case "int":
      return `a whole number from ${field.min} to ${field.max}`;
    case "number":
      return `a number from ${field.min} to ${field.max}`;
    case "enum":
      return `one of ${field.of.join(", ")}`;
  }
}
