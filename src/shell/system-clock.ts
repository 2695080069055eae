/** The clock of this machine: CLOCK_MONOTONIC, and timers on the event loop. */
import type { Clock } from "../ports/clock.js";

const NS_PER_MS = 1e6;
/** Node's timers take 32 bits of milliseconds; a longer wait is woken and asked again. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Number(process.hrtime.bigint()) / NS_PER_MS,
  at(atMs, callback) {
    const waitMs = Math.ceil(Math.max(0, atMs - this.nowMs()));
    const timer = setTimeout(callback, Math.min(waitMs, LONGEST_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};
