/** The checker checked: mistakes planted in the core's rules are found, and with few faults. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { step } from "../../src/core/group.js";
import { plantedBugs } from "./planted-bugs.js";
import { run } from "./run.js";
import { type Plan, planOf } from "./schedule.js";
import { only, shrink } from "./shrink.js";

/** A planted bug must show within so many seeds. */
const SEEDS_FOR_A_BUG = 500;

describe("the checks", () => {
  for (const bug of plantedBugs) {
    it(`find that ${bug.name}`, () => {
      assert.notEqual(findBug(bug.plant(step)), null, `not found in ${String(SEEDS_FOR_A_BUG)} seeds`);
    });
  }

  it("find with fewer faults what they found with more", () => {
    const bug = plantedBugs.find(({ name }) => name === "a lame duck has no deadline");
    assert.ok(bug !== undefined);
    const planted = { step: bug.plant(step) };
    const plan = findBug(planted.step);
    assert.ok(plan !== null);
    const invariant = run(plan, planted).failure?.invariant;
    assert.ok(invariant !== undefined);
    const small = only(plan, shrink(plan, invariant, planted));
    assert.ok(small.faults.length >= 1 && small.faults.length < plan.faults.length);
    assert.equal(run(small, planted).failure?.invariant, invariant);
    assert.equal(run(small).failure, null, "without the bug the small schedule is harmless");
  });
});

/** The first plan in which the mistake shows. */
function findBug(mistaken: typeof step): Plan | null {
  for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed += 1) {
    const plan = planOf(String(seed));
    if (run(plan, { step: mistaken }).failure !== null) return plan;
  }
  return null;
}
