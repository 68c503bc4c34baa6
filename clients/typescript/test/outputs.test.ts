/** What becomes of lines where the output is bad or a payload is huge. */

import assert from "node:assert/strict";
import { spawn, spawnSync, type StdioOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { pino } from "pino";

import { bindContext, Events, getLogger } from "../src/index.js";

const INDEX = JSON.stringify(new URL("../src/index.js", import.meta.url).href);
const PROGRAM = `
  import { Events, getLogger } from ${INDEX};
  const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42" });
  const log = (count) => {
    for (let n = 0; n < count; n++) logger.event(Events.ROBOT_LID_CHANGED, { robot_id: "R-42", to: "locked" });
  };
  const tell = () => process.stderr.write(String(logger.lost));
`;
const FULL = "robot-agent/R-42/";

/** How Node.js runs a program that has a logger. */
function node(program: string): [string, string[]] {
  return [process.execPath, ["--input-type=module", "--eval", PROGRAM + program]];
}

function runInto(output: string, flags: string, program: string, limit?: number) {
  const file = openSync(output, flags);
  const [command, rest] = node(program);
  const stdio: StdioOptions = ["ignore", file, "pipe"];
  const done =
    limit === undefined
      ? spawnSync(command, rest, { stdio, encoding: "utf8" })
      : spawnSync("prlimit", [`--fsize=${limit}:unlimited`, command, ...rest], { stdio, encoding: "utf8" });
  closeSync(file);
  return done;
}

function inFolder<T>(inside: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "lines-"));
  try {
    return inside(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a full disk ends no program, and each event is counted", () => {
  const done = runInto("/dev/full", "w", `
    logger.info("ordinary");
    logger.child({ request_id: "q" }).error(new Error("no"));
    log(20);
    logger.fatal("ordinary");
    tell();`);
  assert.equal(done.status, 0);
  const told = done.stderr.split("\n");
  assert.equal(told[0], "Log lines could not be written (ENOSPC).");
  assert.match(told[1] as string, /an event could not be written \(Error\); further losses are only counted\.$/);
  assert.ok((told[1] as string).startsWith(FULL));
  assert.equal(told[2], "20");
});

test("a line that does not fit leaves nothing in a file that is appended to", () => {
  inFolder((folder) => {
    const path = join(folder, "lines");
    const done = runInto(path, "a", `
      import { spawnSync } from "node:child_process";
      log(10);
      const before = logger.lost;
      spawnSync("prlimit", ["--fsize=unlimited", "--pid", String(process.pid)]);
      log(3);
      process.stderr.write(before + " ");
      tell();`, 1000);
    assert.equal(done.status, 0);
    assert.match(done.stderr, /\n8 8$/);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map((line) => line.seq), [1, 2, 11, 12, 13]);
  });
});

test("in a file that is not appended to what does not fit stands on a line of its own", () => {
  inFolder((folder) => {
    const path = join(folder, "lines");
    const done = runInto(path, "w", `
      import { spawnSync } from "node:child_process";
      log(10);
      spawnSync("prlimit", ["--fsize=unlimited", "--pid", String(process.pid)]);
      log(3);
      tell();`, 1000);
    assert.match(done.stderr, /\n8$/);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const part = lines.splice(2, 1)[0] as string;
    assert.throws(() => JSON.parse(part));
    assert.deepEqual(lines.map((line) => JSON.parse(line).seq), [1, 2, 11, 12, 13]);
  });
});

test("a pipe without a reader ends no program, and each event is counted", async () => {
  const [command, rest] = node(`
    import { setTimeout as wait } from "node:timers/promises";
    log(1);
    await wait(400);
    log(19);
    logger.info("ordinary");
    await wait(50);
    log(1);
    tell();`);
  const program = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  program.stdout.once("data", () => program.stdout.destroy());
  let told = "";
  program.stderr.on("data", (text) => (told += text));
  const code = await new Promise((resolve) => program.on("close", resolve));
  assert.equal(code, 0);
  assert.match(told, /20$/);
});

test("a slow reader gets all lines whole, also long ones", async () => {
  const [command, rest] = node(`
    process.stdout.on("error", () => undefined);
    for (let n = 0; n < 300; n++) {
      log(1);
      logger.event(Events.TELEMETRY_EVENT_REJECTED, { rejected_name: "x", reasons: Array(20).fill("y".repeat(256)), sample_hash: "0" });
    }
    tell();`);
  const program = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  program.stderr.on("data", (text) => (told += text));
  await wait(300);
  let text = "";
  for await (const chunk of program.stdout) {
    text += chunk;
    await wait(1);
  }
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.seq), Array.from({ length: 600 }, (_, n) => n + 1));
  assert.equal(told, "0");
});

const STUCK = { robot_id: "R-42", cause: "curb" } as const;

