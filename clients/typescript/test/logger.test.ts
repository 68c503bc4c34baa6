/** What the golden lines cannot show: sources, failures, context and ordinary lines. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { bindContext, Events, getLogger, type LoggerOptions } from "../src/index.js";
import { PROJECT } from "./cases.js";

const PICKUP = {
  delivery_id: "D-99",
  order_id: "O-12",
  robot_id: "R-42",
  merchant_id: "M-7",
  wait_s: 84.2,
};

function make(options: Partial<LoggerOptions> = {}) {
  const raw: string[] = [];
  const logger = getLogger({
    service: "robot-agent",
    env: "prod",
    version: "4.2.1",
    host: "R-42",
    destination: { write: (line) => raw.push(line) },
    ...options,
  });
  const lines = () => raw.map((line) => JSON.parse(line));
  return { logger, raw, lines };
}

function refuse(): never {
  throw new RangeError("no");
}

test("env and version come from the environment, dev and unknown without it", () => {
  const before = { ...process.env };
  try {
    for (const [env, version] of [["staging", "9.9.9"], ["dev", "unknown"]] as const) {
      process.env["DD_ENV"] = env === "dev" ? "" : env;
      process.env["DD_VERSION"] = env === "dev" ? "" : version;
      const { logger, lines } = make({ env: undefined, version: undefined });
      logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP);
      assert.deepEqual([lines()[0].env, lines()[0].version], [env, version]);
    }
  } finally {
    process.env = before;
  }
});

test("a constant that the warehouse cannot read makes no logger, in any env", () => {
  const cases = JSON.parse(readFileSync(new URL("tests/golden/service_tags.json", PROJECT), "utf8"));
  for (const { name, value, error } of cases) {
    for (const env of ["test", "prod"]) {
      const options = { env, boot: "b7f3", [name]: value };
      if (error) {
        assert.throws(() => make(options), { message: error });
        continue;
      }
      const { logger, lines } = make(options);
      logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP);
      const [, host, boot] = lines()[0].emitter_id.split("/");
      assert.equal({ ...lines()[0], host, boot }[name], value);
    }
  }
});

test("event ids are UUIDv7 of the time of the event, and never repeat", () => {
  const { logger, lines } = make({ clock: () => new Date("2026-11-23T09:00:00.123Z") });
  for (let n = 0; n < 2000; n++) logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP);
  const ids = lines().map((line) => line.event_id as string);
  assert.equal(new Set(ids).size, 2000);
  for (const id of ids) assert.match(id, /^01a207a2-32fb-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("no bit of an event id repeats another", () => {
  const idOf = (entropy: bigint) => {
    const bytes = Buffer.from(entropy.toString(16).padStart(20, "0"), "hex");
    const { logger } = make({ clock: () => new Date(0), entropy: () => bytes });
    const id = logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP);
    return BigInt(`0x${id.replaceAll("-", "")}`);
  };
  const changed = Array.from({ length: 80 }, (_, bit) => idOf(1n << BigInt(bit)) ^ idOf(0n));
  // Version and variant take the place of six.
  assert.equal(changed.filter((bits) => bits === 0n).length, 6);
  const kept = changed.filter((bits) => bits !== 0n);
  assert.equal(new Set(kept).size, 74);
  for (const bits of kept) assert.equal(bits & (bits - 1n), 0n);
});

test("a Date and a time in text are the same", () => {
  const { logger, lines } = make();
  for (const last_seen_at of [new Date("2026-11-23T09:00:00.500Z"), "2026-11-23T09:00:00.5Z"]) {
    logger.event(Events.ROBOT_CONNECTION_LOST, { robot_id: "R-1", last_seen_at });
  }
  assert.deepEqual(lines().map((line) => line.data.last_seen_at), Array(2).fill("2026-11-23T09:00:00.500Z"));
});

test("undefined is absent", () => {
  const { logger, lines } = make({ env: "test" });
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, { ...PICKUP, loaded_by: undefined } as never);
  assert.deepEqual(lines()[0].data, { wait_s: 84.2 });
});

test("what JSON has no form for is refused in test", () => {
  const loop: Record<string, unknown> = { ...PICKUP };
  loop["wait_s"] = loop;
  const bad: [unknown, RegExp][] = [
    [{ ...PICKUP, wait_s: NaN }, /wait_s must be a number from 0 to 7200/],
    [{ ...PICKUP, wait_s: 84n }, /wait_s must be a number/],
    [{ ...PICKUP, wait_s: () => 84 }, /wait_s must be a number/],
    [{ ...PICKUP, wait_s: Symbol("84") }, /wait_s must be a number/],
    [loop, /wait_s must be a number/],
    [{ get delivery_id() { return refuse(); } }, /the payload cannot be read \(RangeError\)/],
    [null, /the payload must be an object, not null/],
    [undefined, /the payload must be an object, not undefined/],
    [[PICKUP], /the payload must be an object, not Array/],
    [new Map(Object.entries(PICKUP)), /the payload must be an object, not Map/],
    ["D-99", /the payload must be an object, not String/],
  ];
  for (const [payload, message] of bad) {
    const { logger, raw } = make({ env: "test" });
    assert.throws(() => logger.event(Events.DELIVERY_PICKUP_COMPLETED, payload as never), {
      name: "EventRejected",
      message,
    });
    assert.deepEqual(raw, []);
  }
});

test("in production nothing throws: every such event is kept and reported", () => {
  const { logger, lines } = make();
  const hostile = new Proxy({}, { ownKeys: refuse, get: refuse, getPrototypeOf: refuse });
  const bad: unknown[] = [
    { ...PICKUP, wait_s: NaN, tags: new Set(["a"]), at: new Date(0), re: /x/, big: 7n, un: undefined },
    { get delivery_id() { return refuse(); } },
    Object.create(PICKUP),
    hostile, null, undefined, 7, [PICKUP], Symbol("x"), refuse,
  ];
  for (const payload of bad) logger.event(Events.DELIVERY_PICKUP_COMPLETED, payload as never);
  for (const event of [undefined, null, 7, {}, Symbol("x"), "constructor", "\ud800"]) {
    logger.event(event as never, PICKUP as never);
  }
  const written = lines();
  assert.equal(logger.lost, 0);
  assert.equal(written.length, 2 * (bad.length + 7));
  written.forEach((line, n) => assert.deepEqual([line.seq, line.evt.valid], [n + 1, n % 2 === 1]));
  assert.deepEqual(written[0].data, {
    wait_s: "nan", tags: ["a"], at: "1970-01-01T00:00:00.000Z", re: "<RegExp>", big: "<bigint>",
  });
});

test("a huge payload makes no line that Redshift cannot hold as a text", () => {
  const { logger, raw, lines } = make();
  const huge = { ...PICKUP, loaded_by: Array(100).fill("x".repeat(5000)) };
  logger.event(Events.DELIVERY_PICKUP_COMPLETED, huge as never);
  for (const line of raw) assert.ok(Buffer.byteLength(line) <= 65_535);
  assert.equal("data" in lines()[0], false);
  assert.match(lines()[1].data.reasons.at(-1), /longer than 32000 bytes/);
});

test("a failing write throws in test", () => {
  const { logger } = make({ env: "test", destination: { write: refuse } });
  assert.throws(() => logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP), RangeError);
});

test("a failing write is counted, reported once and leaves a gap", () => {
  const fails = [false, true, true, false];
  const kept: string[] = [];
  const written = mock.method(process.stderr, "write", () => true);
  const { logger } = make({
    boot: "b7f3",
    destination: { write: (line) => (fails.shift() ? refuse() : kept.push(line)) },
  });
  for (let n = 0; n < 4; n++) assert.ok(logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP));
  written.mock.restore();
  assert.deepEqual(kept.map((line) => JSON.parse(line).seq), [1, 4]);
  assert.equal(logger.lost, 2);
  assert.deepEqual(written.mock.calls.map((call) => call.arguments[0]), [
    "robot-agent/R-42/b7f3: an event could not be written (RangeError); " +
      "further losses are only counted.\n",
  ]);
});

test("a broken source throws in test and is replaced elsewhere", () => {
  const broken: Partial<LoggerOptions>[] = [
    { clock: refuse },
    { clock: () => new Date(NaN) },
    { clock: () => new Date(-1) },
    { clock: () => "noon" as never },
    { entropy: refuse },
    { entropy: () => new Uint8Array(1) },
    { monotonicMs: refuse },
    { monotonicMs: () => 7.5 },
  ];
  for (const options of broken) {
    const written: string[] = [];
    const strict = { ...options, env: "test", destination: { write: (line: string) => written.push(line) } };
    assert.throws(() => make(strict).logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP));
    assert.deepEqual(written, []);

    const { logger, lines } = make(options);
    logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP);
    const [line] = lines();
    assert.equal(line.evt.valid, true);
    assert.ok(line.occurred_at > "2026");
    assert.equal(line.event_id.length, 36);
    assert.equal("mono_ms" in line, false);
  }
});

test("contexts nest, follow an await, stay apart and end", async () => {
  const { logger, lines } = make({ env: "test" });
  const log = () => logger.event(Events.ROBOT_STUCK, { robot_id: "R-42", cause: "curb" });
  await Promise.all(["D-1", "D-2"].map((delivery_id, n) =>
    bindContext({ delivery_id, market: "la" }, async () => {
      await wait(n ? 1 : 5);
      bindContext({ delivery_id: `${delivery_id}0` }, log);
      log();
    }),
  ));
  log();
  assert.deepEqual(
    lines().map((line) => [line.delivery_id, line.market]),
    [["D-20", "la"], ["D-2", "la"], ["D-10", "la"], ["D-1", "la"], [undefined, undefined]],
  );
});

test("a context of unknown name is a TypeError, one that is not text is left out", () => {
  assert.throws(() => bindContext({ delivery: "D-1" } as never, () => 0), /takes no delivery/);
  const { logger, lines } = make();
  bindContext({ market: 7, trace_id: "\ud800t" } as never, () =>
    logger.event(Events.ROBOT_STUCK, { robot_id: "R-42", cause: "curb" }),
  );
  assert.equal("market" in lines()[0], false);
  assert.deepEqual(lines()[0].dd, { trace_id: "?t" });
});

test("an ordinary line has the envelope, the context and no event", () => {
  const { logger, lines } = make({ clock: () => new Date("2026-11-23T09:00:00.123Z") });
  bindContext({ delivery_id: "D-99", robot_id: "R-42", trace_id: "t" }, () => {
    logger.warn({ angle: 12.5, who: new (class Who {})() }, "lid is %s", "open");
  });
  logger.child({ request_id: "q" }).fatal("plain");
  logger.debug("below the level");
  const program = { service: "robot-agent", env: "prod", version: "4.2.1" };
  const occurred_at = "2026-11-23T09:00:00.123Z";
  assert.deepEqual(lines(), [
    {
      status: "warn",
      occurred_at,
      ...program,
      dd: { trace_id: "t" },
      delivery_id: "D-99",
      robot_id: "R-42",
      data: { angle: 12.5, who: "<Who>" },
      message: "lid is open",
    },
    { status: "critical", occurred_at, ...program, request_id: "q", message: "plain" },
  ]);
});

test("an error is written with its stack", () => {
  const { logger, lines } = make();
  logger.error(new RangeError("no lid"));
  logger.error({ err: new RangeError("no lid"), angle: 1 }, "lid failed");
  const [first, second] = lines();
  assert.equal(first.message, "no lid");
  assert.equal(second.message, "lid failed");
  assert.deepEqual(second.data, { angle: 1 });
  for (const { error } of [first, second]) {
    assert.deepEqual([error.kind, error.message], ["RangeError", "no lid"]);
    assert.match(error.stack, /logger\.test/);
  }
});

test("lines go to standard output in order, also when the program ends at once", () => {
  const program = `
    import { getLogger, Events } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    const logger = getLogger({ service: "robot-agent", env: "test", host: "R-42" });
    logger.info("before");
    logger.event(Events.ROBOT_LID_CHANGED, { robot_id: "R-42", to: "locked" });
    process.exit();`;
  const done = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  assert.equal(done.stderr, "");
  const messages = done.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).message);
  assert.deepEqual(messages, ["before", "Lid locked"]);
});
