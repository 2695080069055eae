/** The regression gate holds for good numbers, and each of its bounds can be left. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge, lengthWarning } from "../../bench/gate.js";
import type { Results } from "../../bench/results.js";
import { flips, goodResults } from "./results.js";

function left(results: Results): string[] {
  return judge(results)
    .filter(({ held }) => !held)
    .map(({ what }) => what.split(":")[0] ?? "");
}

/** The good results with other values for pgvip in one scenario. */
function withPgvip(scenario: string, values: Readonly<Record<string, number>>): Results {
  const results = goodResults();
  const rounds = results.rounds.map((round) =>
    round.kind === "measured" && round.system === "pgvip" && round.scenario === scenario
      ? { ...round, values: { ...round.values, ...values } }
      : round,
  );
  return { ...results, rounds };
}

describe("the gate", () => {
  test("holds for good numbers", () => {
    assert.deepEqual(left(goodResults()), []);
  });

  for (const [measure, value] of [
    ["added", 44],
    ["connect", 120],
    ["readOnly", 1],
  ] as const) {
    test(`is left when ${measure} is ${value}`, () => {
      const found = left(withPgvip("switchover", { [measure]: value }));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^switchover/);
    });
  }

  test("is left again by a silence that is long beside keepalived's as well as the floor's", () => {
    assert.equal(left(withPgvip("stop-patroni", { silence: 67 })).length, 1);
    // With the added outage it is more than half of keepalived's, but alone it is not more than all of it.
    assert.equal(left(withPgvip("stop-patroni", { silence: 1500 })).length, 2);
    assert.equal(left(withPgvip("stop-patroni", { silence: 2500 })).length, 3);
  });

  test("is left by an added outage that takes back what the missing silence gained", () => {
    assert.deepEqual(left(withPgvip("switchover", { added: 990 })), ["switchover, added outage"]);
    assert.deepEqual(left(withPgvip("switchover", { added: 1010 })), [
      "switchover, added outage",
      "switchover, added outage and longest silence",
    ]);
  });

  test("warns of a long run, which no machine has to be fast enough to avoid", () => {
    assert.equal(lengthWarning(239.9), null);
    assert.match(lengthWarning(301) ?? "", /took 301 s, and should take at most 240 s/);
  });

  test("is left by slow flips and by flips that never ended", () => {
    const others = goodResults().flips.filter(({ system }) => system !== "pgvip");
    assert.deepEqual(left({ ...goodResults(), flips: [...others, ...flips("pgvip", [50, 50, 50])] }), ["flip, median"]);
    assert.deepEqual(left({ ...goodResults(), flips: [...others, ...flips("pgvip", [5, null, null])] }), [
      "flip, median",
    ]);
  });

  test("is left by a round that failed, and by what was not measured", () => {
    const failed = { kind: "failed", system: "pgvip", scenario: "switchover", round: 1, reason: "no leader" } as const;
    const results = goodResults();
    assert.deepEqual(left({ ...results, rounds: [...results.rounds, failed] }), ["rounds of pgvip that failed"]);
    const nothing = left({ ...results, rounds: [], flips: [] });
    assert.equal(nothing.length, 13);
  });
});
