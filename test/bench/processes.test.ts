/** What processes cost: memory at its highest, and no account when they are not the same ones in the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CostMeter } from "../../bench/processes.js";

test("processor time and the most memory of all samples", () => {
  const meter = new CostMeter(() => [process.pid]);
  // Filled with something, or the kernel would give no memory for it.
  let block: Buffer | null = Buffer.alloc(150 << 20, 1);
  const untilMs = performance.now() + 100;
  while (performance.now() < untilMs) block.fill(2);
  meter.sample();
  block = null;
  const cost = meter.end() ?? assert.fail("no account");
  assert.ok(cost.cpuMs >= 10 && cost.rssMb > 150, JSON.stringify(cost));
});

test("a process that was replaced took its account with it", () => {
  const pids = [process.pid];
  const meter = new CostMeter(() => [...pids]);
  pids[0] = process.ppid;
  assert.equal(meter.end(), null);
});
