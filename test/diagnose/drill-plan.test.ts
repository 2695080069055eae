/** What a drill is refused for, and who is chosen to lead. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DrillWishes, planDrill } from "../../src/diagnose/drill-plan.js";
import type { Member } from "../../src/wire/patroni.js";

function member(name: string, change: Partial<Member> = {}): Member {
  const common = { host: "10.0.0.1", port: 5432, apiUrl: null, timeline: 1 };
  return { name, role: "replica", state: "streaming", lagBytes: 0, ...common, ...change };
}

const leader = member("pg1", { role: "leader", state: "running", lagBytes: null });
const wishes: DrillWishes = { candidate: null, maxLagBytes: 1000 };

function reasons(members: readonly Member[], paused = false, change: Partial<DrillWishes> = {}): string {
  const plan = planDrill(members, paused, { ...wishes, ...change });
  return plan.kind === "refused" ? plan.reasons.join("; ") : `${plan.leader.name} -> ${plan.candidate.name}`;
}

describe("a drill", () => {
  it("goes to the replica with the least lag, or to the one that is named", () => {
    const members = [leader, member("pg2", { lagBytes: 500 }), member("pg3", { role: "sync_standby", lagBytes: 20 })];
    assert.equal(reasons(members), "pg1 -> pg3");
    assert.equal(reasons(members, false, { candidate: "pg2" }), "pg1 -> pg2");
  });

  const refusals: readonly (readonly [string, RegExp, readonly Member[], boolean, { candidate?: string }])[] = [
    ["a paused cluster", /paused/, [leader, member("pg2")], true, {}],
    ["a cluster without a leader", /has 0 leaders/, [member("pg1"), member("pg2")], false, {}],
    [
      "a member that does not run",
      /pg3 is start failed, not running/,
      [leader, member("pg2"), member("pg3", { state: "start failed" })],
      false,
      {},
    ],
    [
      "too much lag",
      /pg2 is 1001 bytes behind, more than 1000 \(--candidate-lag\)/,
      [leader, member("pg2", { lagBytes: 1001 })],
      false,
      {},
    ],
    [
      "lag that is not known",
      /the lag of pg2 is not known/,
      [leader, member("pg2", { lagBytes: null })],
      false,
      { candidate: "pg2" },
    ],
    ["the leader as candidate", /pg1 is no replica/, [leader, member("pg2")], false, { candidate: "pg1" }],
    ["a cluster of one", /no replica could take over \(replicas: none\)/, [leader], false, {}],
  ];
  for (const [what, reason, members, paused, change] of refusals) {
    it(`is refused for ${what}`, () => {
      assert.match(reasons(members, paused, change), reason);
    });
  }
});
