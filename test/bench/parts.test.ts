/** Results of several runs are one benchmark when each has measured something else, on one machine. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joined } from "../../bench/parts.js";
import type { Results } from "../../bench/results.js";
import { goodResults, measured } from "./results.js";

const crashes: Results = {
  ...goodResults(),
  startedAt: "2026-01-02T00:00:00.000Z",
  command: "npm run bench -- --scenarios kill-leader --flips 0",
  systems: [
    { name: "pgvip", about: "the same" },
    { name: "vip-manager-patroni", about: "another" },
  ],
  scenarios: [{ name: "kill-leader", about: "" }],
  rounds: [
    measured("pgvip", "kill-leader", 1, { answers: 30 }),
    // A turn that does not even begin has no scenario.
    { kind: "failed", system: "pgvip", scenario: "start", round: 2, reason: "no leader" },
  ],
  flips: [],
};

describe("the results of two runs", () => {
  test("are what both have measured, in the order given", () => {
    const both = joined([goodResults(), crashes]);
    assert.deepEqual(
      both.scenarios.map(({ name }) => name),
      ["stop-patroni", "switchover", "kill-leader"],
    );
    assert.deepEqual(
      both.systems.map(({ name }) => name),
      ["none", "pgvip", "keepalived-best", "vip-manager-patroni"],
    );
    assert.equal(both.rounds.length, goodResults().rounds.length + 2);
    assert.equal(both.flips.length, goodResults().flips.length);
    assert.match(both.command, /^npm run bench`, and 2026-01-02T\S+ with `npm run bench -- --scenarios kill-leader/);
  });

  test("are not mixed where both have measured the same", () => {
    assert.throws(() => joined([goodResults(), goodResults()]), /two runs have stop-patroni, and their numbers/);
    assert.throws(() => joined([goodResults(), { ...goodResults(), rounds: [] }]), /two runs have flips/);
  });

  test("are of one machine", () => {
    const elsewhere = { ...crashes, machine: { node: "v22" } };
    assert.throws(() => joined([goodResults(), elsewhere]), /two machines: node is "v20" and "v22"/);
  });
});
