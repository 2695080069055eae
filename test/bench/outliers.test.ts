/** Outliers are found by their own median, and told with what is known of them, also of runs that kept no logs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { outliersTable } from "../../bench/outliers.js";
import type { Lane, MeasuredRound, Results } from "../../bench/results.js";
import { goodResults, measured } from "./results.js";

function lane(name: string, ...spans: [fromMs: number, state: string][]): Lane {
  return {
    name,
    spans: spans.map(([fromMs, state], index) => ({ fromMs, toMs: spans[index + 1]?.[0] ?? 3000, state })),
    marks: [],
  };
}

const lanes = [
  lane("Patroni a", [0, "leader"], [1200, "silent"]),
  lane("Patroni b", [0, "replica"], [1290, "lock"], [1400, "leader"]),
  lane("PostgreSQL b", [0, "written"], [900, "refused"], [1410, "written"]),
  lane("VIP b", [1451, "held"]),
];

function withRounds(added: readonly number[], more: Partial<MeasuredRound> = {}): Results {
  const rounds = added.map((value, index) => measured("pgvip", "switchover", index + 1, { added: value }));
  return { ...goodResults(), rounds: rounds.map((round) => ({ ...round, ...more })) };
}

describe("outliers", () => {
  test("are more than twice the median, with instants after the fault and the agent's times", () => {
    const takeOver = { node: "b", atMs: 1452, detectMs: 38.1, decideMs: 0.06, addressMs: 1.1, announceMs: null };
    assert.deepEqual(outliersTable(withRounds([4, 5, 6, 7, 13], { lanes, takeOver })).rows, [
      ["pgvip, switchover, round 5", "13.0", "6.0", "1290", "1410", "1451", "38.10", "0.06", "1.10", "–"],
    ]);
  });

  test("of a run without logs are told without the agent's times", () => {
    assert.deepEqual(outliersTable(withRounds([4, 5, 13], { lanes })).rows, [
      ["pgvip, switchover, round 3", "13.0", "5.0", "1290", "1410", "1451", "–", "–", "–", "–"],
    ]);
  });

  test("are not what lies within the probe's own error, or near the median", () => {
    assert.deepEqual(outliersTable(withRounds([-1, 0, 1, 4.9])).rows, []);
    assert.deepEqual(outliersTable(withRounds([10, 10, 20])).rows, []);
    assert.equal(outliersTable(withRounds([-1, 0, 1, 5.1])).rows.length, 1);
  });
});
