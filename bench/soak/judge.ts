/**
 * Whether what the agents keep stays level over many fail-overs. The medians of an early and a late part of the series are
 * compared: a leak grows with each fail-over, and noise does not. Pure.
 */
import { median } from "../statistics.js";
import { type Resource, type Sample, resourceNames } from "./sample.js";

/**
 * What may be kept more for each fail-over, and how far two medians may lie apart by chance whatever the number of
 * fail-overs. Of what is counted in ones, nothing may be left behind even once in two hundred fail-overs.
 */
export const tolerances: Readonly<Record<Resource, { readonly perFailOver: number; readonly noise: number }>> = {
  rss: { perFailOver: 4, noise: 2_048 },
  heap: { perFailOver: 0.25, noise: 256 },
  fds: { perFailOver: 0.005, noise: 0 },
  sockets: { perFailOver: 0.005, noise: 0 },
  threads: { perFailOver: 0.005, noise: 0 },
  children: { perFailOver: 0.005, noise: 0 },
  namespaces: { perFailOver: 0, noise: 0 },
};

export interface Verdict {
  readonly node: string;
  readonly resource: Resource;
  /** Medians of the first and the last third after the warm-up, and the fail-overs between them. */
  readonly early: number;
  readonly late: number;
  readonly failOvers: number;
  /** What it may have grown by. */
  readonly allowed: number;
  readonly level: boolean;
}

/** The first so many of all fail-overs fill buffers, caches and histories. */
const WARM_UP_SHARE = 0.25;

export function judge(samples: readonly Sample[]): Verdict[] {
  const nodes = [...new Set(samples.map(({ node }) => node))];
  return nodes.flatMap((name) => {
    const own = samples.filter(({ node }) => node === name);
    const last = Math.max(...own.map(({ failOvers }) => failOvers));
    const warm = own.filter(({ failOvers }) => failOvers >= last * WARM_UP_SHARE);
    const third = Math.floor(warm.length / 3);
    return resourceNames.map((resource) => compare(name, resource, warm.slice(0, third), warm.slice(-third)));
  });
}

function compare(node: string, resource: Resource, early: readonly Sample[], late: readonly Sample[]): Verdict {
  const { perFailOver, noise } = tolerances[resource];
  const from = medianOf(early, ({ kept }) => kept[resource]);
  const to = medianOf(late, ({ kept }) => kept[resource]);
  const failOvers = medianOf(late, (sample) => sample.failOvers) - medianOf(early, (sample) => sample.failOvers);
  const allowed = noise + perFailOver * failOvers;
  // Too few samples make NaN, which is at most nothing.
  return { node, resource, early: from, late: to, failOvers, allowed, level: to - from <= allowed };
}

function medianOf(samples: readonly Sample[], value: (sample: Sample) => number): number {
  return median(samples.map(value));
}
