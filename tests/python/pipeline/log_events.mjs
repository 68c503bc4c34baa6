// Logs what it reads through the TypeScript client: one JSON object a line, with service, host, at
// (the time), event and data. Arguments: the built client, and an ordinary line to log after each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { getLogger } = await import(pathToFileURL(process.argv[2]));

let now;
const loggers = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const { service, host, at, event, data } = JSON.parse(line);
  now = new Date(at);
  const emitter = `${service}/${host}`;
  if (!loggers.has(emitter)) {
    loggers.set(emitter, getLogger({ service, host, env: "prod", version: "1.0.0", clock: () => now }));
  }
  loggers.get(emitter).event(event, data);
  loggers.get(emitter).info(process.argv[3]);
}
