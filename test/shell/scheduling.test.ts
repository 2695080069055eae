/** Priorities are the kernel's: what was asked for is read back. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority, setPriority, userInfo } from "node:os";
import { test } from "node:test";
import { runBeforeOthers, runLikeOthers } from "../../src/shell/scheduling.js";

const isRoot = userInfo().uid === 0;

test("the agent goes before others, what it starts does not", async (t) => {
  const before = getPriority();
  t.after(() => {
    setPriority(before);
  });
  runBeforeOthers();
  assert.equal(getPriority(), isRoot ? -10 : before, "without the right to it nothing changes");
  const child = spawn("cat");
  assert.ok(child.pid !== undefined);
  assert.equal(getPriority(child.pid), isRoot ? -10 : before);
  runLikeOthers(child.pid);
  assert.equal(getPriority(child.pid), isRoot ? 0 : before);
  child.stdin.end();
  await once(child, "close");
  assert.doesNotThrow(() => {
    runLikeOthers(child.pid ?? 0);
  });
});
