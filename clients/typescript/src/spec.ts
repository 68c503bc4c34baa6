/** What the generated module is made of. */

export type Field = { readonly required: boolean } & (
  | { readonly type: "id" | "bool" | "timestamp" }
  | { readonly type: "string" | "list"; readonly length: number }
  | { readonly type: "int" | "number"; readonly min: number; readonly max: number }
  | { readonly type: "enum"; readonly of: readonly string[] }
);

/** A payload that fits its event, with its times as text in UTC. */
export type Checked = Readonly<Record<string, any>>;

/** What the logger needs to know of an event. */
export interface Spec {
  readonly version: number;
  readonly status: "info" | "warn" | "error";
  /** Its ids in the order of the log line, and whether each is required. */
  readonly ids: Readonly<Record<string, boolean>>;
  readonly fields: Readonly<Record<string, Field>>;
  /** Fills in the summary, the same text as the timeline of a session. */
  readonly summary: (data: Checked) => string;
}

/** As a whole number, halves rounded up. */
export function number(value: number): string {
  return String(Math.floor(value + 0.5) + 0);
}

export function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** The time of a log line to the second. */
export function second(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}
