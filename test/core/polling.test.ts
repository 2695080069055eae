/** How often Patroni is asked, by what is going on. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "node:test";
import { outlivedAtMs } from "../../src/core/deadlines.js";
import { initialState, nextDeadlineMs, step } from "../../src/core/group.js";
import type { Observation } from "../../src/core/observation.js";
import { isCalm, patienceOf, pollIntervalMs } from "../../src/core/polling.js";
import type { GroupState, Hold, Phase, View } from "../../src/core/types.js";
import type { Verdict } from "../../src/core/verdict.js";
import { defaultSettings, status } from "./transcript.js";

const { timing } = defaultSettings;

/** A standby that heard the last of the holder at 0. */
function orphaned(dcs: GroupState["dcs"]): GroupState {
  const state = initialState();
  return {
    ...state,
    phase: { kind: "standby", lockSinceMs: null, recovery: "unseen" },
    dcs,
    polling: { ...state.polling, disturbedAtMs: 0 },
  };
}

describe("the poll interval of a standby whose holder fell silent", () => {
  const dcs = { ttlMs: 20_000, loopWaitMs: 2_000, retryTimeoutMs: 3_000, failsafeMode: false };

  it("is short at first, and back to normal after some seconds", () => {
    assert.equal(pollIntervalMs(orphaned(dcs), timing, 1_000), timing.turboMs);
    assert.equal(pollIntervalMs(orphaned(dcs), timing, 12_000), timing.pollMs);
  });

  it("is short again when the lock of the dead leader may end", () => {
    for (const nowMs of [16_000, 20_000, 24_000])
      assert.equal(pollIntervalMs(orphaned(dcs), timing, nowMs), timing.turboMs, `at ${String(nowMs)} ms`);
    for (const nowMs of [15_900, 24_100])
      assert.equal(pollIntervalMs(orphaned(dcs), timing, nowMs), timing.pollMs, `at ${String(nowMs)} ms`);
  });

  it("stays normal when the cluster's ttl is not known", () => {
    assert.equal(pollIntervalMs(orphaned(null), timing, 20_000), timing.pollMs);
  });
});

describe("the age of an answer that a group is content with", () => {
  const asked = (state: GroupState, nowMs: number): number | undefined =>
    step(defaultSettings, state, { kind: "tick" }, nowMs).effects.find((effect) => effect.kind === "ask")?.notBeforeMs;
  const standby: GroupState = {
    ...initialState(),
    phase: { kind: "standby", lockSinceMs: null, recovery: "unseen" },
    polling: { ...initialState().polling, lastAskedAtMs: 0 },
  };

  it("is half an interval at rest", () => {
    assert.equal(asked(standby, timing.pollMs), timing.pollMs / 2);
    assert.equal(asked(standby, 10 * timing.pollMs), 9.5 * timing.pollMs);
  });

  it("is none where something has happened that the answer has to know of", () => {
    assert.equal(asked({ ...standby, polling: { ...standby.polling, urgentAtMs: 20 } }, 30), 20);
  });

  it("counts for the next question from when it was sent, not from when it was wanted", () => {
    const { effects, state } = step(defaultSettings, standby, { kind: "tick" }, timing.pollMs);
    const ask = effects.find((effect) => effect.kind === "ask");
    const observation = { kind: "unknown", reason: "timeout", detail: "", port: "refuses" } as const;
    const answer = {
      question: ask?.question ?? 0,
      sentAtMs: timing.pollMs - 30,
      answeredAtMs: timing.pollMs,
      observation,
    };
    const { polling } = step(defaultSettings, state, { kind: "patroniAnswered", ...answer }, timing.pollMs).state;
    assert.equal(polling.lastAskedAtMs, timing.pollMs - 30);
  });
});

const answered = { kind: "answered", hasRole: true, status: status("primary", "running"), dcsSeenAtMs: 0 } as const;

function viewOf(verdict: Verdict, observation: Observation = answered): View {
  return { verdict, sentAtMs: 0, answeredAtMs: 0, observation };
}

