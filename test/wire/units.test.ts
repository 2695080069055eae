import assert from "node:assert/strict";
import { test } from "node:test";
import { centis, isCentis, isPriority, isSeconds, isVrid, priority, seconds, vrid } from "../../src/wire/units.js";

const units = [
  { name: "VRID", is: isVrid, make: vrid, lowest: 1, highest: 255 },
  { name: "priority", is: isPriority, make: priority, lowest: 0, highest: 255 },
  { name: "centiseconds", is: isCentis, make: centis, lowest: 1, highest: 4095 },
  { name: "seconds", is: isSeconds, make: seconds, lowest: 1, highest: 255 },
];

for (const { name, is, make, lowest, highest } of units) {
  test(`${name}: from ${String(lowest)} to ${String(highest)}, whole numbers only`, () => {
    for (const good of [lowest, lowest + 1, highest]) {
      assert.equal(is(good), true);
      assert.equal(make(good), good);
    }
    for (const bad of [lowest - 1, highest + 1, lowest + 0.5, NaN, Infinity, -Infinity]) {
      assert.equal(is(bad), false, String(bad));
      assert.throws(() => make(bad), RangeError);
    }
  });
}
