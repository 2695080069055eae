/** How often Patroni is asked, by what is going on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialState, step } from "../../src/core/group.js";
import { pollIntervalMs } from "../../src/core/polling.js";
import type { GroupState } from "../../src/core/types.js";
import { defaultSettings } from "./transcript.js";

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
