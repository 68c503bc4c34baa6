/** How a value that JSON has no form for is written, and how times are read. */

const TEXT_LENGTH = 4096;
const ITEMS = 100;
const DEPTH = 4;

/** The first characters of a text; a character outside the BMP is one, not two. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : [...text].slice(0, length).join("");
}

/** Whether a text has at most so many characters. */
export function isAtMost(text: string, length: number): boolean {
  return text.length <= length || [...text].length <= length;
}

/** The text with each half of a surrogate pair, which UTF-8 cannot carry, as a question mark. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, "?");
}

/** Text as a line can carry it. */
export function jsonableText(text: string): string {
  return wellFormed(cut(text, TEXT_LENGTH));
}

/**
 * The value as JSON can carry it and of bounded size. Numbers beyond JSON become text, objects
 * that are not plain become `<ClassName>`.
 */
export function toJsonable(value: unknown, depth = DEPTH): unknown {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    case "string":
      return jsonableText(value);
    case "object":
      break;
    default:
      return `<${typeof value}>`;
  }
  if (value === null) return null;
  try {
    if (value instanceof Date) return value.toISOString();
    if (depth && (Array.isArray(value) || value instanceof Set)) {
      return [...value].slice(0, ITEMS).map((item) => toJsonable(item, depth - 1));
    }
    if (depth && isPlain(value)) return jsonableEntries(Object.entries(value), depth);
    if (depth && value instanceof Map) return jsonableEntries([...value], depth);
    return `<${value.constructor.name}>`;
  } catch {
    return "<object>";
  }
}

function jsonableEntries(
  entries: ReadonlyArray<readonly [unknown, unknown]>,
  depth: number,
): Record<string, unknown> {
  const written = emptyRecord();
  for (const [key, item] of entries.slice(0, ITEMS)) {
    if (item !== undefined) written[String(toJsonable(key, 0))] = toJsonable(item, depth - 1);
  }
  return written;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A record whose keys are its own alone: `__proto__` is a key like any other. */
export function emptyRecord<T = unknown>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):?(\d{2}))$/;

/** The instant in milliseconds since 1970, or undefined where the value is no time with a zone. */
export function instant(value: unknown): number | undefined {
  if (value instanceof Date) {
    const time = value.getTime();
    return Number.isNaN(time) ? undefined : time;
  }
  const found = typeof value === "string" ? RFC3339.exec(value) : null;
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number, number, number, number, number, number,
  ];
  const [zoneHours, zoneMinutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  if (year < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (zoneHours > 23 || zoneMinutes > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day or month out of range would roll over into the next.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second);
  // Rounded to the microsecond and cut to the millisecond, as the Python package does.
  const fraction = (found[7] ?? "").slice(0, 9).padEnd(9, "0");
  const ms = Math.floor(Math.round(Number(fraction) / 1000) / 1000);
  const offset = (zoneHours * 60 + zoneMinutes) * 60_000 * (found[8] === "-" ? -1 : 1);
  return date.getTime() + ms - offset;
}

const FIRST_MS = Date.parse("0001-01-01T00:00:00Z");
const END_MS = Date.parse("9999-12-31T00:00:00Z") + 86_400_000;

/** RFC 3339 in UTC to the millisecond, or undefined where the year needs more than four digits. */
export function timeText(time: number): string | undefined {
  return time >= FIRST_MS && time < END_MS ? new Date(time).toISOString() : undefined;
}
