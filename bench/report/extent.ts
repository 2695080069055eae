/** How much of a fail-over is worth a picture. Pure. */
import type { MeasuredRound } from "../results.js";

/** A little after the last change that a client notices, so that the calm end takes no room. */
export function interestingMs(rounds: readonly MeasuredRound[]): number {
  const starts = rounds.flatMap(({ lanes }) =>
    lanes.filter(({ name }) => !name.startsWith("Patroni")).flatMap(({ spans }) => spans.map(({ fromMs }) => fromMs)),
  );
  return Math.max(100, ...starts) * 1.1;
}
