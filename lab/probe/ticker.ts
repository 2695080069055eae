/** Calls back on a fixed grid of the monotonic clock; ticks that were missed are skipped, never caught up in a burst. */
import { nowMs } from "../wait.js";

/** `everyMs` is asked before each tick; when it changes, a new grid begins. */
export function tick(everyMs: () => number, callback: () => void): void {
  let startMs = nowMs();
  let gridMs = everyMs();
  let index = 0;
  const next = (): void => {
    if (gridMs !== everyMs()) {
      gridMs = everyMs();
      startMs = nowMs();
      index = 0;
    }
    // A timer may fire a little before its time: the grid point it was for must not come twice.
    index = Math.max(index, Math.floor((nowMs() - startMs) / gridMs)) + 1;
    setTimeout(
      () => {
        next();
        callback();
      },
      Math.max(0, startMs + index * gridMs - nowMs()),
    );
  };
  next();
}
