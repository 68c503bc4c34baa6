/** The lines are those of the Python package, byte for byte. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Events, getLogger, type Options } from "../src/index.js";
import { golden, PROJECT, run } from "./cases.js";

const { clock, entropy, cases } = golden();

for (const one of cases) {
  test(`golden: ${one.name}`, () => {
    const { lines, error } = run(one, clock, entropy);
    assert.deepEqual({ lines, error }, { lines: one.lines, error: one.error });
  });
}

test("the README shows what its example writes", () => {
  const readme = readFileSync(new URL("clients/typescript/README.md", PROJECT), "utf8");
  const [, code] = /```ts\n(.*?)```/s.exec(readme) as RegExpExecArray;
  const [, shown] = /```json\n(.*?)```/s.exec(readme) as RegExpExecArray;
  const lines: string[] = [];
  const example = code as string;
  const fixed = {
    host: "tablet-7",
    boot: "b7f3",
    clock: () => new Date(clock),
    entropy: () => Buffer.from(entropy, "hex"),
    destination: { write: (line: string) => lines.push(line) },
  };
  const runExample = new Function("Events", "getLogger", example.replace(/^import .*$/m, ""));
  runExample(Events, (options: Options) => getLogger({ ...options, ...fixed, env: "dev", version: "unknown" }));
  const anyVersion = (line?: string) => line?.replace(/"registry_version":"[^"]+"/, "");
  assert.deepEqual(lines.map(anyVersion), [anyVersion(shown)]);
});
