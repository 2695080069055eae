/** What the soak calls growth: it must see a leak of one thing in ten fail-overs, and no noise. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { growthOf } from "../../bench/soak/growth.js";
import { type Sample, sampleOf } from "../../bench/soak/holdings.js";

const calm: Sample = { rssKb: 60_000, descriptors: 30, sockets: 20, threads: 12, namespaces: 5 };

/** A hundred samples, each made from the calm one and its number. */
function run(change: (sample: Sample, index: number) => Sample) {
  return growthOf(Array.from({ length: 100 }, (_, index) => change(calm, index)));
}

function growing(growths: ReturnType<typeof growthOf>): readonly string[] {
  return growths.filter(({ flat }) => !flat).map(({ resource }) => resource);
}

describe("the soak", () => {
  it("calls flat what only varies", () => {
    const growths = run((sample, index) => ({
      ...sample,
      rssKb: sample.rssKb + 3_000 * (index % 3),
      sockets: sample.sockets + (index % 2),
      descriptors: sample.descriptors + (index % 4),
    }));
    assert.deepEqual(growing(growths), []);
  });

  it("does not mind the warm-up", () => {
    const growths = run((sample, index) => (index < 25 ? { ...sample, rssKb: 20_000, threads: 3 } : sample));
    assert.deepEqual(growing(growths), []);
  });

  it("sees each kind of leak", () => {
    for (const resource of ["descriptors", "sockets", "threads", "namespaces"] as const) {
      const growths = run((sample, index) => ({ ...sample, [resource]: sample[resource] + Math.floor(index / 10) }));
      assert.deepEqual(growing(growths), [resource]);
    }
    const memory = run((sample, index) => ({ ...sample, rssKb: sample.rssKb + 200 * index }));
    assert.deepEqual(growing(memory), ["rssKb"]);
  });

  it("says nothing on too few samples", () => {
    assert.throws(() => growthOf([calm, calm, calm]), /too few/);
  });

  it("reads what a process has", () => {
    const sample = sampleOf(process.pid);
    for (const [resource, value] of Object.entries(sample)) {
      assert.ok(Number.isInteger(value), `${resource}: ${String(value)}`);
    }
    assert.ok(sample.rssKb > 1_000 && sample.descriptors > 2 && sample.threads > 1 && sample.namespaces > 0);
  });
});
