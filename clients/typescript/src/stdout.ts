/** Standard output: each line whole, or not at all. */

import { fstatSync, ftruncateSync, readFileSync, writeSync } from "node:fs";

const STDOUT = 1;
const WAIT_MS = 2;
const clock = new Int32Array(new SharedArrayBuffer(4));

/** Whether the output ends with a part of a line. */
let torn = false;

/**
 * Write one line before returning, however slow the reader.
 *
 * Lines of at most PIPE_BUF bytes (4,096 on Linux) are whole whoever shares the pipe.
 *
 * @throws where there is no room or no reader: nothing of the line is left in the output, or, where
 * its beginning cannot be taken back, that stands on a line of its own.
 */
export function writeStdout(line: string): void {
  const text = torn ? `\n${line}` : line;
  const size = Buffer.byteLength(text);
  let rest: Buffer | undefined;
  let written = 0;
  while (written < size) {
    try {
      if (written) rest ??= Buffer.from(text);
      written += rest ? writeSync(STDOUT, rest, written) : writeSync(STDOUT, text);
    } catch (error) {
      // A pipe that does not block, as Node.js makes it, and that is full.
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        Atomics.wait(clock, 0, 0, WAIT_MS);
        continue;
      }
      if (written && !tookBack(written)) torn = true;
      throw error;
    }
  }
  torn = false;
}

/**
 * Cut the last bytes written off a file, the beginning of a line that did not fit. Only one that
 * is appended to: anywhere else Node.js cannot go back to where the line began.
 */
function tookBack(count: number): boolean {
  try {
    const found = fstatSync(STDOUT);
    const state = readFileSync(`/proc/self/fdinfo/${STDOUT}`, "utf8");
    const end = Number(/^pos:\s*(\d+)/m.exec(state)?.[1]);
    const appends = (Number.parseInt(/^flags:\s*(\d+)/m.exec(state)?.[1] ?? "0", 8) & 0o2000) !== 0;
    if (!found.isFile() || !appends || found.size !== end) return false;
    ftruncateSync(STDOUT, end - count);
    return true;
  } catch {
    return false;
  }
}
