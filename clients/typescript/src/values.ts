/** How a value that JSON has no form for is written, and how times are read. */

const TEXT_LENGTH = 4096;
const ITEMS = 100;
const DEPTH = 4;
/** Most bytes of a value, so that no line passes the 65,535 bytes of a text on Redshift. */
export const ROOM = 32_000;
/** What each item counts for besides its text. */
const ITEM_BYTES = 8;

/** The first characters of a text; a character outside the BMP is one, not two. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // A longer part would cost time and not matter.
  return [...text.slice(0, 2 * length)].slice(0, length).join("");
}

/** Whether a text has at most so many characters. */
export function isAtMost(text: string, length: number): boolean {
  return text.length <= length || (text.length <= 2 * length && [...text].length <= length);
}

/** The text with each half of a surrogate pair, which UTF-8 cannot carry, as a question mark. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, "?");
}

/** Text as a line can carry it. */
export function jsonableText(text: string): string {
  return wellFormed(cut(text, TEXT_LENGTH));
}

/** How much more may be written; the work is bounded with it. */
class Room {
  left = ROOM;
}

/**
 * The value as JSON can carry it and of bounded size; what is too much is left out. Numbers beyond
 * JSON become text, objects that are not plain become `<ClassName>`.
 */
export function toJsonable(value: unknown): unknown {
  return toBounded(value)[0];
}

/** As `toJsonable`, and whether there was room for it. */
export function toBounded(value: unknown): [written: unknown, fits: boolean] {
  const room = new Room();
  const written = jsonable(value, DEPTH, room);
  return [written, room.left > 0];
}

/** As `toJsonable`, of what an object has of its own but for one key, whatever its class. */
export function jsonableWithout(value: object, key: string): Record<string, unknown> {
  return jsonableEntries(entriesOf(value, key), DEPTH, new Room());
}

function jsonable(value: unknown, depth: number, room: Room): unknown {
  room.left -= ITEM_BYTES;
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    case "string":
      return textIn(room, value);
    case "object":
      break;
    default:
      return textIn(room, `<${typeof value}>`);
  }
  if (value === null) return null;
  try {
    if (value instanceof Date) return textIn(room, value.toISOString());
    if (depth && (Array.isArray(value) || value instanceof Set)) {
      return jsonableItems(value, depth, room);
    }
    if (depth && isPlain(value)) return jsonableEntries(entriesOf(value), depth, room);
    if (depth && value instanceof Map) return jsonableEntries(value, depth, room);
    return textIn(room, `<${value.constructor.name}>`);
  } catch {
    return "<object>";
  }
}

function textIn(room: Room, value: string): string {
  const text = jsonableText(value);
  room.left -= Buffer.byteLength(text);
  return text;
}

function jsonableItems(items: Iterable<unknown>, depth: number, room: Room): unknown[] {
  const written: unknown[] = [];
  let count = 0;
  for (const item of items) {
    if (++count > ITEMS || room.left <= 0) break;
    written.push(jsonable(item, depth - 1, room));
  }
  return written;
}

function jsonableEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  depth: number,
  room: Room,
): Record<string, unknown> {
  const written = emptyRecord();
  let count = 0;
  for (const [key, item] of entries) {
    if (++count > ITEMS || room.left <= 0) break;
    if (item === undefined) continue;
    written[String(jsonable(key, 0, room))] = jsonable(item, depth - 1, room);
  }
  return written;
}

function* entriesOf(value: object, without?: string): Generator<[string, unknown]> {
  for (const key of Object.keys(value)) {
    if (key !== without) yield [key, (value as Record<string, unknown>)[key]];
  }
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

const LARGEST_OFFSET_MINUTES = 14 * 60;

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
  if (zoneMinutes > 59 || zoneHours * 60 + zoneMinutes > LARGEST_OFFSET_MINUTES) return undefined;
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
