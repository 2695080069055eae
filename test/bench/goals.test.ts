/** Each goal is met by good numbers, missed by bad ones, and left open when nothing was measured. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Goal, goals, goalsTable } from "../../bench/goals.js";
import type { Results } from "../../bench/results.js";
import { flips, goodResults, measured } from "./results.js";

const atRest = { cpuPercent: 0.6, rssMb: 48, restPerSecond: 10 };
const jitter = { everyMs: 10, n: 100, p50Ms: 0.1, maxMs: 9 };

/** Good numbers for everything that has a goal. */
function allMet(): Results {
  const results = goodResults();
  const others = ["stop-patroni", "switchover"].flatMap((name) => [
    measured("pgvip-lock", name, 1, { added: 0.5 }),
    measured("pgvip-control", name, 1, { added: 2, readOnly: 0 }),
  ]);
  return {
    ...results,
    // Nobody answers in it, and that is no goal missed.
    scenarios: [...results.scenarios, { name: "kill-leader", about: "" }],
    rounds: [...results.rounds, ...others, measured("pgvip", "kill-leader", 1, { lost: 2000 })],
    flips: [...results.flips, ...flips("pgvip-push", [1.5, 1.9, null])],
    jitters: [
      { system: "pgvip-10ms", busy: false, p99Ms: 99, ...jitter },
      { system: "pgvip-10ms", busy: true, p99Ms: 2, ...jitter },
      { system: "keepalived-best", busy: true, p99Ms: 3, ...jitter },
    ],
    costs: [{ system: "pgvip", holder: atRest, standby: atRest, patroniCpuPercent: 1, seconds: 60 }],
  };
}

/** The good results, with other values for pgvip in its first switchover. */
function withValues(values: Readonly<Record<string, number>>): Results {
  const results = allMet();
  const rounds = results.rounds.map((round) =>
    round.kind === "measured" && round.system === "pgvip" && round.scenario === "switchover"
      ? { ...round, values: { ...round.values, ...values } }
      : round,
  );
  return { ...results, rounds };
}

function missed(results: Results): string[] {
  return goals(results).flatMap(({ what, found, met }) => (found !== null && !met ? [what] : []));
}

function goal(results: Results, words: string): Goal {
  return goals(results).find(({ what }) => what.includes(words)) ?? assert.fail(words);
}

describe("goals", () => {
  test("are met by good numbers, and said so", () => {
    assert.deepEqual(missed(allMet()), []);
    assert.equal(goal(allMet(), "lost echo").found, "100.0 % of 4");
    assert.equal(goal(allMet(), "off by").found, "2.0 ms beside 3.0 ms");
    assert.ok(goalsTable(allMet()).rows.every((row) => row[3] === "met"));
  });

  for (const [values, words] of [
    [{ added: 13 }, ["switchover: added outage, median", "switchover: added outage, p95"]],
    [{ readOnly: 1 }, ["attempts refused as read-only in hand-overs, all rounds"]],
    [{ lost: 1 }, ["rounds without a lost echo, all scenarios but kill-leader"]],
    // The floor's is 4 ms.
    [{ connect: 23 }, []],
    [{ connect: 25 }, ["switchover: slowest connect(), p95, beyond the floor's"]],
  ] as const) {
    test(`are missed by ${JSON.stringify(values)}`, () => {
      assert.deepEqual(missed(withValues(values)), words);
    });
  }

  test("of flips, adverts and cost are missed one by one", () => {
    const results = allMet();
    const slow = { ...results, flips: [...flips("pgvip", [8, 9, 10]), ...flips("pgvip-push", [1, null, null])] };
    assert.equal(missed(slow).length, 2);
    assert.equal(goal(slow, "callback").found, "never");
    const [rest, own, theirs] = results.jitters;
    assert.ok(own !== undefined && rest !== undefined && theirs !== undefined);
    assert.equal(missed({ ...results, jitters: [rest, { ...own, p99Ms: 4 }, theirs] }).length, 1);
    const costs = results.costs.map((cost) => ({ ...cost, holder: { ...atRest, cpuPercent: 1.2, rssMb: 60 } }));
    assert.equal(missed({ ...results, costs }).length, 2);
  });

  test("of what was not measured are neither met nor missed", () => {
    const nothing = { ...allMet(), rounds: [], flips: [], jitters: [], costs: [] };
    for (const { what, found, met } of goals(nothing)) assert.ok(found === null && !met, what);
    assert.ok(goalsTable(nothing).rows.every((row) => row[3] === "not measured"));
    // Without keepalived there is nothing to compare adverts with.
    assert.equal(goal({ ...allMet(), jitters: allMet().jitters.slice(0, 2) }, "off by").found, null);
  });
});
