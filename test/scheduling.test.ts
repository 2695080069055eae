/** Priorities are the kernel's: what was asked for is read back. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority, setPriority, userInfo } from "node:os";
import { test } from "node:test";
import { runBeforeOthers, runLikeOthers } from "../src/scheduling.js";

const isRoot = userInfo().uid === 0;

/** A process of its own session, as a service is; tells the niceness of its threads, and of its session where that has one. */
const service = `
  import { existsSync, readFileSync, readdirSync } from "node:fs";
  import { getPriority } from "node:os";
  import { runBeforeOthers } from ${JSON.stringify(new URL("../src/scheduling.ts", import.meta.url).href)};
  runBeforeOthers();
  const threads = readdirSync("/proc/self/task").map((thread) => getPriority(Number(thread)));
  const group = "/proc/self/autogroup";
  const ofSession = existsSync(group) ? Number(readFileSync(group, "utf8").split(" ")[2]) : null;
  process.stdout.write(JSON.stringify({ threads, ofSession }));
`;

async function niceness(detached: boolean): Promise<{ readonly threads: number[]; readonly ofSession: number | null }> {
  const words = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", service];
  const child = spawn(process.execPath, words, { detached, stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told += text));
  await once(child, "close");
  return JSON.parse(told) as Awaited<ReturnType<typeof niceness>>;
}

test("all threads of a service go before others, and so does its session", async () => {
  const { threads, ofSession } = await niceness(true);
  assert.ok(threads.length > 1, "those that collect garbage are there");
  assert.deepEqual(new Set(threads), new Set([isRoot ? -10 : getPriority()]));
  assert.ok(ofSession === null || ofSession === (isRoot ? -10 : 0), String(ofSession));
});

test("a session that belongs to others too stays as it is", async () => {
  const { ofSession } = await niceness(false);
  assert.ok(ofSession === null || ofSession === 0, String(ofSession));
});

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
