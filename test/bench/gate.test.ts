/** The regression gate holds for good numbers, and each of its bounds can be left. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge } from "../../bench/gate.js";
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

  test("is left twice by a silence that is long beside the floor's and beside keepalived's", () => {
    assert.equal(left(withPgvip("stop-patroni", { silence: 67 })).length, 1);
    assert.equal(left(withPgvip("stop-patroni", { silence: 2500 })).length, 2);
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
    assert.equal(nothing.length, 11);
  });
});
