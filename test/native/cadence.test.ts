/** When a holding wants something, played in virtual time: adverts on beats that holdings share, renewals with others. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "../../lab/command.js";
import { compile } from "../../lab/compile.js";

const directory = mkdtempSync(join(tmpdir(), "pgvip-cadence-"));
const program = join(directory, "holding");
const root = fileURLToPath(new URL("../..", import.meta.url));

before(async () => {
  const sources = ["native/address.cc", "test/native/holding_program.cc"].map((file) => join(root, file));
  await compile(program, sources, ["-O1"]);
});

after(() => {
  rmSync(directory, { recursive: true });
});

interface Play {
  readonly intervalMs: number;
  readonly kernelLeaseSeconds?: number;
  readonly takenOverAtMs: number;
  readonly atMs: readonly number[];
}

/** What is done at each instant: `a` an advert, `r` a renewal, `-` nothing. */
async function play({ intervalMs, kernelLeaseSeconds = 0, takenOverAtMs, atMs }: Play): Promise<string> {
  const numbers = [intervalMs, kernelLeaseSeconds, takenOverAtMs, ...atMs];
  return (await command(program, [], { input: `${numbers.join(" ")}\n` })).trim();
}

test("holdings that were taken over one after the other advertise together", async () => {
  for (const takenOverAtMs of [1_000, 1_000.3, 1_002, 1_004.9]) {
    const atMs = [1_099.9, 1_100, 1_199.9, 1_200, 1_299.9, 1_300];
    assert.equal(await play({ intervalMs: 100, takenOverAtMs, atMs }), "- a - a - a", String(takenOverAtMs));
  }
});

test("no advert comes later than its interval, and the first no more than a twentieth of it earlier", async () => {
  for (const intervalMs of [10, 100, 250, 1_000, 40_950]) {
    const takenOverAtMs = 123_456.789;
    const onTimeMs = takenOverAtMs + intervalMs;
    const atMs = [onTimeMs - intervalMs / 20 - 0.001, onTimeMs];
    assert.equal(await play({ intervalMs, takenOverAtMs, atMs }), "- a", String(intervalMs));
  }
});

test("after a stall adverts are skipped, and the next one is on the beat again", async () => {
  const atMs = [1_100, 1_777, 1_778, 1_799.9, 1_800, 1_900];
  assert.equal(await play({ intervalMs: 100, takenOverAtMs: 1_001, atMs }), "a a - - a a");
});

test("the kernel's lease is renewed four times in it, a moment early where the thread is awake", async () => {
  const atMs = [1_489, 1_490, 1_979, 1_989, 1_990, 2_500];
  const interval = { intervalMs: 10_000, kernelLeaseSeconds: 2, takenOverAtMs: 1_000 };
  assert.equal(await play({ ...interval, atMs }), "- r - r - r");
});

test("without a lease of the kernel there is nothing to renew", async () => {
  assert.equal(await play({ intervalMs: 10_000, takenOverAtMs: 1_000, atMs: [2_000, 6_000] }), "- -");
});