describe("a group is calm, and leaves its questions to the network,", () => {
  const hold: Hold = {
    ...{ sinceMs: 0, priority: 254, assertedAtMs: 0, renewAtMs: 250, leaseOverAtMs: 1_000 },
    ...{ addressAtMs: 0, restoreAtMs: null, claim: null },
  };
  const phases: readonly Phase[] = [
    { kind: "starting", untilMs: 3_000, adopted: true },
    { kind: "standby", lockSinceMs: null, recovery: "unseen" },
    { kind: "holder", hold },
    { kind: "lameDuck", hold, bounds: {} },
    { kind: "fault", fault: { kind: "link", text: "" }, retryAtMs: Infinity },
    { kind: "stopped" },
  ];
  const settled: readonly Verdict[] = [
    { kind: "writable" },
    { kind: "notLeader", postgres: "replica" },
    { kind: "notLeader", postgres: "down" },
    { kind: "notLeader", postgres: "writable" },
    { kind: "eligible", role: "replica" },
    { kind: "ineligible", role: "replica", state: "starting" },
  ];
  const unsettled: readonly Verdict[] = [
    { kind: "promoting" },
    { kind: "recovering", state: "starting" },
    { kind: "ending", state: "stopping" },
    { kind: "silent", reason: "timeout", detail: "", port: "accepts" },
  ];
  const polling = { ...initialState().polling, lastAskedAtMs: 0 };
  const rest = (phase: Phase, verdict: Verdict): GroupState => ({
    ...initialState(),
    ...{ phase, polling, view: viewOf(verdict) },
  });
  const restful = phases.filter(({ kind }) => kind === "standby" || kind === "holder");

  it("in a phase that may last, as long as Patroni's last word may", () => {
    for (const phase of phases) {
      const label = (verdict: Verdict): string => `${phase.kind}, ${verdict.kind}`;
      for (const verdict of settled)
        assert.equal(isCalm(rest(phase, verdict)), restful.includes(phase), label(verdict));
      for (const verdict of unsettled) assert.equal(isCalm(rest(phase, verdict)), false, label(verdict));
      assert.equal(isCalm({ ...rest(phase, { kind: "writable" }), view: null }), false, phase.kind);
    }
  });

  it("unless something is urgent", () => {
    for (const phase of restful) {
      const calm = rest(phase, { kind: "writable" });
      assert.equal(isCalm({ ...calm, polling: { ...polling, urgentAtMs: 5_000 } }), false, phase.kind);
    }
  });

  it("unless it is a standby that is disturbed", () => {
    for (const phase of restful) {
      const calm = rest(phase, { kind: "writable" });
      const disturbed = { ...calm, polling: { ...polling, disturbedAtMs: 0 } };
      assert.equal(isCalm(disturbed), phase.kind === "holder", phase.kind);
    }
  });

  it("so that one question is under way, and nobody wakes up for the next", () => {
    const standby = rest(restful[0]!, settled[1]!);
    const first = step(defaultSettings, standby, { kind: "tick" }, 10);
    const patient = first.effects.filter(({ kind }) => kind === "askPatiently");
    assert.equal(patient.length, 1);
    assert.equal(nextDeadlineMs(defaultSettings, first.state, 10), Infinity);
    const second = step(defaultSettings, first.state, { kind: "tick" }, 10_000);
    assert.deepEqual(second.effects, []);
  });
});

describe("the patience with Patroni", () => {
  const dcs = { ttlMs: 20_000, loopWaitMs: 2_000, retryTimeoutMs: 3_000, failsafeMode: false };
  const asking = (lastAskedAtMs: number, view: View | null = null): GroupState => {
    const state = initialState();
    return { ...state, view, dcs, polling: { ...state.polling, lastAskedAtMs } };
  };

  it("begins an interval after the last question, and at once when that is over", () => {
    assert.equal(patienceOf(asking(1_000), timing, 1_010).firstAtMs, 1_000 + timing.pollMs);
    assert.equal(patienceOf(asking(1_000), timing, 5_000).firstAtMs, 5_000);
    assert.equal(patienceOf(asking(-Infinity), timing, 5_000).firstAtMs, 5_000);
  });

  it("has the interval of rest, and lasts half a lease", () => {
    const { everyMs, untilMs } = patienceOf(asking(1_000), timing, 1_010);
    assert.deepEqual([everyMs, untilMs], [timing.pollMs, 1_010 + timing.leaseMs / 2]);
  });

  it("ends when the lock must be over, which changes what an old answer means", () => {
    const view = viewOf({ kind: "writable" });
    assert.equal(outlivedAtMs(answered, asking(0)), 18_000);
    assert.equal(patienceOf(asking(17_900, view), timing, 17_900).untilMs, 18_000);
    assert.equal(patienceOf(asking(17_000, view), timing, 17_000).untilMs, 17_500);
  });

  it("never lasts beyond that, nor longer than half a lease, whatever was said and when", () => {
    const instants = fc.integer({ min: 0, max: 60_000 });
    const observations = fc.record({ hasRole: fc.boolean(), dcsSeenAtMs: fc.option(instants) });
    fc.assert(
      fc.property(instants, instants, observations, (nowMs, lastAskedAtMs, said) => {
        const observation = { ...answered, ...said };
        const state = asking(lastAskedAtMs, viewOf({ kind: "writable" }, observation));
        const { firstAtMs, untilMs } = patienceOf(state, timing, nowMs);
        assert.ok(firstAtMs >= nowMs && firstAtMs >= lastAskedAtMs + timing.pollMs);
        assert.ok(untilMs <= nowMs + timing.leaseMs / 2 && untilMs <= outlivedAtMs(observation, state));
      }),
    );
  });
});
