/** Calls back on a fixed grid of the monotonic clock; ticks that were missed are skipped, never caught up in a burst. */
import { nowMs } from "../wait.js";

export function tick(everyMs: number, callback: () => void): void {
  const startMs = nowMs();
  let index = 0;
  const next = (): void => {
    // A timer may fire a little before its time: the grid point it was for must not come twice.
    index = Math.max(index, Math.floor((nowMs() - startMs) / everyMs)) + 1;
    setTimeout(
      () => {
        next();
        callback();
      },
      Math.max(0, startMs + index * everyMs - nowMs()),
    );
  };
  next();
}
