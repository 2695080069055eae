/** What repeated measurements say: median, percentiles, and how sure a ratio of medians is. Pure. */
import { summarize } from "../lab/measure.js";

export interface Ratio {
  readonly ratio: number;
  /** 95 % of the resampled ratios lie between these. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * Median of `values` over median of `base`, with its percentile bootstrap interval. The same numbers give the same
 * interval: the generator starts from a fixed seed. `null` when there are too few, or when the base has values that are
 * not above zero: a multiple of nothing, or of an error, says nothing.
 */
export function ratioOfMedians(values: readonly number[], base: readonly number[]): Ratio | null {
  if (values.length < 2 || base.length < 2 || base.some((value) => value <= 0)) return null;
  const random = generator(1);
  const ratios = Array.from({ length: RESAMPLES }, () => {
    return median(resample(values, random)) / median(resample(base, random));
  }).sort((a, b) => a - b);
  return { ratio: median(values) / median(base), low: at(ratios, 0.025), high: at(ratios, 0.975) };
}

/** The nearest rank below for even numbers of values, as everywhere else in the tables. */
export function median(values: readonly number[]): number {
  return summarize(values)?.median ?? NaN;
}

/** By nearest rank; `share` from 0 to 1. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  return at(
    [...values].sort((a, b) => a - b),
    share,
  );
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

function resample(values: readonly number[], random: () => number): number[] {
  return values.map(() => values[Math.floor(random() * values.length)] ?? NaN);
}

/** Mulberry32: numbers from 0 to below 1, the same ones for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
