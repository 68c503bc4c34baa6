/** The run-time check of a payload against the registry: one reason per field that does not fit. */

import { ID_LENGTH, ID_PREFIXES, LIST_ITEMS } from "./events.js";
import type { Field, Spec } from "./spec.js";
import { cut, emptyRecord, instant, isAtMost, timeText } from "./values.js";

export type Payload = Readonly<Record<string, unknown>>;

const PREFIXES: Readonly<Record<string, string>> = ID_PREFIXES;

/** The payload with its times as text in UTC, or undefined when it does not fit. */
export function validate(spec: Spec, data: Payload): Record<string, unknown> | undefined {
  const fitting = emptyRecord();
  let known = 0;
  for (const name in spec.ids) {
    const value = data[name];
    if (value === undefined) {
      if (spec.ids[name]) return undefined;
      continue;
    }
    if (!isId(name, value)) return undefined;
    fitting[name] = value;
    known++;
  }
  for (const name in spec.fields) {
    const value = data[name];
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
  const given = Object.keys(data).filter((name) => data[name] !== undefined);
  return given.length === known ? fitting : undefined;
}

/** What does not fit, a clause per field in the order of the registry; never a value. */
export function explain(spec: Spec, data: Payload): string[] {
  const found: string[] = [];
  for (const [name, required] of Object.entries(spec.ids)) {
    const prefix = PREFIXES[name];
    if (data[name] === undefined) {
      if (required) found.push(`${name} is missing`);
    } else if (!isId(name, data[name])) {
      found.push(`${name} must be ${prefix ? `ASCII text starting with ${prefix}` : ID_TEXT}`);
    }
  }
  for (const [name, field] of Object.entries(spec.fields)) {
    if (data[name] === undefined) {
      if (field.required) found.push(`${name} is missing`);
    } else if (!isFit(field, data[name])) {
      found.push(`${name} must be ${wanted(field)}`);
    }
  }
  const names = [...Object.keys(spec.ids), ...Object.keys(spec.fields)];
  for (const [key, value] of Object.entries(data)) {
    if (value === undefined || names.includes(key)) continue;
    found.push(`${cut(key, 64)} is not a field of this event`);
  }
  return found;
}

/** Printable: a column is as wide in bytes as an id is long in characters. */
const ASCII = /^[ -~]+$/;

/** Whether a value may stand for the id of that name. */
export function isId(name: string, value: unknown): value is string {
  return isText(value, ID_LENGTH) && ASCII.test(value) && value.startsWith(PREFIXES[name] ?? "");
}

function isText(value: unknown, length: number): value is string {
  return typeof value === "string" && isAtMost(value, length);
}

function isFit(field: Field, value: unknown): boolean {
  switch (field.type) {
    case "id":
      return isText(value, ID_LENGTH) && ASCII.test(value);
    case "bool":
      return typeof value === "boolean";
    case "timestamp":
      return instant(value) !== undefined;
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

const ID_TEXT = `ASCII text of at most ${ID_LENGTH} characters`;

function wanted(field: Field): string {
  switch (field.type) {
    case "id":
      return ID_TEXT;
    case "bool":
      return "true or false";
    case "timestamp":
      return "a time with its zone";
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
