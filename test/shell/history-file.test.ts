/** The history on real files, and on disks that do not want it. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import type { Report } from "../../src/core/types.js";
import { historyLine, parseHistory } from "../../src/history.js";
import { HistoryFile } from "../../src/shell/history-file.js";

const transition: Report = {
  kind: "transition",
  from: "standby",
  to: "holder",
  reason: "primary-writable",
  text: "Patroni says so",
  askedAtMs: 100,
  answeredAtMs: 102.5,
  decidedAtMs: 102.6,
};
const tookOver: Report = {
  kind: "tookOver",
  times: { startedAtMs: 103, addressAtMs: 103.1, announcedAtMs: 103.2, advertisedAtMs: 103.3 },
};
const alarm: Report = { kind: "alarm", reason: "conflict", text: "10.0.0.2 claims the VIP" };

function open(t: TestContext, limits = { bytes: 10_000, waiting: 100 }) {
  const directory = mkdtempSync(path.join(tmpdir(), "pgvip-history-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const state = path.join(directory, "state");
  return { state, file: path.join(state, "history.jsonl"), lines, history: new HistoryFile(state, log, limits) };
}

test("what happened can be read back, with the times of a take-over", async (t) => {
  const { history, file } = open(t);
  for (const report of [transition, tookOver, alarm, alarm]) history.note("10.0.0.100", report);
  await history.flushed();
  const entries = parseHistory(readFileSync(file, "utf8"));
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ["transition", "tookOver", "alarm"],
  );
  const texts = entries.map((entry) => historyLine(entry).replace(/^\S+Z {2}/, ""));
  assert.deepEqual(texts, [
    "10.0.0.100  standby -> holder: Patroni says so (primary-writable)",
    "10.0.0.100  took the VIP: detect 2.5 ms, decide 0.1 ms, address 0.5 ms, announce 0.1 ms, advert 0.1 ms",
    "10.0.0.100  ALARM 10.0.0.2 claims the VIP (conflict)",
  ]);
});

test("a take-over that follows no decision is none", async (t) => {
  const { history, file } = open(t);
  for (const report of [transition, tookOver, tookOver]) history.note("10.0.0.100", report);
  await history.flushed();
  assert.equal(parseHistory(readFileSync(file, "utf8")).length, 2);
});

test("the file stays bounded, keeps the newest entries, and never has half of one", async (t) => {
  const { history, file } = open(t, { bytes: 2_000, waiting: 100 });
  for (let number = 0; number < 100; number += 1) {
    history.note("10.0.0.100", { ...transition, text: `number ${String(number)}` });
    await history.flushed();
    assert.ok(statSync(file).size <= 2_000);
  }
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const entries = parseHistory(lines.join("\n"));
  assert.equal(entries.length, lines.length);
  assert.ok(entries.length >= 4);
  assert.match(historyLine(entries.at(-1)!), /number 99 /);
});

test("a line that was cut by a power failure is passed over", async (t) => {
  const { history, file } = open(t);
  history.note("10.0.0.100", transition);
  await history.flushed();
  appendFileSync(file, '{"at":"2026-01-01T00:00:00.000Z","gro');
  assert.equal(parseHistory(readFileSync(file, "utf8")).length, 1);
});

test("a disk that refuses is told once, and again after it worked", async (t) => {
  const { history, state, lines } = open(t);
  writeFileSync(state, "no directory");
  for (let round = 0; round < 3; round += 1) {
    history.note("10.0.0.100", transition);
    await history.flushed();
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /history is not written to .*history\.jsonl: E/);
  rmSync(state);
  history.note("10.0.0.100", transition);
  await history.flushed();
  rmSync(state, { recursive: true });
  writeFileSync(state, "no directory");
  history.note("10.0.0.100", transition);
  await history.flushed();
  assert.equal(lines.length, 2);
});

test("a full disk costs the entry and nothing else", async (t) => {
  const { history, state, file, lines } = open(t);
  mkdirSync(state);
  symlinkSync("/dev/full", file);
  history.note("10.0.0.100", transition);
  await history.flushed();
  assert.match(lines.join(""), /ENOSPC/);
});

test("entries that wait for a slow disk are bounded", async (t) => {
  const { history, file, lines } = open(t, { bytes: 100_000, waiting: 10 });
  for (let number = 0; number < 50; number += 1) history.note("10.0.0.100", transition);
  await history.flushed();
  const { length } = parseHistory(readFileSync(file, "utf8"));
  assert.ok(length >= 10 && length < 50, String(length));
  assert.match(lines.join(""), /entries wait for it/);
});