test("a destination of pino that fails ends no program; what it will try again is not lost", async () => {
  const destination = pino.destination({ dest: "/dev/full", sync: true, maxLength: 1000 });
  const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42", destination });
  logger.info("ordinary");
  for (let n = 0; n < 20; n++) logger.event(Events.ROBOT_STUCK, STUCK);
  await wait(10);
  // It keeps 1,000 characters, and says of what is more that it drops it.
  assert.equal(logger.lost, 18);
});

test("an error that a destination reports later ends no program", async () => {
  const destination = pino.destination({ dest: "/dev/full", sync: false });
  const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42", destination });
  logger.event(Events.ROBOT_STUCK, STUCK);
  await wait(50);
  logger.info("still here");
  // At the end of the process pino would try again without end to write what it keeps.
  destination.destroy();
});

test("no key stands twice on an ordinary line, and none makes it an event", () => {
  const raw: string[] = [];
  const destination = { write: (line: string) => raw.push(line) };
  const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42", destination });
  const child = logger
    .child({ a: 1, service: "x", status: "x", message: "x", data: "x", dd: 1, evt: { name: "x" } })
    .child({ a: 2, delivery_id: "D-2", occurred_at: 1, error: 1 });
  child.setBindings({ a: 3, version: 1 });
  bindContext({ delivery_id: "D-1", trace_id: "t" }, () => {
    child.info({ a: 4, message: "y", env: "y" }, "hello");
    child.error(new Error("no"), "failed");
  });
  for (const line of raw) {
    const top = [...line.matchAll(/[{,]"(\w+)":/g)].map(([, key]) => key);
    const parsed = JSON.parse(line);
    for (const key of Object.keys(parsed)) {
      if (key === "a" || key in parsed.data) continue;
      assert.equal(top.filter((one) => one === key).length, 1, `${key} in ${line}`);
    }
    assert.equal("evt" in parsed, false);
    assert.deepEqual([parsed.a, parsed.service, parsed.delivery_id], [3, "robot-agent", "D-2"]);
    assert.equal(JSON.stringify(parsed).length, line.length - 1, "JSON.parse dropped a key");
  }
  const [first] = raw.map((line) => JSON.parse(line));
  assert.equal(first.data.a, 4);
  assert.equal(first.data.service, "x");
  assert.equal(child.bindings()["a"], 3);
});

/** Of the processor, the best of three. */
function milliseconds(call: () => unknown): number {
  const found = [1, 2, 3].map(() => {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...found);
}

const PICKUP = { delivery_id: "D-99", order_id: "O-12", robot_id: "R-42", merchant_id: "M-7", wait_s: 84.2 };
const LONG = "x".repeat(10_000_000);
let nested: unknown = "x".repeat(4096);
for (let n = 0; n < 4; n++) nested = Array(100).fill(nested);
const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, 1]));
const HUGE: Record<string, unknown> = {
  "a key of 10 MB": { ...PICKUP, [LONG]: 1 },
  "a text of 10 MB": { ...PICKUP, loaded_by: LONG },
  "an id of 10 MB": { ...PICKUP, order_id: `O-${LONG}` },
  "a list of a million": { ...PICKUP, wait_s: Array(1_000_000).fill("x") },
  "a set of a million": { ...PICKUP, wait_s: new Set(Array(1_000_000).keys()) },
  "a hundred million texts": { ...PICKUP, wait_s: nested },
};

for (const [kind, payload] of Object.entries(HUGE)) {
  test(`an event costs no more whatever it holds: ${kind}`, () => {
    const raw: string[] = [];
    const destination = { write: (line: string) => raw.push(line) };
    const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42", destination });
    const cost = milliseconds(() => logger.event(Events.DELIVERY_PICKUP_COMPLETED, payload as never));
    assert.ok(cost < 100, `${cost} ms`);
    const ordinary = milliseconds(() => logger.info(payload as object, "hello"));
    assert.ok(ordinary < 100, `${ordinary} ms`);
    for (const line of raw) assert.ok(Buffer.byteLength(line) < 256_000);
    assert.equal(logger.lost, 0);
  });
}

test("of many keys no more is done than JavaScript needs to name them", () => {
  const raw: string[] = [];
  const destination = { write: (line: string) => raw.push(line) };
  const logger = getLogger({ service: "robot-agent", env: "prod", host: "R-42", destination });
  const naming = milliseconds(() => Object.keys(many));
  for (const payload of [many, { ...many, ...PICKUP }]) {
    const cost = milliseconds(() => logger.event(Events.DELIVERY_PICKUP_COMPLETED, payload as never));
    assert.ok(cost < 6 * naming + 100, `${cost} ms, and naming them takes ${naming}`);
  }
  assert.equal(JSON.parse(raw[1] as string).data.reasons.length, 19);
});
