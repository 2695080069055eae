/** Whether what a process has grows from fail-over to fail-over. Pure. */
import { median } from "../statistics.js";
import { type Resource, type Sample, resources } from "./holdings.js";

export interface Growth {
  readonly resource: Resource;
  /** Medians of the first and the last samples after the warm-up. */
  readonly first: number;
  readonly last: number;
  readonly tolerated: number;
  readonly flat: boolean;
}

/** Caches fill and code is compiled in this share of a run. */
const WARM_UP = 0.3;
/** Of the samples after that, so many are the first ones, and as many the last. */
const SHARE = 0.25;

/**
 * What is counted may differ by what happens to be under way, whether it is a question to Patroni or a session of the
 * control socket. Memory of a runtime that collects garbage when it likes gets a tenth, whatever the length of the run.
 */
const TOLERATED: Readonly<Record<Resource, (first: number) => number>> = {
  rssKb: (first) => first / 10,
  descriptors: () => 3,
  sockets: () => 3,
  threads: () => 0,
  namespaces: () => 0,
};

/** Throws when there are too few samples to say anything. */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP));
  const count = Math.floor(settled.length * SHARE);
  if (count < 3) throw new Error(`${String(samples.length)} samples are too few to see growth`);
  return resources.map((resource) => {
    const values = settled.map((sample) => sample[resource]);
    const first = median(values.slice(0, count));
    const last = median(values.slice(-count));
    const tolerated = TOLERATED[resource](first);
    return { resource, first, last, tolerated, flat: last - first <= tolerated };
  });
}
