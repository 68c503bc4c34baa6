/** Cases on standard input, one JSON object a line; what comes of each on standard output. */

import { createInterface } from "node:readline";

import { golden, run } from "./cases.js";

const { clock, entropy } = golden();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(run(JSON.parse(line), clock, entropy))}\n`);
}
