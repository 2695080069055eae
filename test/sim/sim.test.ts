/**
 * The simulator as a test: so many seeds as fit in PGVIP_SIM_SECONDS on a slow machine (20, and 60 with CI=true); and that
 * the same seed is the same run.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Coverage } from "./coverage.js";
import { run } from "./run.js";
import { type Plan, planOf } from "./schedule.js";

const RUNS_PER_SECOND = 8;
const SECONDS = Number(process.env["PGVIP_SIM_SECONDS"] ?? (process.env["CI"] === "true" ? "60" : "20"));

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

function traceOf(plan: Plan): readonly string[] {
  const lines: string[] = [];
  run(plan, { trace: (line) => lines.push(line) });
  return lines;
}
