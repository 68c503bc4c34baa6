/** The lines are those of the Python package, byte for byte. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { golden, run } from "./cases.js";

const { clock, entropy, cases } = golden();

for (const one of cases) {
  test(`golden: ${one.name}`, () => {
    const { lines, error } = run(one, clock, entropy);
    assert.deepEqual({ lines, error }, { lines: one.lines, error: one.error });
  });
}
