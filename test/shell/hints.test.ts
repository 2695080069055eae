/** Hints through a real FIFO, and how fast they may come. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { Hints, openFifo } from "../../src/shell/hints.js";
import { ManualClock } from "./fake-network.js";

function newPath(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), "pgvip-hints-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  return path.join(directory, "notify");
}

function open(t: TestContext, fifoPath: string, group: string | null = null) {
  const seen = { hints: 0, lines: [] as string[] };
  let told: () => void = () => undefined;
  const log = pino({}, { write: (line: string) => seen.lines.push(line) });
  const close = openFifo(
    { fifoPath, group },
    () => {
      seen.hints += 1;
      told();
    },
    log,
  );
  t.after(close);
  return { seen, close, next: () => new Promise<void>((resolve) => (told = resolve)) };
}

test("the first hint passes at once, the others are spaced, and the last one is not lost", async () => {
  const clock = new ManualClock();
  let passed = 0;
  const hints = new Hints(clock, () => (passed += 1));
  for (let count = 0; count < 1_000; count += 1) hints.hint();
  assert.equal(passed, 1);
  await clock.pass(19);
  assert.equal(passed, 1);
  await clock.pass(1);
  assert.equal(passed, 2);
  await clock.pass(1_000);
  assert.equal(passed, 2);
  hints.hint();
  assert.equal(passed, 3);
});

test("one line of a shell after the other is a hint", async (t) => {
  const fifoPath = newPath(t);
  const { seen, next } = open(t, fifoPath);
  for (let line = 1; line <= 3; line += 1) {
    const heard = next();
    execFileSync("sh", ["-c", 'echo >"$0"', fifoPath], { timeout: 5_000 });
    await heard;
    assert.equal(seen.hints, line);
  }
});

test("everybody may write, or a group", (t) => {
  const fifoPath = newPath(t);
  const { close } = open(t, fifoPath);
  assert.equal(statSync(fifoPath).mode & 0o777, 0o622);
  close();
  assert.equal(existsSync(fifoPath), false);
  open(t, fifoPath, execFileSync("id", ["-gn"], { encoding: "utf8" }).trim());
  assert.equal(statSync(fifoPath).mode & 0o777, 0o620);
});

test("what an earlier agent left is replaced, and nothing else", (t) => {
  const fifoPath = newPath(t);
  execFileSync("mkfifo", [fifoPath]);
  const first = open(t, fifoPath);
  assert.deepEqual(first.seen.lines, []);
  first.close();
  writeFileSync(fifoPath, "precious");
  const second = open(t, fifoPath);
  assert.match(second.seen.lines.join(""), /no hints from .*notify/);
  second.close();
  assert.equal(statSync(fifoPath).size, 8);
});

test("a group that this host does not have costs the hints and nothing else", (t) => {
  const { seen } = open(t, newPath(t), "no-such-group");
  assert.match(seen.lines.join(""), /there is no group no-such-group/);
});
