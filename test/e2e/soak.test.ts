/** The soak in short: a pair of agents keeps nothing over its fail-overs, and one that leaks is noticed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Verdict, judge } from "../../bench/soak/judge.js";
import { soak } from "../../bench/soak/run.js";

const plan = { failOvers: 40, sampleEvery: 2 };
const leak = fileURLToPath(new URL("leaky-agent.mjs", import.meta.url));

describe("fail-over after fail-over", () => {
  it("leaves nothing behind", async () => {
    const { samples, moveMs } = await soak(plan);
    assert.equal(moveMs.length, plan.failOvers);
    const verdicts = judge(samples);
    assert.equal(verdicts.length, 14, "seven resources of two agents");
    assert.deepEqual(growing(verdicts), []);
  });

  it("shows files that are never closed", async () => {
    const { samples } = await soak({ ...plan, failOvers: 20, imports: [leak] });
    assert.deepEqual(growing(judge(samples)), ["pgpat1 fds", "pgpat2 fds"]);
  });
});

function growing(verdicts: readonly Verdict[]): string[] {
  return verdicts.filter(({ level }) => !level).map(({ node, resource }) => `${node} ${resource}`);
}
