/** A share of the seeds: what one process plays. */
import { Coverage } from "./coverage.js";
import { run } from "./run.js";
import { planOf } from "./schedule.js";

export interface Share {
  readonly first: number;
  readonly seeds: number;
}

/** What has come of a share so far. */
export interface Tally {
  readonly runs: number;
  readonly virtualMs: number;
  /** See Coverage. */
  readonly taken: Readonly<Record<string, number>>;
  /** The seed that broke an invariant, which ended it. */
  readonly broken: number | null;
}

export const nothingPlayed: Tally = { runs: 0, virtualMs: 0, taken: {}, broken: null };

/** Whole seeds from `first` on, as many shares as asked for, or as there are seeds. */
export function divide({ first, seeds }: Share, shares: number): readonly Share[] {
  const count = Math.max(1, Math.min(shares, seeds));
  const bounds = Array.from({ length: count + 1 }, (_, index) => first + Math.floor((seeds * index) / count));
  return bounds.slice(1).map((end, index) => ({ first: bounds[index]!, seeds: end - bounds[index]! }));
}

/** Plays until a seed breaks an invariant; `tell` hears each `everyMs` how far it is, and the outcome at the end. */
export function playShare({ first, seeds }: Share, everyMs: number, tell: (tally: Tally) => void): void {
  const coverage = new Coverage();
  let virtualMs = 0;
  let toldAtMs = performance.now();
  for (let runs = 1; runs <= seeds; runs += 1) {
    const seed = first + runs - 1;
    const outcome = run(planOf(String(seed)), { coverage });
    virtualMs += outcome.virtualMs;
    const broken = outcome.failure === null ? null : seed;
    if (broken !== null || runs === seeds || performance.now() > toldAtMs + everyMs) {
      toldAtMs = performance.now();
      tell({ runs, virtualMs, taken: coverage.taken, broken });
    }
    if (broken !== null) return;
  }
}
