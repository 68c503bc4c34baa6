// The processes of `python -m benchmarks.logger_soak` that log by the TypeScript client.

import cluster from "node:cluster";
import { existsSync, writeFileSync } from "node:fs";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";

import { Events, getLogger } from "../clients/typescript/dist/src/index.js";

const job = JSON.parse(process.argv[2]);
const SHORT = { delivery_id: "D-99", robot_id: "R-42", order_id: "O-12", merchant_id: "M-7", wait_s: 84.2 };
// A line longer than a pipe takes in one piece.
const LONG = { rejected_name: "x", reasons: Array(20).fill("y".repeat(256)), sample_hash: "0" };

if (cluster.isPrimary) {
  for (let n = 0; n < job.processes; n++) cluster.fork();
  cluster.on("exit", (_, code) => (process.exitCode ||= code));
} else {
  const logger = getLogger({ service: "soak", env: "prod", host: "here" });
  let called = 0;
  const one = () => {
    if (++called % 16 === 0 && job.has_long) logger.event(Events.TELEMETRY_EVENT_REJECTED, LONG);
    else logger.event(Events.DELIVERY_PICKUP_COMPLETED, SHORT);
  };
  process.on("SIGUSR2", one);
  const signals = setInterval(() => process.kill(process.pid, "SIGUSR2"), 2);
  for (let n = 0; n < job.events; n++) {
    if (job.waits && n === job.events >> 1) {
      // The handlers of signals that are on their way log too.
      clearInterval(signals);
      await wait(50);
      writeFileSync(`${job.results}/half-${process.pid}`, "");
      while (!existsSync(`${job.results}/go`)) await wait(10);
    }
    one();
    if (n % 64 === 0) await turn();
  }
  clearInterval(signals);
  await wait(50);
  const said = { emitter_id: logger.emitterId, called, lost: logger.lost };
  writeFileSync(`${job.results}/end-${process.pid}`, JSON.stringify(said));
  process.exit();
}
