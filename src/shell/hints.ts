/**
 * Hints: a line in a FIFO says that it is worth asking Patroni now. Writing it costs a shell two milliseconds, so that a
 * callback of Patroni can do it.
 *
 * Whoever may write can bring the next question forward, and nothing else: content is thrown away, and hints that come faster than
 * they can be of use are one.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from "node:fs";
import net from "node:net";
import type { NotifyConfig } from "../config/config.js";
import type { Logger } from "../log.js";
import type { Clock } from "../ports/clock.js";
import { findGroup } from "./name-service.js";

/** A hint that comes sooner after the last one has to wait; it is not lost. */
const INTERVAL_MS = 20;
const EVERYBODY = 0o622;
const GROUP = 0o620;

/** Passes hints on, the first one at once and the others spaced. */
export class Hints {
  readonly #clock: Clock;
  readonly #pass: () => void;
  #nextAtMs = -Infinity;
  #isWaiting = false;

  constructor(clock: Clock, pass: () => void) {
    this.#clock = clock;
    this.#pass = pass;
  }

  hint(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (this.#clock.nowMs() >= this.#nextAtMs) this.#now();
    else
      this.#clock.at(this.#nextAtMs, () => {
        this.#now();
      });
  }

  #now(): void {
    this.#isWaiting = false;
    this.#nextAtMs = this.#clock.nowMs() + INTERVAL_MS;
    this.#pass();
  }
}

/** Makes the FIFO and listens to it. Trouble is told in the log, and the agent does without. Returns what ends it. */
export function openFifo({ fifoPath, group }: NotifyConfig, hint: () => void, log: Logger): () => void {
  try {
    replace(fifoPath);
    if (group !== null) chownSync(fifoPath, process.geteuid?.() ?? 0, groupId(group));
    chmodSync(fifoPath, group === null ? EVERYBODY : GROUP);
    // Open for writing as well: there is always a writer, so the end of one is not the end of all.
    const fd = openSync(fifoPath, constants.O_RDWR | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFIFO()) {
      closeSync(fd);
      throw new Error("somebody replaced it by something else");
    }
    const reader = new net.Socket({ fd, readable: true, writable: false });
    reader.on("data", hint);
    reader.on("error", (error) => {
      log.warn({ event: "hints" }, `no hints any more: ${error.message}`);
    });
    return () => {
      reader.destroy();
      removeFifo(fifoPath);
    };
  } catch (error) {
    log.warn(
      { event: "hints" },
      `no hints from ${fifoPath}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return () => undefined;
  }
}

/** A FIFO that an earlier agent left is made anew; anything else is left alone. */
function replace(fifoPath: string): void {
  removeFifo(fifoPath);
  execFileSync("mkfifo", ["-m", "600", fifoPath], { stdio: ["ignore", "ignore", "pipe"] });
}

function removeFifo(fifoPath: string): void {
  if (lstatSync(fifoPath, { throwIfNoEntry: false })?.isFIFO() === true) unlinkSync(fifoPath);
}

function groupId(name: string): number {
  const found = findGroup(name);
  if (found === null) throw new Error(`there is no group ${name}`);
  return found;
}
