/** The fault matrix itself: it measures, names what was missed, and goes on after whatever went wrong. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Fault } from "../../bench/faults/fault.js";
import { allFaults } from "../../bench/faults/faults.js";
import { FaultRun } from "../../bench/faults/run.js";
import { faultSystems } from "../../bench/faults/systems.js";

const [pgvip] = faultSystems(null);
assert.ok(pgvip?.name === "pgvip");

/** Nobody starts the agent again: the cluster is well, and clients wait in vain. */
const neverMended: Fault = {
  name: "never-mended",
  about: "the VIP manager is killed, and that is all",
  act: ({ stage, leader }) => stage.manager.kill(stage.cluster.node(leader)),
  bounds: [],
};

const impossible: Fault = {
  name: "impossible",
  about: "cannot be played",
  act: () => Promise.reject(new Error("out of order")),
  bounds: [],
};

describe("the fault matrix", () => {
  const run = new FaultRun(pgvip, { backend: "stand-in" }, 3_000);

  after(async () => {
    await run.close();
  });

  it("says when a system does not come back by itself", async () => {
    const row = await run.play(neverMended);
    assert.ok(row.kind === "measured", JSON.stringify(row));
    assert.deepEqual(row.missed, ["usable never, wanted ≤ 5000 ms"]);
  });

  it("reports a fault that cannot be played", async () => {
    const failed = await run.play(impossible);
    assert.deepEqual(failed, { kind: "failed", system: "pgvip", fault: "impossible", reason: "out of order" });
  });

  it("goes on with a new cluster, and measures what a fault does", async () => {
    const row = await run.play(named("vip-deleted"));
    assert.ok(row.kind === "measured", JSON.stringify(row));
    const { vacant, gone, takes, usable } = row.values;
    assert.ok(typeof vacant === "number" && vacant > 0 && vacant < 5_000, JSON.stringify(row));
    assert.ok(typeof gone === "number" && gone >= 0);
    assert.equal(takes, 1, "it was put back");
    assert.ok(typeof usable === "number");
  });
});

function named(name: string): Fault {
  const fault = allFaults.find((one) => one.name === name);
  assert.ok(fault !== undefined);
  return fault;
}
