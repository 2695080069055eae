/** Medians, percentiles and the intervals of a ratio and of a difference. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { differenceOfMedians, median, percentile, ratioOfMedians } from "../../bench/statistics.js";

describe("statistics", () => {
  test("median and percentiles by nearest rank", () => {
    assert.equal(median([5, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 2]), 2);
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)], [50, 99, 100]);
    assert.ok(Number.isNaN(median([])) && Number.isNaN(percentile([], 0.5)));
  });

  test("a ratio of medians lies inside its interval, which is exact when nothing varies", () => {
    assert.deepEqual(ratioOfMedians([30, 30, 30], [10, 10, 10]), { ratio: 3, low: 3, high: 3 });
    const found = ratioOfMedians([20, 25, 30, 35, 40], [8, 9, 10, 11, 12]) ?? assert.fail();
    assert.equal(found.ratio, 3);
    assert.ok(found.low < 3 && found.low >= 20 / 12, `${found.low}`);
    assert.ok(found.high > 3 && found.high <= 40 / 8, `${found.high}`);
  });

  test("the base is resampled too", () => {
    const found = ratioOfMedians([10, 10, 10], [5, 10, 20]) ?? assert.fail();
    assert.ok(found.low < 1 && found.high > 1, JSON.stringify(found));
  });

  test("the same numbers give the same interval, more of them a narrower one", () => {
    const few = Array.from({ length: 5 }, (_, index) => 10 + index);
    const many = Array.from({ length: 100 }, (_, index) => 10 + (index % 5));
    const width = (values: readonly number[]): number => {
      const { low, high } = ratioOfMedians(values, values) ?? assert.fail();
      return high - low;
    };
    assert.deepEqual(ratioOfMedians(few, few), ratioOfMedians(few, few));
    assert.ok(width(many) < width(few));
  });

  test("there is no ratio to nothing, to an error around zero, or of a single value", () => {
    assert.equal(ratioOfMedians([1, 2], [0, 0]), null);
    assert.equal(ratioOfMedians([1, 2], [-1, 2, 3]), null);
    assert.equal(ratioOfMedians([1], [1, 2]), null);
  });

  test("a difference of medians lies inside its interval, also around zero and below", () => {
    assert.deepEqual(differenceOfMedians([7, 7], [10, 10]), { difference: -3, low: -3, high: -3 });
    const found = differenceOfMedians([-2, -1, 0, 1, 2], [3, 4, 5, 6, 7]) ?? assert.fail();
    assert.equal(found.difference, -5);
    assert.ok(found.low < -5 && found.low >= -2 - 7, `${found.low}`);
    assert.ok(found.high > -5 && found.high <= 2 - 3, `${found.high}`);
    assert.deepEqual(differenceOfMedians([1, 2, 3], [1, 2, 3]), differenceOfMedians([1, 2, 3], [1, 2, 3]));
  });

  test("there is no difference of a single value, nor to one", () => {
    assert.equal(differenceOfMedians([1], [1, 2]), null);
    assert.equal(differenceOfMedians([1, 2], [1]), null);
  });
});
