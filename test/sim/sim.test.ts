/**
 * The simulator as a test: so many seeds as fit in PGVIP_SIM_SECONDS on a slow machine (20, and 60 with CI=true); that the
 * same seed is the same run; and that the checks find mistakes when there are some.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { step } from "../../src/core/group.js";
import { Coverage } from "./coverage.js";
import { plantedBugs } from "./planted-bugs.js";
import { run } from "./run.js";
import { type Plan, planOf } from "./schedule.js";
import { only, shrink } from "./shrink.js";

const RUNS_PER_SECOND = 20;
const SECONDS = Number(process.env["PGVIP_SIM_SECONDS"] ?? (process.env["CI"] === "true" ? "60" : "20"));
/** A planted bug must show within so many seeds. */
const SEEDS_FOR_A_BUG = 500;

describe("the simulated cluster", () => {
  const seeds = SECONDS * RUNS_PER_SECOND;

  it(`keeps every invariant for seeds 1 to ${String(seeds)}`, (t) => {
    assert.ok(seeds >= 1, "PGVIP_SIM_SECONDS is at least one");
    const coverage = new Coverage();
    let virtualMs = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { failure, virtualMs: forMs } = run(planOf(String(seed)), { coverage });
      virtualMs += forMs;
      assert.equal(failure?.message, undefined, `replay: npm run sim -- --seed ${String(seed)}`);
    }
    t.diagnostic(`${String(seeds)} seeds, ${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time`);
    assert.deepEqual(coverage.unknown, [], "every arrow that was taken is in the list");
  });

  it("runs the same for the same seed, traced or not", () => {
    const plan = planOf("7");
    assert.deepEqual(traceOf(plan), traceOf(plan));
    assert.equal(run(plan).virtualMs, run(plan, { trace: () => undefined }).virtualMs);
    assert.notDeepEqual(traceOf(plan), traceOf(planOf("8")));
  });
});

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

function traceOf(plan: Plan): readonly string[] {
  const lines: string[] = [];
  run(plan, { trace: (line) => lines.push(line) });
  return lines;
}
