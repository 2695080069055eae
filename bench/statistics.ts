/** What repeated measurements say: median, percentiles, and how sure a ratio of medians is. Pure. */
import { summarize } from "../lab/measure.js";

/** An estimate, and what 95 % of the resampled ones lie between. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Ratio extends Interval {
  readonly ratio: number;
}

export interface Difference extends Interval {
  readonly difference: number;
}

const RESAMPLES = 2000;

/**
 * Median of `values` over median of `base`, with its percentile bootstrap interval. The same numbers give the same
 * interval: the generator starts from a fixed seed. `null` when there are too few, or when the base has values that are
 * not above zero: a multiple of nothing, or of an error, says nothing.
 */
export function ratioOfMedians(values: readonly number[], base: readonly number[]): Ratio | null {
  if (values.length < 2 || base.length < 2 || base.some((value) => value <= 0)) return null;
  const ratio = (some: readonly number[], others: readonly number[]): number => median(some) / median(others);
  return { ratio: ratio(values, base), ...bootstrap(values, base, ratio) };
}

/** Median of `values` minus median of `base`, likewise: for what can be near zero, or below. `null`: there are too few. */
export function differenceOfMedians(values: readonly number[], base: readonly number[]): Difference | null {
  if (values.length < 2 || base.length < 2) return null;
  const difference = (some: readonly number[], others: readonly number[]): number => median(some) - median(others);
  return { difference: difference(values, base), ...bootstrap(values, base, difference) };
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

/** Both sides are resampled, each on its own. */
function bootstrap(
  values: readonly number[],
  base: readonly number[],
  compare: (some: readonly number[], others: readonly number[]) => number,
): Interval {
  const random = generator(1);
  const found = Array.from({ length: RESAMPLES }, () => compare(resample(values, random), resample(base, random)));
  found.sort((a, b) => a - b);
  return { low: at(found, 0.025), high: at(found, 0.975) };
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
